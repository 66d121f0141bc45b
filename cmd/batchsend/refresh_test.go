package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"batchsend/internal/docusign"
	"batchsend/internal/job"
	"batchsend/internal/ledger"
	"batchsend/internal/report"
	"batchsend/internal/sandbox"
)

// office is a place where offers were sent through the embedded sandbox.
type office struct {
	t       *testing.T
	dir     string
	asked   int         // look-ups of statuses that the sandbox answered, in all
	onAsked func(n int) // told of each
	tune    func(*sandbox.Server)
	faults  sandbox.Faults // strike after the first look-up of a run
}

// newOffice sends n offers.
func newOffice(t *testing.T, n int) *office {
	t.Helper()
	o := &office{t: t, dir: t.TempDir()}
	file := writeOffers(t, o.dir, offers(n))
	if got := o.run("send", "--sandbox", "--via", "single", file); got.code != exitDone {
		t.Fatalf("send: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	if o.asked != 0 {
		t.Fatalf("send asked for statuses %d times", o.asked)
	}
	return o
}

func (o *office) run(args ...string) outcome {
	o.t.Helper()
	return runHere(o.t, o.dir, o.watch, args...)
}

func (o *office) watch(s *sandbox.Server) {
	judged := s.OnRequest
	s.OnRequest = func(x sandbox.Exchange) {
		judged(x)
		if strings.Contains(x.URL, "/envelopes/status?") {
			o.asked++
			s.Faults = o.faults
			if o.onAsked != nil {
				o.onAsked(o.asked)
			}
		}
	}
	if o.tune != nil {
		o.tune(s)
	}
}

// refresh expects that so many calls are made, and that each text is told.
func (o *office) refresh(calls int, texts ...string) {
	o.t.Helper()
	before := o.asked
	got := o.run("status", "--sandbox", "--refresh")
	if got.code != exitDone {
		o.t.Errorf("refresh: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	if n := o.asked - before; n != calls {
		o.t.Errorf("refresh made %d calls, want %d\n%s", n, calls, got.stderr)
	}
	for _, text := range texts {
		if !strings.Contains(got.stdout+got.stderr, text) {
			o.t.Errorf("refresh does not say %q:\n%s%s", text, got.stdout, got.stderr)
		}
	}
}

// envelopes returns what status says of them in JSON.
func (o *office) envelopes() (all []report.EnvelopeStatus) {
	o.t.Helper()
	got := o.run("status", "--sandbox", "--json", "--batch", "offers.csv")
	if err := json.Unmarshal([]byte(got.stdout), &all); err != nil {
		o.t.Fatalf("status: %v\n%s%s", err, got.stdout, got.stderr)
	}
	return all
}

// TestRefresh asks about many envelopes in few calls, none of them twice in 15
// minutes, and none that will not change any more.
func TestRefresh(t *testing.T) {
	t.Parallel()
	n := sized(t, 1200, 600)
	count, calls := report.Number(n), report.Plural(callsFor(n), "call")
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, n)
		o.refresh((n+docusign.StatusesPerCall-1)/docusign.StatusesPerCall,
			"asking DocuSign about "+count+" envelopes of 1 batch in "+calls, "asked DocuSign about "+count+" envelopes in "+calls, "sent "+count)
		asked := time.Now()
		for _, e := range o.envelopes() {
			if e.AtDocuSign != "sent" || e.AtDocuSignSince.IsZero() || asked.Sub(e.Asked) > time.Minute {
				t.Fatalf("status says %+v", e)
			}
		}
		o.refresh(0, "nothing to ask; left out "+count+" asked about within 15 minutes", "again at "+report.Local(asked.Add(job.AskEvery))[:16])
		time.Sleep(job.AskEvery - time.Minute)
		o.refresh(0)
		time.Sleep(2 * time.Minute)
		o.refresh(callsFor(n))

		// By then some have expired.
		time.Sleep(45 * 24 * time.Hour)
		o.refresh(callsFor(n), "voided ")
		voided := 0
		for _, e := range o.envelopes() {
			if e.AtDocuSign == "voided" {
				voided++
				if e.AtDocuSignSince.Before(asked) {
					t.Errorf("voided since %v", e.AtDocuSignSince)
				}
			}
		}
		time.Sleep(job.AskEvery)
		left := n - voided
		if voided == 0 || callsFor(left) == callsFor(n) && left == n {
			t.Errorf("%d envelopes are voided", voided)
		}
		o.refresh(callsFor(left), fmt.Sprintf("left out %s that will not change any more", report.Number(voided)))

		// Later all have.
		time.Sleep(130 * 24 * time.Hour)
		o.refresh(callsFor(left), "voided "+count)
		time.Sleep(job.AskEvery)
		o.refresh(0, "nothing to ask; left out "+count+" that will not change any more")
	})
}

// TestRefreshInterrupted goes on where it was interrupted.
func TestRefreshInterrupted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, 600)
		ctx, interrupt := context.WithCancel(t.Context())
		o.onAsked = func(n int) {
			if n == 1 {
				interrupt()
			}
		}
		got := runUntil(ctx, o.dir, "status", "--sandbox", "--refresh")
		if got.code != exitStopped || !strings.Contains(got.stderr, "interrupted: 500 of 600 envelopes were asked about. Run the same command again") {
			t.Errorf("interrupted: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		if o.asked != 1 {
			t.Errorf("it made %d calls after the interrupt, want none", o.asked-1)
		}
		o.refresh(1, "asked DocuSign about 100 envelopes in 1 call; left out 500 asked about within 15 minutes", "sent 600")
	})
}

// TestRefreshTroubled repeats what fails, keeps the limits, and keeps what it
// has when it gives up.
func TestRefreshTroubled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, 600)
		o.tune = func(s *sandbox.Server) { s.HourlyLimit = 1 }
		start := time.Now()
		got := o.run("status", "--sandbox", "--refresh")
		if took := time.Since(start); got.code != exitStopped || took > time.Minute || !strings.Contains(got.stdout, "sent 500") || !strings.Contains(got.stderr, "the hourly limit of calls is used up until 01:00:01") {
			t.Errorf("used up: exit code %d after %v\n%s%s", got.code, took, got.stdout, got.stderr)
		}
		time.Sleep(time.Hour)
		o.tune = nil
		o.refresh(2, "sent 600")

		time.Sleep(job.AskEvery)
		o.faults = sandbox.Faults{Seed: 1, DropAfter: 0.5, Everywhere: true}
		got = o.run("status", "--sandbox", "--refresh")
		if got.code != exitDone || !strings.Contains(got.stdout, "sent 600") {
			t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}

		time.Sleep(job.AskEvery)
		o.faults = sandbox.Faults{Refuse: 1, Everywhere: true}
		got = o.run("status", "--sandbox", "--refresh")
		if got.code != exitCannotRun || !strings.Contains(got.stderr, "the connection was refused; the next try is due at") || got.stdout != "" {
			t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		o.faults = sandbox.Faults{}
		o.refresh(1, "asked DocuSign about 100 envelopes in 1 call; left out 500 asked about")
	})
}

// TestRefreshNotFound tells of envelopes that DocuSign does not know.
func TestRefreshNotFound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, 3)
		o.tune = func(s *sandbox.Server) { s.Store = "" } // it remembers nothing
		o.refresh(1, "warning: DocuSign does not know 3 envelopes that it said it had sent", "not-found 3")
		for _, e := range o.envelopes() {
			if e.AtDocuSign != "not-found" || !e.AtDocuSignSince.IsZero() {
				t.Errorf("status says %+v", e)
			}
		}
		o.tune = nil
		time.Sleep(job.AskEvery)
		o.refresh(1, "sent 3")
	})
}

// TestRefreshClock asks again although the ledger says that it asked in the
// future: a clock was wrong.
func TestRefreshClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, 3)
		o.refresh(1)
		path := filepath.Join(o.dir, "batchsend", "sandbox", "ledger.db")
		db, err := ledger.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		statuses, err := db.RemoteStatuses(t.Context(), sandbox.DefaultAccount, "offers.csv")
		if err != nil || len(statuses) != 3 {
			t.Fatalf("RemoteStatuses = %v, %v", statuses, err)
		}
		for i := range statuses {
			statuses[i].Asked = time.Now().AddDate(1, 0, 0)
		}
		if err := db.RecordRemoteStatuses(t.Context(), statuses); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		o.refresh(1)
	})
}

// callsFor is how many calls it takes to ask about n envelopes.
func callsFor(n int) int { return (n + docusign.StatusesPerCall - 1) / docusign.StatusesPerCall }
