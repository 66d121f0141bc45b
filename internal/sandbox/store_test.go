package sandbox_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"batchsend/internal/sandbox"
)

func mode(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func TestStoreSurvives(t *testing.T) {
	dir := t.TempDir()
	s := &sandbox.Server{Store: dir}
	c := newClient(t, s)
	ids := numbered(c, 3)
	c.do("PUT", "/envelopes/"+ids[1], `{"status":"voided","voidedReason":"x"}`)
	want := s.Envelopes()
	// No Close: the process was killed, in the middle of a line.
	file := filepath.Join(dir, "envelopes.jsonl")
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString(`{"id":"44444444-`)
	f.Close()

	s = &sandbox.Server{Store: dir, Allowance: 4}
	c = newClient(t, s)
	if diff := cmp.Diff(want, s.Envelopes()); diff != "" {
		t.Errorf("after a restart: %s", diff)
	}
	for _, q := range []string{"transaction_ids=t-3", "from_date=2000-01-01&custom_field=row%3Dr+3"} {
		if diff := cmp.Diff(ids[2:], found(c.do("GET", "/envelopes?"+q, ""))); diff != "" {
			t.Errorf("%s: %s", q, diff)
		}
	}
	c.create(offer)
	if got := c.do("POST", "/envelopes", offer); got.code() != "ENVELOPE_ALLOWANCE_EXCEEDED" {
		t.Errorf("the allowance counts earlier envelopes: %s", got.body)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	s = &sandbox.Server{Store: dir}
	if err := s.Open(); err != nil || len(s.Envelopes()) != 4 {
		t.Errorf("third start: %v, %d envelopes", err, len(s.Envelopes()))
	}
	if got := mode(t, file); got != 0o600 {
		t.Errorf("envelopes.jsonl has mode %o", got)
	}
}

func TestStoreRefusesWhatItCannotRead(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "envelopes.jsonl"), []byte("{}\nnonsense\n"), 0o600)
	err := (&sandbox.Server{Store: dir}).Open()
	if err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("Open: %v", err)
	}
	c := &client{t: t}
	c.http.Transport = (&sandbox.Server{Store: dir}).Transport()
	if got := c.do("GET", "", ""); got.status != 500 || !strings.Contains(got.body, "line 2") {
		t.Errorf("a request: %d %s", got.status, got.body)
	}
}

// Whatever was done, a restart shows the same.
func TestStoreLaw(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		s := &sandbox.Server{Store: dir}
		c := newClient(t, s)
		var drafts []string
		for i, what := range rapid.SliceOfN(rapid.SampledFrom([]string{"draft", "sent", "send", "void", "restart"}), 1, 12).Draw(rt, "steps") {
			switch what {
			case "draft":
				drafts = append(drafts, c.create(strings.Replace(offer, `"sent"`, `"created"`, 1)))
			case "sent":
				c.create(with(offer, fmt.Sprintf(`"transactionId":"t-%d"`, i)))
			case "send", "void":
				for _, id := range drafts {
					c.do("PUT", "/envelopes/"+id, map[string]string{"send": `{"status":"sent"}`, "void": `{"status":"voided","voidedReason":"x"}`}[what])
				}
			case "restart":
				want := s.Envelopes()
				s.Close()
				s = &sandbox.Server{Store: dir}
				c = newClient(t, s)
				if diff := cmp.Diff(want, s.Envelopes()); diff != "" {
					rt.Fatal(diff)
				}
			}
		}
		s.Close()
	})
}

func TestRequestsLog(t *testing.T) {
	dir := t.TempDir()
	s := &sandbox.Server{Store: dir, Faults: sandbox.Faults{DropAfter: 1}}
	c := newClient(t, s)
	c.do("GET", "/templates?count=1", "")
	c.do("GET", root+"/", "") // our own page: not DocuSign's
	if _, err := c.send(t.Context(), "POST", "/envelopes", offer); err == nil {
		t.Fatal("the answer was to be lost")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "requests.log"))
	if err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z POST /oauth/token 200
\S+ GET /restapi/v2.1/accounts/[-0-9a-f]+/templates\?count=1 200
\S+ POST /restapi/v2.1/accounts/[-0-9a-f]+/envelopes 0 drop-after
$`)
	if !want.Match(raw) {
		t.Errorf("requests.log:\n%s", raw)
	}
	log := s.Log()
	if len(log) != 3 || log[2].Method != "POST" || log[2].Status != 0 || log[2].Fault != "drop-after" || log[1].Query != "count=1" {
		t.Errorf("Log() = %+v", log)
	}
	if got := mode(t, filepath.Join(dir, "requests.log")); got != 0o600 {
		t.Errorf("requests.log has mode %o", got)
	}
}

func TestOnRequest(t *testing.T) {
	var seen []sandbox.Exchange
	s := &sandbox.Server{OnRequest: func(x sandbox.Exchange) { seen = append(seen, x) }}
	c := newClient(t, s)
	c.create(offer)
	if len(seen) != 2 {
		t.Fatalf("%d exchanges", len(seen))
	}
	x := seen[1]
	if x.Method != "POST" || x.URL != rest+"/envelopes" || string(x.RequestBody) != offer || x.Status != 201 ||
		!strings.Contains(string(x.Body), "envelopeId") || x.RequestHeader.Get("Authorization") == "" ||
		!strings.HasPrefix(x.Header.Get("Content-Type"), "application/json") || time.Since(x.Time) > time.Minute {
		t.Errorf("exchange %+v", x)
	}
}

// Two processes may share a directory: a page left open shows what a command
// run beside it sent.
func TestStoreIsShared(t *testing.T) {
	dir := t.TempDir()
	a, b := &sandbox.Server{Store: dir}, &sandbox.Server{Store: dir, Allowance: 4}
	one, two := newClient(t, a), newClient(t, b)
	id := one.create(with(offer, `"transactionId":"t-1"`))
	if diff := cmp.Diff([]string{id}, found(two.do("GET", "/envelopes?transaction_ids=t-1", ""))); diff != "" {
		t.Errorf("the other does not see it: %s", diff)
	}
	draft := two.create(strings.Replace(offer, `"sent"`, `"created"`, 1))
	if got := one.do("PUT", "/envelopes/"+draft, `{"status":"sent"}`); got.status != 200 {
		t.Errorf("the other's draft: %d %s", got.status, got.body)
	}
	one.create(offer)
	two.create(offer)
	if got := two.do("POST", "/envelopes", offer); got.code() != "ENVELOPE_ALLOWANCE_EXCEEDED" {
		t.Errorf("the allowance counts the other's: %d %s", got.status, got.body)
	}
	if diff := cmp.Diff(a.Envelopes(), b.Envelopes()); diff != "" {
		t.Error(diff)
	}
	if n := len(a.Envelopes()); n != 4 {
		t.Errorf("%d envelopes", n)
	}
}

// Nothing is lost or torn when many write at once.
func TestStoreConcurrently(t *testing.T) {
	dir := t.TempDir()
	servers := []*sandbox.Server{{Store: dir}, {Store: dir}}
	var clients []*client
	for _, s := range servers {
		clients = append(clients, newClient(t, s))
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 25 {
				if _, err := clients[i%2].send(t.Context(), "POST", "/envelopes", offer); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	third := &sandbox.Server{Store: dir}
	for _, s := range append(servers, third) {
		ids := make(map[string]bool)
		for _, e := range s.Envelopes() {
			ids[e.ID] = true
		}
		if len(ids) != 200 || len(s.Envelopes()) != 200 {
			t.Errorf("%d envelopes, %d different, want 200", len(s.Envelopes()), len(ids))
		}
	}
}
