package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Faults says what goes wrong, and how often. Rates go from 0 (never) to 1
// (always); at most one of them strikes a request, so they should not add up to
// more than 1. Faults strike the requests that create an envelope or send a bulk
// list and no others, unless Everywhere is set. Equal seeds and equal orders of
// requests have equal faults.
type Faults struct {
	Seed       uint64
	Everywhere bool // every OAuth and REST request is struck, not only creation and bulk sending

	Latency time.Duration // passes before each answer, after the work is done
	Jitter  time.Duration // up to this much is added to Latency

	// Before anything was created:
	Refuse     float64 // connection refused; on a listener it is closed unread, which clients cannot tell from DropBefore
	DropBefore float64 // the connection is dropped without an answer
	Expire     float64 // the access token has expired just now
	Limit      float64 // the hourly limit is said to be exceeded
	Burst      float64 // the burst limit is said to be exceeded
	Error500   float64 // HTML 500
	Error503   float64 // HTML 503

	// After the envelope was created:
	Error502After float64 // HTML 502
	DropAfter     float64 // the connection is dropped without an answer
	Truncate      float64 // the answer's body breaks off halfway
	Hang          float64 // no answer comes before the client gives up
	BadID         float64 // the answer names an envelope ID that is none

	// A proxy that mixes answers up gives that to an earlier call of the same kind
	// (envelopes, bulk_send_lists, send), once there was one:
	ReplayBefore float64 // and does not pass the call on
	ReplayAfter  float64 // although the call was passed on

	// DraftDeleted is how often somebody deletes a draft in DocuSign just after it
	// was created. It does not count into the sum of rates.
	DraftDeleted float64

	// KillAfter calls OnKill once, when that many envelopes were created or
	// queued by a bulk send, and before the request that made the number full is
	// answered, and drops the connection. 0 = never.
	KillAfter int
	OnKill    func() // nil = only the connection is dropped

	// AllowanceAfter answers ENVELOPE_ALLOWANCE_EXCEEDED once that many
	// envelopes were sent, whatever the account promised. 0 = never.
	AllowanceAfter int

	// BulkCopy is how often a single copy of a bulk send fails, from 0 to 1. The
	// dice fall when the list is sent, the failure shows when the copy's turn
	// comes. BulkStore is how often sending a list is refused, and nothing
	// queued, because it could not be stored: BULK_SEND_BLOB_STORE_ERROR, which
	// may be tried again. Neither counts into the sum of rates.
	BulkCopy, BulkStore float64
}

// fault is what strikes one request.
type fault string

// The names are those of ParseFaults, and of LogEntry.Fault.
const (
	faultNone     fault = ""
	faultRefuse   fault = "refuse"
	faultDrop     fault = "drop-before"
	faultExpire   fault = "expire"
	faultLimit    fault = "limit"
	faultBurst    fault = "burst"
	fault500      fault = "500"
	fault503      fault = "503"
	fault502After fault = "502-after"
	faultLost     fault = "drop-after"
	faultTruncate fault = "truncate"
	faultHang     fault = "hang"
	faultBadID    fault = "bad-id"
	faultReplay   fault = "replay-before"
	faultMixedUp  fault = "replay-after"
	faultKill     fault = "kill-after"
	faultGone     fault = "client-gone" // no fault of ours: the client did not wait
)

// rates pairs the faults that come by chance with their fields, in the order in
// which a roll of the dice is shared among them.
var rates = []struct {
	name fault
	of   func(*Faults) *float64
}{
	{faultRefuse, func(f *Faults) *float64 { return &f.Refuse }},
	{faultDrop, func(f *Faults) *float64 { return &f.DropBefore }},
	{faultExpire, func(f *Faults) *float64 { return &f.Expire }},
	{faultLimit, func(f *Faults) *float64 { return &f.Limit }},
	{faultBurst, func(f *Faults) *float64 { return &f.Burst }},
	{fault500, func(f *Faults) *float64 { return &f.Error500 }},
	{fault503, func(f *Faults) *float64 { return &f.Error503 }},
	{fault502After, func(f *Faults) *float64 { return &f.Error502After }},
	{faultLost, func(f *Faults) *float64 { return &f.DropAfter }},
	{faultTruncate, func(f *Faults) *float64 { return &f.Truncate }},
	{faultHang, func(f *Faults) *float64 { return &f.Hang }},
	{faultBadID, func(f *Faults) *float64 { return &f.BadID }},
	{faultReplay, func(f *Faults) *float64 { return &f.ReplayBefore }},
	{faultMixedUp, func(f *Faults) *float64 { return &f.ReplayAfter }},
}

// numbers are the other settings that ParseFaults knows.
var numbers = []struct {
	name string
	get  func(*Faults) string // "" = not set
	set  func(*Faults, string) error
}{
	{"slow", func(f *Faults) string { return show(f.Latency) }, func(f *Faults, v string) (err error) {
		f.Latency, err = parseDelay(v)
		return err
	}},
	{"jitter", func(f *Faults) string { return show(f.Jitter) }, func(f *Faults, v string) (err error) {
		f.Jitter, err = parseDelay(v)
		return err
	}},
	{"kill-after", func(f *Faults) string { return show(f.KillAfter) }, func(f *Faults, v string) (err error) {
		f.KillAfter, err = parseCount(v)
		return err
	}},
	{"allowance", func(f *Faults) string { return show(f.AllowanceAfter) }, func(f *Faults, v string) (err error) {
		f.AllowanceAfter, err = parseCount(v)
		return err
	}},
	{"seed", func(f *Faults) string { return show(f.Seed) }, func(f *Faults, v string) (err error) {
		if f.Seed, err = strconv.ParseUint(v, 10, 64); err != nil {
			err = errors.New("give a whole number")
		}
		return err
	}},
	{"everywhere", func(f *Faults) string {
		if f.Everywhere {
			return "true"
		}
		return ""
	}, func(f *Faults, v string) (err error) {
		if f.Everywhere, err = strconv.ParseBool(cmp.Or(v, "true")); err != nil {
			err = errors.New("give true or false")
		}
		return err
	}},
	{"bulk-copy", func(f *Faults) string { return show(f.BulkCopy) }, func(f *Faults, v string) (err error) {
		f.BulkCopy, err = parseRate(v)
		return err
	}},
	{"draft-deleted", func(f *Faults) string { return show(f.DraftDeleted) }, func(f *Faults, v string) (err error) {
		f.DraftDeleted, err = parseRate(v)
		return err
	}},
	{"bulk-store", func(f *Faults) string { return show(f.BulkStore) }, func(f *Faults, v string) (err error) {
		f.BulkStore, err = parseRate(v)
		return err
	}},
}

// show writes a value, or nothing for the zero value.
func show[T comparable](v T) string {
	var zero T
	if v == zero {
		return ""
	}
	return fmt.Sprint(v)
}

func parseDelay(v string) (time.Duration, error) {
	d, err := time.ParseDuration(v)
	if err != nil || d < 0 {
		return 0, errors.New("give a length of time such as 50ms or 2s, not a negative one")
	}
	return d, nil
}

func parseCount(v string) (int, error) {
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 {
		return 0, errors.New("give a whole number such as 10, not a negative one")
	}
	return n, nil
}

func parseRate(v string) (float64, error) {
	rate, err := strconv.ParseFloat(v, 64)
	if err != nil || !(rate >= 0 && rate <= 1) {
		return 0, fmt.Errorf("give a rate from 0 to 1")
	}
	return rate, nil
}

// ParseFaults reads a list such as "drop-after=0.2,503=0.1,slow=50ms,seed=7".
// The empty string means no faults.
func ParseFaults(s string) (Faults, error) {
	var f Faults
	for _, item := range commaList(s) {
		name, value, _ := strings.Cut(item, "=")
		if err := f.set(strings.TrimSpace(name), strings.TrimSpace(value)); err != nil {
			return Faults{}, err
		}
	}
	sum := 0.0
	for _, rate := range rates {
		sum += *rate.of(&f)
	}
	if sum > 1 {
		return Faults{}, fmt.Errorf("the rates of %q add up to %.3g: at most one fault strikes a request, so keep the sum at or below 1", s, sum)
	}
	return f, nil
}

func (f *Faults) set(name, value string) error {
	for _, rate := range rates {
		if string(rate.name) == name {
			v, err := parseRate(value)
			if err != nil {
				return fmt.Errorf("fault %s=%q: %w, such as %[1]s=0.1", name, value, err)
			}
			*rate.of(f) = v
			return nil
		}
	}
	for _, number := range numbers {
		if number.name == name {
			if err := number.set(f, value); err != nil {
				return fmt.Errorf("fault %s=%q: %v", name, value, err)
			}
			return nil
		}
	}
	return fmt.Errorf("unknown fault %q: known are %s", name, strings.Join(faultNames(), ", "))
}

func faultNames() []string {
	var names []string
	for _, rate := range rates {
		names = append(names, string(rate.name))
	}
	for _, number := range numbers {
		names = append(names, number.name)
	}
	return names
}

// String writes f as ParseFaults reads it.
func (f Faults) String() string {
	var items []string
	for _, rate := range rates {
		if v := *rate.of(&f); v != 0 {
			items = append(items, fmt.Sprintf("%s=%v", rate.name, v))
		}
	}
	for _, number := range numbers {
		if v := number.get(&f); v != "" {
			items = append(items, number.name+"="+v)
		}
	}
	return strings.Join(items, ",")
}

// dice are rolled once for each request that faults may strike.
type dice struct {
	mu      sync.Mutex
	seed    uint64
	rolls   *rand.Rand
	created int // envelopes made or queued, for KillAfter
}

// strike is what happens to one request besides the answer it deserves.
type strike struct {
	fault fault
	delay time.Duration
}

// SetFaults replaces the faults while the server is serving.
func (s *Server) SetFaults(f Faults) {
	s.faultsMu.Lock()
	defer s.faultsMu.Unlock()
	s.Faults = f
}

func (s *Server) faults() Faults {
	s.faultsMu.RLock()
	defer s.faultsMu.RUnlock()
	return s.Faults
}

// strikes decides what goes wrong with a request, before it is looked at.
func (s *Server) strikes(r *http.Request) strike {
	f := s.faults()
	if !f.Everywhere && !isCreate(r) || !isDocuSign(r) {
		return strike{}
	}
	d := &s.dice
	d.mu.Lock()
	defer d.mu.Unlock()
	d.take(f.Seed)
	out := strike{delay: f.Latency}
	if f.Jitter > 0 {
		out.delay += time.Duration(d.rolls.Int64N(int64(f.Jitter) + 1))
	}
	roll := d.rolls.Float64()
	for _, rate := range rates {
		if roll -= *rate.of(&f); roll < 0 {
			out.fault = rate.name
			return out
		}
	}
	return out
}

// take gets the dice of a seed ready.
func (d *dice) take(seed uint64) {
	if d.rolls == nil || d.seed != seed {
		d.seed, d.rolls = seed, rand.New(rand.NewPCG(seed, 0))
	}
}

// falls rolls the dice for something that happens within a request. What never
// happens is not rolled for, so that the dice fall as before for the rest.
func (s *Server) falls(rate float64) bool {
	if rate <= 0 {
		return false
	}
	d := &s.dice
	d.mu.Lock()
	defer d.mu.Unlock()
	d.take(s.faults().Seed)
	return d.rolls.Float64() < rate
}

// kills counts n created envelopes and tells whether the fatal one was among
// them.
func (s *Server) kills(n int) bool {
	d, fatal := &s.dice, s.faults().KillAfter
	d.mu.Lock()
	defer d.mu.Unlock()
	before := d.created
	d.created += n
	return before < fatal && fatal <= d.created
}

// isCreate tells whether a request is to create an envelope, or many by sending
// a bulk list.
func isCreate(r *http.Request) bool {
	if r.Method != http.MethodPost || !isREST(r) {
		return false
	}
	path := r.URL.Path
	return strings.HasSuffix(path, "/envelopes") || strings.HasSuffix(path, "/send") && strings.Contains(path, bulkListsPath+"/")
}

func isREST(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/restapi/") }

// isDocuSign tells whether a request is for what the Server imitates, rather
// than for a page of its own.
func isDocuSign(r *http.Request) bool {
	return isREST(r) || strings.HasPrefix(r.URL.Path, "/oauth/")
}

// LosePower kills the process as if it lost its power: nothing is tidied up. It is meant
// for [Faults].OnKill.
func LosePower() {
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
		select {} // until it has happened
	}
}
