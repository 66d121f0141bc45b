package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// wire carries the calls of one run of the program to the sandbox and the
// answers back, and does to them what the story says.
type wire struct {
	w       *world
	visit   *visit
	mishaps []mishap
	signal  context.CancelFunc // Ctrl-C
	supply  *supply

	mu      sync.Mutex
	calls   []wireCall
	seen    map[string]int // calls of a kind so far, see [callKind]
	created []byte         // the last answer to a create that the program has got
}

// supply is the power of one desk. When it has failed nothing goes through any
// more.
type supply struct {
	off    atomic.Bool
	failed func() // called once, when nobody is writing
}

// fail stops the programs at the desk as they stand: of the disk counts what is
// on it now.
func (s *supply) fail() {
	if s.off.CompareAndSwap(false, true) {
		time.Sleep(time.Nanosecond) // until everybody waits
		s.failed()
	}
}

// wireCall is one call as the network saw it.
type wireCall struct {
	begun, ended time.Time
	kind         string
	creates      bool
	status       int  // 0: no answer
	pause        bool // the answer asked for one
}

// errNoPower is how calls end when there is no power.
var errNoPower = &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ENETUNREACH}

// errReset is how a call ends whose answer is lost.
var errReset = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}

// RoundTrip implements [http.RoundTripper].
func (x *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	body := []byte(nil)
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
		req.Body.Close()
	}
	kind := callKind(req, body)
	if x.supply.off.Load() {
		return nil, errNoPower
	}
	n, times := x.begin(kind, isCreate(req))
	resp, err := x.carry(req, body, n, times, kind)
	x.end(n, resp, err)
	return resp, err
}

// begin notes a call and returns which one it is, in all and of its kind.
func (x *wire) begin(kind string, creates bool) (n, times int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.seen[kind]++
	x.calls = append(x.calls, wireCall{begun: time.Now(), kind: kind, creates: creates})
	return len(x.calls), x.seen[kind]
}

func (x *wire) end(n int, resp *http.Response, err error) {
	x.mu.Lock()
	x.calls[n-1].ended = time.Now()
	if err == nil {
		x.calls[n-1].status, x.calls[n-1].pause = resp.StatusCode, resp.Header.Get("Retry-After") != ""
	}
	x.mu.Unlock()
	x.w.mu.Lock()
	x.w.lastCall = time.Now()
	x.w.mu.Unlock()
}

// carry takes a call there and its answer back.
func (x *wire) carry(req *http.Request, body []byte, n, times int, kind string) (*http.Response, error) {
	ctx, way := req.Context(), x.w.story.Account.Answer/2
	if err := x.at(n, false); err != nil {
		return nil, err
	}
	if !passes(ctx, way) {
		return nil, context.Cause(ctx)
	}
	for i := range x.mishaps {
		m := &x.mishaps[i]
		if m.strike == nil || !m.hits(kind, times) {
			continue
		}
		resp, err := m.strike(x, req, body)
		if resp != nil || err != nil {
			passes(ctx, way)
			return resp, err
		}
	}
	resp := x.serve(req, body)
	if err := x.at(n, true); err != nil {
		return nil, err
	}
	if !passes(ctx, way) {
		return nil, context.Cause(ctx)
	}
	if x.supply.off.Load() {
		return nil, errReset
	}
	if isCreate(req) && resp.StatusCode/100 == 2 {
		x.mu.Lock()
		x.created = bodyOf(resp)
		x.mu.Unlock()
	}
	return resp, nil
}

// at lets happen what is to happen at the nth call, before or after DocuSign has
// seen it.
func (x *wire) at(n int, after bool) error {
	for _, m := range x.mishaps {
		if m.call == n && m.after == after && m.happen != nil {
			m.happen(x)
		}
	}
	if x.supply.off.Load() {
		if after {
			return errReset
		}
		return errNoPower
	}
	return nil
}

// serve has the sandbox answer a call, whoever waits for it.
func (x *wire) serve(req *http.Request, body []byte) *http.Response {
	x.w.doors.RLock()
	defer x.w.doors.RUnlock()
	in := req.Clone(context.WithoutCancel(req.Context()))
	in.Body, in.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	resp, err := x.w.server.Transport().RoundTrip(in)
	if err != nil {
		panic(err) // it has no faults of its own
	}
	x.learn(req, body, resp.StatusCode, bodyOf(resp))
	return resp
}

// bodyOf reads an answer's body, which can be read again.
func bodyOf(resp *http.Response) []byte {
	all, _ := io.ReadAll(resp.Body)
	resp.Body = io.NopCloser(bytes.NewReader(all))
	return all
}

// learn keeps of a call and its answer what must not be shown, may be played
// again, or tells whose something is.
func (x *wire) learn(req *http.Request, body []byte, status int, answer []byte) {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch path := req.URL.Path; {
	case status/100 != 2:
		return
	case req.Method == http.MethodGet && strings.HasSuffix(path, "/templates/"+x.visit.template):
		x.visit.readings = append(x.visit.readings, reading{time.Now(), x.w.edition})
	case req.Method == http.MethodPost && strings.HasSuffix(path, "/bulk_send_lists"):
		x.w.mu.Lock()
		x.w.lists = append(x.w.lists, bulkList{x.visit, string(body)})
		x.w.mu.Unlock()
	}
	var made struct {
		ID string `json:"envelopeId"`
	}
	if isCreate(req) && json.Unmarshal(answer, &made) == nil && made.ID != "" {
		x.w.mu.Lock()
		x.w.makers[made.ID] = x.visit
		x.w.mu.Unlock()
	}
	var token struct {
		Access string `json:"access_token"`
	}
	if strings.HasSuffix(req.URL.Path, "/oauth/token") && json.Unmarshal(answer, &token) == nil && token.Access != "" {
		x.w.secret(token.Access)
	}
}

// passes waits for d unless ctx ends before.
func passes(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

var (
	anyID      = regexp.MustCompile(`[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}`)
	anyAddress = regexp.MustCompile(`[a-z0-9.]+@[a-z]+\.example`)
)

// callKind tells calls apart in the same way however they follow each other: by
// method, path, and the first person in them.
func callKind(req *http.Request, body []byte) string {
	path := anyID.ReplaceAllString(req.URL.Path, "*")
	return req.Method + " " + path + " " + string(anyAddress.Find(bytes.ToLower(body)))
}

// isCreate reports whether a call makes an envelope, or many.
func isCreate(req *http.Request) bool {
	return req.Method == http.MethodPost && (strings.HasSuffix(req.URL.Path, "/envelopes") || strings.HasSuffix(req.URL.Path, "/send"))
}

// mishap is something that goes wrong during one run.
type mishap struct {
	words string

	// Of those that happen once:
	call   int           // at which call; 0: at none
	after  bool          // DocuSign has seen it
	moment time.Duration // after the beginning of the run; 0: at a call
	happen func(*wire)

	// Of those that strike many calls:
	percent    int
	seed       int
	everywhere bool // not only calls that send
	// strike answers in DocuSign's place; nothing: the call is carried on.
	strike func(x *wire, req *http.Request, body []byte) (*http.Response, error)
}

// hits throws the dice for a call: the same for the same story.
func (m *mishap) hits(kind string, times int) bool {
	sends := strings.HasPrefix(kind, "POST") && (strings.Contains(kind, "/envelopes ") || strings.Contains(kind, "/send ")) || strings.HasPrefix(kind, "PUT") && strings.Contains(kind, "/envelopes/")
	if !m.everywhere && !sends {
		return false
	}
	h := fnv.New32a()
	fmt.Fprintf(h, "%d %s %d %s", m.seed, kind, times, m.words)
	return int(h.Sum32()%100) < m.percent
}
