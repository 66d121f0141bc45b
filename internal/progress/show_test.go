package progress

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"batchsend/envelope"
	"batchsend/internal/console"
	"batchsend/internal/report"
	"batchsend/throttle"
)

// TestLines: without a view a line is said each minute and at each change of state,
// and of short waits only the first. If the terminal is quiet nothing is said.
func TestLines(t *testing.T) {
	t.Parallel()
	const limit = "the burst limit of calls is used up"
	for _, quiet := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var out bytes.Buffer
			term := &console.Terminal{Stderr: console.NewWriter(&out), Quiet: quiet}
			d := Begin(term, report.Plan{Envelopes: 10, Calls: 10}, func() throttle.State { return throttle.State{} })
			sent := func() { d.Outcome(envelope.Position{}, envelope.Outcome{Status: envelope.Sent}) }
			time.Sleep(time.Second)
			sent()
			if d.Waiting(limit, time.Now().Add(20*time.Second), true) || d.Shown() {
				t.Error("the first wait need not be said")
			}
			time.Sleep(20 * time.Second)
			sent()
			sent()
			if !d.Waiting(limit, time.Now().Add(25*time.Second), true) {
				t.Error("a short wait for the same reason must be said")
			}
			if d.Waiting("the hourly limit of calls is used up", time.Now().Add(40*time.Second), true) || d.Repeating(errors.New("503"), time.Now()) {
				t.Error("a wait for another reason, or a failure, need not be said")
			}
			time.Sleep(40 * time.Second)
			d.Outcome(envelope.Position{}, envelope.Outcome{Status: envelope.Failed})
			d.Close()
			if d.Waiting("more", time.Time{}, false) {
				t.Error("after the end a wait need not be said")
			}
			want := `sending 10 envelopes
going on: 2 sent, 0 failed, 8 left
sending: 3 sent, 0 failed, 7 left; 3 in the last minute; done about 00:01:02 (in 2s); calls left: any number an hour; waiting until 00:01:01 (1s): the hourly limit of calls is used up
going on: 3 sent, 1 failed, 6 left
`
			if quiet {
				want = ""
			}
			if diff := cmp.Diff(want, out.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestTracker: what is made of lists is reckoned from when DocuSign should be done with
// them, one after the other, and put right when it was asked; a wait is over at its end.
func TestTracker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		tr := NewTracker(report.Plan{Envelopes: 300, InBulk: 200}, func() throttle.State { return throttle.State{} })
		tr.List("a", 0, 100, begun.Add(10*time.Second))
		tr.List("b", 0, 100, begun.Add(20*time.Second))
		made := func(want int) {
			t.Helper()
			if got := tr.Snapshot(time.Now()).Lists; got.Made != want || got.Count != 2 || got.Envelopes != 200 {
				t.Errorf("after %v: %+v, want %d made", time.Since(begun), got, want)
			}
		}
		made(0)
		time.Sleep(5 * time.Second)
		made(50)
		time.Sleep(10 * time.Second)
		made(150)
		tr.List("a", 60, 100, begun.Add(19*time.Second))
		tr.List("b", 0, 100, begun.Add(29*time.Second))
		made(60)
		time.Sleep(2 * time.Second)
		made(80)
		time.Sleep(time.Minute)
		made(200)

		tr.Waiting(Wait{Reason: "limit", Until: time.Now().Add(time.Minute), Limit: true})
		tr.Waiting(Wait{Reason: "no answer"})
		tr.Outcome(envelope.Position{File: "a.csv", Line: 7}, envelope.Outcome{Status: envelope.Failed, Code: "BAD", Message: "it is"})
		s := tr.Snapshot(time.Now())
		if len(s.Waits) != 1 || s.Waits[0].Reason != "limit" || s.Problem.Text != "a.csv:7: BAD: it is" || s.Failed != 1 {
			t.Errorf("after an answer: %+v", s)
		}
		rate := s.Rate
		time.Sleep(time.Minute)
		if s := tr.Snapshot(time.Now()); len(s.Waits) != 0 || s.Rate != rate || s.Recent != 0 {
			t.Errorf("after the wait: %+v, want the rate %v", s, rate)
		}
	})
}

// TestReadingLine: how many rows were read is said, with how many that is a second.
func TestReadingLine(t *testing.T) {
	t.Parallel()
	if got, want := readingLine(1_234_000, 2*time.Second), "reading and checking: 1,234,000 rows, 617,000 a second"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := readingLine(0, time.Second); strings.Contains(got, "second") {
		t.Errorf("of no rows: %q", got)
	}
}
