package sandbox_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"batchsend/internal/sandbox"
)

// What each fault looks like to a client, and whether the envelope exists then.
func TestFaults(t *testing.T) {
	tests := []struct {
		spec    string
		err     error // as errors.Is; nil: an answer comes
		status  int
		code    string
		created int
	}{
		{spec: "refuse=1", err: syscall.ECONNREFUSED},
		{spec: "drop-before=1", err: syscall.ECONNRESET},
		{spec: "expire=1", status: 401, code: "AUTHORIZATION_INVALID_TOKEN"},
		{spec: "limit=1", status: 429, code: "HOURLY_APIINVOCATION_LIMIT_EXCEEDED"},
		{spec: "burst=1", status: 429, code: "BURST_APIINVOCATION_LIMIT_EXCEEDED"},
		{spec: "500=1", status: 500},
		{spec: "503=1", status: 503},
		{spec: "502-after=1", status: 502, created: 1},
		{spec: "drop-after=1", err: io.ErrUnexpectedEOF, created: 1},
		{spec: "truncate=1", err: io.ErrUnexpectedEOF, created: 1},
		{spec: "hang=1", err: context.DeadlineExceeded, created: 1},
		{spec: "slow=2m", err: context.DeadlineExceeded, created: 1},
		{spec: "slow=59s", status: 201, created: 1},
		{spec: "slow=30s,jitter=20s", status: 201, created: 1},
		{spec: "kill-after=1", err: io.ErrUnexpectedEOF, created: 1},
		{spec: "kill-after=2", status: 201, created: 1},
	}
	for _, tt := range tests {
		t.Run(tt.spec, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				faults, err := sandbox.ParseFaults(tt.spec)
				if err != nil {
					t.Fatal(err)
				}
				s := &sandbox.Server{Faults: faults}
				c := newClient(t, s)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				got, err := c.send(ctx, "POST", "/envelopes", offer)
				if !errors.Is(err, tt.err) {
					t.Errorf("error %v, want %v", err, tt.err)
				}
				if err == nil && (got.status != tt.status || got.code() != tt.code) {
					t.Errorf("got %d %s", got.status, got.body)
				}
				if err == nil && tt.status >= 500 && !strings.Contains(got.body, "<html>") {
					t.Errorf("the gateway's page is %q", got.body)
				}
				if n := len(s.Envelopes()); n != tt.created {
					t.Errorf("%d envelopes, want %d", n, tt.created)
				}
			})
		})
	}
}

// A proxy that mixes answers up gives that to the first call to every later one,
// and passes the call on, or does not.
func TestReplayedAnswers(t *testing.T) {
	for _, tt := range []struct {
		faults  sandbox.Faults
		created int
	}{{sandbox.Faults{ReplayBefore: 1}, 1}, {sandbox.Faults{ReplayAfter: 1}, 3}} {
		s := &sandbox.Server{Faults: tt.faults}
		c := newClient(t, s)
		var ids []string
		for range 3 {
			got := c.do("POST", "/envelopes", offer)
			if got.status != 201 {
				t.Fatalf("%s: %d %s", tt.faults, got.status, got.body)
			}
			ids = append(ids, got.str("envelopeId"))
		}
		all := s.Envelopes()
		if len(all) != tt.created || ids[0] != all[0].ID || ids[1] != ids[0] || ids[2] != ids[0] {
			t.Errorf("%s: %d envelopes, answers name %q", tt.faults, len(all), ids)
		}
	}
}

func TestBadID(t *testing.T) {
	s := &sandbox.Server{Faults: sandbox.Faults{BadID: 1}}
	if got := newClient(t, s).do("POST", "/envelopes", offer); got.status != 201 || got.str("envelopeId") != "17" || len(s.Envelopes()) != 1 {
		t.Errorf("%d %s, %d envelopes", got.status, got.body, len(s.Envelopes()))
	}
}

// Somebody deletes drafts as soon as they are there.
func TestDraftDeleted(t *testing.T) {
	for _, gone := range []bool{false, true} {
		s := &sandbox.Server{Faults: sandbox.Faults{DraftDeleted: 1}, DeletedGone: gone}
		c := newClient(t, s)
		draft := strings.Replace(offer, `"sent"`, `"created"`, 1)
		id := c.do("POST", "/envelopes", draft).str("envelopeId")
		if e := s.Envelopes()[0]; e.Status != "deleted" || !e.Sent.IsZero() {
			t.Errorf("the draft is %s, sent %v", e.Status, e.Sent)
		}
		put, get := c.do("PUT", "/envelopes/"+id, `{"status":"sent"}`), c.do("GET", "/envelopes/"+id, "")
		if want := map[bool]string{false: "ENVELOPE_INVALID_STATUS", true: "ENVELOPE_DOES_NOT_EXIST"}[gone]; put.code() != want {
			t.Errorf("sending it: %s", put.body)
		}
		if gone != (get.status == 404) || !gone && (get.str("status") != "deleted" || get.str("sentDateTime") != "") {
			t.Errorf("reading it: %d %s", get.status, get.body)
		}
		sent := c.do("POST", "/envelopes", offer).str("envelopeId")
		if err := s.Delete(sent); err == nil || s.Delete("0ffe1e77-0000-4000-8000-0000000000ff") == nil {
			t.Errorf("an envelope that was sent, or none, was deleted")
		}
	}
}

func TestFaultsStrikeCreationOnly(t *testing.T) {
	s := &sandbox.Server{Faults: sandbox.Faults{Error503: 1}}
	c := newClient(t, s)
	if got := c.do("GET", "", ""); got.status != 200 {
		t.Errorf("GET: %d", got.status)
	}
	s.Faults.Everywhere = true
	if got := c.do("GET", "", ""); got.status != 503 {
		t.Errorf("GET everywhere: %d", got.status)
	}
	if got := c.do("GET", root+"/", ""); got.status != 200 {
		t.Errorf("the page: %d", got.status)
	}
}

func TestExpireNeedsANewToken(t *testing.T) {
	s := &sandbox.Server{Faults: sandbox.Faults{Expire: 1}}
	c := newClient(t, s)
	c.do("POST", "/envelopes", offer)
	s.Faults = sandbox.Faults{}
	if got := c.do("POST", "/envelopes", offer); got.status != 401 {
		t.Errorf("with the old token: %d", got.status)
	}
	c.login(s.Now())
	c.create(offer)
}

func TestKillAfter(t *testing.T) {
	killed := 0
	s := &sandbox.Server{Faults: sandbox.Faults{KillAfter: 3, OnKill: func() { killed++ }}}
	c := newClient(t, s)
	for i := 1; i <= 5; i++ {
		c.do("GET", "", "") // does not count
		_, err := c.send(t.Context(), "POST", "/envelopes", offer)
		if (err != nil) != (i == 3) {
			t.Errorf("envelope %d: %v", i, err)
		}
	}
	if killed != 1 || len(s.Envelopes()) != 5 {
		t.Errorf("killed %d times, %d envelopes", killed, len(s.Envelopes()))
	}
}

func TestAllowanceFault(t *testing.T) {
	s := &sandbox.Server{Faults: sandbox.Faults{AllowanceAfter: 2}}
	c := newClient(t, s)
	c.create(offer)
	c.create(offer)
	if got := c.do("POST", "/envelopes", offer); got.status != 400 || got.code() != "ENVELOPE_ALLOWANCE_EXCEEDED" ||
		got.str("message") != "The envelope allowance for the account has been exceeded." {
		t.Errorf("third: %d %s", got.status, got.body)
	}
	if got := c.do("GET", "", ""); got.str("billingPeriodEnvelopesAllowed") != "unlimited" {
		t.Errorf("the account does not know: %s", got.body)
	}
}

// Equal seeds strike equally, others differently, and rates are kept.
func TestFaultsAreDeterministic(t *testing.T) {
	run := func(seed uint64) (pattern string) {
		s := &sandbox.Server{Faults: sandbox.Faults{Seed: seed, Error503: 0.3, Error502After: 0.2}}
		c := newClient(t, s)
		for range 300 {
			pattern += string(rune(c.do("POST", "/envelopes", offer).status))
		}
		return pattern
	}
	first := run(1)
	if run(1) != first {
		t.Error("one seed, two patterns")
	}
	if run(2) == first {
		t.Error("two seeds, one pattern")
	}
	if n := strings.Count(first, string(rune(503))); n < 60 || n > 120 {
		t.Errorf("%d of 300 were 503, want about 90", n)
	}
	if n := strings.Count(first, string(rune(502))); n < 35 || n > 85 {
		t.Errorf("%d of 300 were 502, want about 60", n)
	}
}

// The same faults over a socket: the client sees a broken connection.
func TestFaultsOverAListener(t *testing.T) {
	for _, spec := range []string{"refuse=1", "drop-before=1", "drop-after=1", "truncate=1", "kill-after=1"} {
		faults, err := sandbox.ParseFaults(spec)
		if err != nil {
			t.Fatal(err)
		}
		s := &sandbox.Server{Faults: faults}
		listener := httptest.NewServer(s.Handler())
		listener.Config.ErrorLog = nil
		c := newClient(t, s)
		c.http.Transport = &http.Transport{DisableKeepAlives: true}
		target := listener.URL + strings.TrimPrefix(rest, root) + "/envelopes"
		if _, err := c.send(t.Context(), "POST", target, offer); err == nil {
			t.Errorf("%s: no error", spec)
		}
		listener.Close()
	}
}

func TestHangOverAListener(t *testing.T) {
	s := &sandbox.Server{Faults: sandbox.Faults{Hang: 1}}
	listener := httptest.NewServer(s.Handler())
	defer listener.Close() // waits for the handler: it must have noticed
	c := newClient(t, s)
	c.http.Transport = &http.Transport{DisableKeepAlives: true}
	ctx, cancel := context.WithCancel(t.Context())
	s.OnRequest = func(sandbox.Exchange) { cancel() }
	if _, err := c.send(ctx, "POST", listener.URL+strings.TrimPrefix(rest, root)+"/envelopes", offer); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestParseFaults(t *testing.T) {
	got, err := sandbox.ParseFaults("drop-before=0.1, drop-after=0.2,503=0.1,502-after=0.05,truncate=0.02,hang=0.01,limit=0.1,refuse=0.1,slow=50ms,kill-after=100,seed=7,everywhere")
	if err != nil {
		t.Fatal(err)
	}
	if got.DropAfter != 0.2 || got.Latency != 50*time.Millisecond || got.KillAfter != 100 || got.Seed != 7 || !got.Everywhere {
		t.Errorf("got %+v", got)
	}
	if f, err := sandbox.ParseFaults(""); err != nil || f.String() != "" {
		t.Errorf("nothing: %v, %v", f, err)
	}
	bad := map[string]string{
		"drop=0.1":                "known are refuse, drop-before, expire, limit, burst, 500, 503, 502-after, drop-after, truncate, hang, bad-id, replay-before, replay-after, slow, jitter, kill-after, allowance, seed, everywhere, bulk-copy, draft-deleted, bulk-store",
		"503=2":                   "from 0 to 1",
		"503=NaN":                 "from 0 to 1",
		"503":                     "from 0 to 1",
		"slow=fast":               "slow",
		"slow=-1s":                "negative",
		"kill-after=-1":           "negative",
		"seed=x":                  "seed",
		"everywhere=maybe":        "everywhere",
		"drop-before=0.6,503=0.5": "add up to 1.1",
	}
	for spec, want := range bad {
		if _, err := sandbox.ParseFaults(spec); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q in it", spec, err, want)
		}
	}
}

func TestFaultsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.Float64Range(0, 0.07)
		want := sandbox.Faults{
			Seed: rapid.Uint64().Draw(t, "seed"), Everywhere: rapid.Bool().Draw(t, "everywhere"),
			Latency: time.Duration(rapid.Int64Range(0, 1e12).Draw(t, "latency")), Jitter: time.Duration(rapid.Int64Range(0, 1e12).Draw(t, "jitter")),
			Refuse: rate.Draw(t, "refuse"), DropBefore: rate.Draw(t, "drop"), Expire: rate.Draw(t, "expire"),
			Limit: rate.Draw(t, "limit"), Burst: rate.Draw(t, "burst"), Error500: rate.Draw(t, "500"), Error503: rate.Draw(t, "503"),
			Error502After: rate.Draw(t, "502"), DropAfter: rate.Draw(t, "lost"), Truncate: rate.Draw(t, "truncate"), Hang: rate.Draw(t, "hang"), BadID: rate.Draw(t, "bad ID"), ReplayBefore: rate.Draw(t, "replay"), ReplayAfter: 0.01, DraftDeleted: rate.Draw(t, "deleted"),
			KillAfter: rapid.IntRange(0, 9).Draw(t, "kill"), AllowanceAfter: rapid.IntRange(0, 9).Draw(t, "allowance"),
			BulkCopy: rapid.Float64Range(0, 1).Draw(t, "copy"), BulkStore: rapid.Float64Range(0, 1).Draw(t, "store"),
		}
		got, err := sandbox.ParseFaults(want.String())
		if err != nil || got.String() != want.String() {
			t.Fatalf("%q became %q, %v", want, got, err)
		}
		want.OnKill, got.OnKill = nil, nil
		if got.Latency != want.Latency || got.Hang != want.Hang || got.Seed != want.Seed || got.BulkCopy != want.BulkCopy || got.KillAfter != want.KillAfter {
			t.Fatalf("%+v became %+v", want, got)
		}
	})
}

func TestCanceledBeforeSending(t *testing.T) {
	s := &sandbox.Server{}
	c := newClient(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	before := len(s.Log())
	if _, err := c.send(ctx, "POST", "/envelopes", offer); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if len(s.Log()) != before {
		t.Error("the request arrived")
	}
}
