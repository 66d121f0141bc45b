package batch_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"batchsend/envelope"
	"batchsend/internal/batch"
)

const day = 24 * time.Hour

// history is what DocuSign had before the run: sent envelopes and drafts.
func (d *fixture) history(label string, ago time.Duration, draft bool) envelope.ID {
	p := &fakeEnvelope{
		id: envelope.ID(uuid("before", label, fmt.Sprint(len(d.docusign.envelopes)))), tx: row(label, 1).TransactionID,
		draft: draft, created: time.Now().Add(-ago), mailed: time.Now().Add(-ago),
	}
	d.docusign.envelopes = append(d.docusign.envelopes, p)
	return p.id
}

// TestLeft has an envelope a that an earlier run left behind, and a row b of
// its own.
func TestLeft(t *testing.T) {
	tests := []struct {
		name   string
		rows   string        // "a b" but for tests in which a's row is gone
		ago    time.Duration // the attempt
		exists string        // at DocuSign: "", "sent", "draft", "recorded draft"
		only   bool          // look only
		wrong  map[string][]fault
		want   string
		mailed string
		ledger string
		left   batch.Recovered
		took   time.Duration // at least; at most a minute more
		says   string        // of a
	}{
		{
			name: "it had been sent", ago: time.Minute, exists: "sent",
			want: "a already-sent, b sent", mailed: "a b", ledger: "sent", left: batch.Recovered{Sent: 1}, says: "an earlier run sent it",
		},
		{
			name: "it had been sent months ago", ago: 60 * day, exists: "sent",
			want: "a already-sent, b sent", mailed: "a b", ledger: "sent", left: batch.Recovered{Sent: 1},
		},
		{
			name: "its row is gone and it had been sent", rows: "b", ago: time.Minute, exists: "sent",
			want: "b sent", mailed: "a b", ledger: "sent", left: batch.Recovered{Sent: 1},
		},
		{
			name: "it had not been sent, which takes time to prove", ago: 20 * time.Minute,
			want: "a sent, b sent", mailed: "a b", ledger: "sent", left: batch.Recovered{Absent: 1}, took: 10 * time.Minute,
		},
		{
			name: "our clock went back: it was attempted tomorrow", ago: -day,
			want: "a sent, b sent", mailed: "a b", ledger: "sent", left: batch.Recovered{Absent: 1}, took: 10 * time.Minute,
		},
		{
			name: "it had not been sent yesterday", ago: day,
			want: "a sent, b sent", mailed: "a b", ledger: "sent", left: batch.Recovered{Absent: 1}, took: 7 * time.Second,
		},
		{
			name: "its row is gone and it had not been sent", rows: "b", ago: day,
			want: "b sent", mailed: "b", ledger: "planned", left: batch.Recovered{Absent: 1}, took: 7 * time.Second,
		},
		{
			name: "more than seven days ago nobody knows", ago: 8 * day,
			want: "a unknown, b sent", mailed: "b", ledger: "sending", left: batch.Recovered{Open: 1}, says: "more than seven days ago",
		},
		{
			name: "it was a draft that the ledger knows", ago: time.Minute, exists: "recorded draft",
			want: "a sent, b sent", mailed: "a b", ledger: "sent", left: batch.Recovered{Sent: 1},
		},
		{
			name: "it was a draft that the ledger knows, and its row is gone", rows: "b", ago: day, exists: "recorded draft",
			want: "b sent", mailed: "b", ledger: "planned", left: batch.Recovered{Absent: 1},
		},
		{
			name: "it was a draft that DocuSign does not send", ago: day, exists: "recorded draft",
			wrong: map[string][]fault{"put a": {"always refuse"}},
			want:  "a failed, b sent", mailed: "b", ledger: "failed", left: batch.Recovered{Absent: 1}, says: "DocuSign: refuse",
		},
		{
			name: "it was a draft of which nobody knew", ago: day, exists: "draft",
			want: "a sent, b sent", mailed: "a b", ledger: "sent", left: batch.Recovered{Absent: 1}, took: 7 * time.Second,
		},
		{
			name: "look only: it had been sent", ago: time.Minute, exists: "sent", only: true, rows: " ",
			mailed: "a", ledger: "sent", left: batch.Recovered{Sent: 1},
		},
		{
			name: "look only: it was a draft", ago: time.Minute, exists: "recorded draft", only: true, rows: " ",
			ledger: "sending", left: batch.Recovered{Open: 1},
		},
		{
			name: "look only: it had not been sent", ago: time.Minute, only: true, rows: " ",
			ledger: "planned", left: batch.Recovered{Absent: 1}, took: 10 * time.Minute,
		},
		{
			name: "look only: nobody knows", ago: 8 * day, only: true, rows: " ",
			ledger: "sending", left: batch.Recovered{Open: 1},
		},
		{
			name: "a look-up fails now and then", ago: day, wrong: map[string][]fault{"find": {refuse, none, refuse}, "field a": {refuse}},
			want: "a sent, b sent", mailed: "a b", ledger: "sent", left: batch.Recovered{Absent: 1},
		},
		{
			name: "look-ups always fail", ago: day, wrong: map[string][]fault{"find": {"always refuse"}},
			want: "a unknown, b sent", mailed: "b", ledger: "sending", left: batch.Recovered{Open: 1}, says: "Run the same command again",
		},
		{
			name: "the custom field cannot be searched", ago: day, wrong: map[string][]fault{"field a": {"always refuse"}},
			want: "a unknown, b sent", mailed: "b", ledger: "sending", left: batch.Recovered{Open: 1},
		},
		{
			name: "the account is blocked", ago: time.Minute, exists: "sent", wrong: map[string][]fault{"find": {halt}},
			want: "a already-sent, b pending", mailed: "a", ledger: "sent", left: batch.Recovered{Sent: 1},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newFixture("a b")
				if tt.rows != "" {
					d.rows = strings.Fields(tt.rows)
				}
				for call, faults := range tt.wrong {
					d.goesWrong(call, faults...)
				}
				var id envelope.ID
				if tt.exists != "" {
					id = d.history("a", tt.ago, strings.HasSuffix(tt.exists, "draft"))
				}
				if tt.exists != "recorded draft" {
					id = ""
				}
				d.runner.LookOnly = tt.only
				start := time.Now()
				got, result := d.run(t.Context(), d.left("a", tt.ago, id))
				if got != tt.want || result.Recovered != tt.left || d.state("a") != tt.ledger {
					t.Errorf("%s, %+v, ledger: %s; want %s, %+v, %s", got, result.Recovered, d.state("a"), tt.want, tt.left, tt.ledger)
				}
				if took := time.Since(start); took < tt.took || tt.took > 0 && took > tt.took+time.Minute {
					t.Errorf("took %v, want about %v", took, tt.took)
				}
				if i := slices.Index(d.rows, "a"); i >= 0 && !strings.Contains(result.Outcomes[i].Message, tt.says) {
					t.Errorf("it says of a: %q, want %q", result.Outcomes[i].Message, tt.says)
				}
				d.wantMailed(t, tt.mailed)
			})
		})
	}
}

// TestAnswersAcrossRuns: that DocuSign gives the same answer each time and has no
// such envelope is seen across runs, none of which lasts long.
func TestAnswersAcrossRuns(t *testing.T) {
	tests := []struct {
		times  int // that earlier attempts were answered so
		want   string
		sends  int
		mailed string
	}{
		{times: 1, want: "a failed", sends: 2},
		{times: 2, want: "a failed", sends: 1},
		{times: 3, want: "a failed", sends: 0},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			d := newFixture("a").goesWrong("send a", "always vague")
			left := d.left("a", 2*day, "")
			left.Answer = batch.Answer{Code: "CODE_vague", Message: "DocuSign: vague", Times: tt.times}
			got, result := d.run(t.Context(), left)
			out := result.Outcomes[0]
			if got != tt.want || d.docusign.calls["send"] != tt.sends || out.Code != "CODE_vague" || !strings.Contains(out.Message, "This was the answer 3 times") {
				t.Errorf("after %d: %s, %+v, sent %d times; want %s and %d", tt.times, got, out, d.docusign.calls["send"], tt.want, tt.sends)
			}
			d.wantMailed(t, "")
		})
	}
	synctest.Test(t, func(t *testing.T) { // what cannot be looked up keeps DocuSign's words
		d := newFixture("a").goesWrong("send a", "always vague").goesWrong("find", "always refuse")
		got, result := d.run(t.Context())
		if out := result.Outcomes[0]; got != "a unknown" || out.Code != "CODE_vague" || !strings.HasPrefix(out.Message, "DocuSign: vague. It may exist all the same.") {
			t.Errorf("%s, %+v", got, out)
		}
	})
}

// TestLookBackFirst asks about what was left before anything is sent, in one
// call, and tells the numbers.
func TestLookBackFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFixture("a b c d")
		d.history("a", time.Minute, false)
		d.run(t.Context(), d.left("a", time.Minute, ""), d.left("b", 2*day, ""), d.left("c", time.Minute, ""))
		if want := []batch.Recovered{{Sent: 1, Absent: 1, Open: 1}}; !slices.Equal(d.recovered, want) || want[0].Total() != 3 {
			t.Errorf("Recovered: %+v, want %+v", d.recovered, want)
		}
		if want := []string{"find", "find", "find", "field b", "send b", "send d", "find"}; !slices.Equal(d.calls[:len(want)], want) && d.calls[0] != "find" {
			t.Errorf("calls: %q, want %q", d.calls, want)
		}
		if first := slices.IndexFunc(d.calls, func(c string) bool { return strings.HasPrefix(c, "send") }); first != 4 {
			t.Errorf("calls before the first envelope: %q, want three look-ups and one by field", d.calls[:first])
		}
		d.wantMailed(t, "a b c d")
	})
}

// TestSeveral has several envelopes under one transaction ID: one is told, the
// others named.
func TestSeveral(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFixture("a")
		draft, first := d.history("a", time.Hour, true), d.history("a", time.Hour, false)
		second := d.history("a", time.Hour, false)
		_, result := d.run(t.Context(), d.left("a", time.Hour, ""))
		out := result.Outcomes[0]
		if out.Status != envelope.AlreadySent || out.ID != first || !strings.HasSuffix(out.Message, fmt.Sprintf("void those that are too many: %s, %s", draft, second)) {
			t.Errorf("a = %+v; want %s, and %s and %s named", out, first, draft, second)
		}
	})
}

// TestSettle repeats nothing before its time is over, however often DocuSign
// says that it does not know the envelope; after it, it does.
func TestSettle(t *testing.T) {
	for _, settle := range []time.Duration{time.Minute, 10 * time.Minute, 2 * day} {
		for lag, want := range map[float64]int{0: 1, 0.5: 1, 0.999: 1, 2: 2} {
			synctest.Test(t, func(t *testing.T) {
				d := newFixture("a").goesWrong("send a", lostAfter)
				d.runner.Settle = settle
				d.docusign.lag = time.Duration(lag * float64(settle))
				start := time.Now()
				d.run(t.Context())
				if n, _ := d.docusign.mails(row("a", 1).TransactionID); n != want {
					t.Errorf("settle %v, look-ups lag by %v: mailed %d times, want %d", settle, d.docusign.lag, n, want)
				}
				if took, looks := time.Since(start), d.docusign.calls["find"]; want == 2 && (took < settle || looks < 3) {
					t.Errorf("settle %v: sent again after %v and %d looks", settle, took, looks)
				}
			})
		}
	}
}

// TestPlaceInTheLine has a call that waits an hour for its place before it
// leaves and gets lost: its time to turn up begins when it has left.
func TestPlaceInTheLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFixture("a").goesWrong("send a", lostAfter)
		faultOf := d.docusign.faultOf
		d.docusign.faultOf = func(call string, tx envelope.TransactionID) fault {
			if call == "send" {
				d.docusign.mu.Unlock()
				time.Sleep(time.Hour)
				d.docusign.mu.Lock()
			}
			return faultOf(call, tx)
		}
		d.docusign.lag = 9 * time.Minute
		if got, _ := d.run(t.Context()); got != "a sent" {
			t.Error(got)
		}
		d.wantMailed(t, "a")
	})
}

// TestOnLost tells how many are waited for, and how long.
func TestOnLost(t *testing.T) {
	tests := []struct {
		name string
		slow time.Duration // another envelope, after those that get lost
		left []time.Duration
		want string
	}{
		{"two of this run", 100 * time.Millisecond, nil, "2 for 10m0s"},
		{"lost long ago: only a few looks", time.Hour, nil, "2 for 22s"},
		{"one of an earlier run, and one too old to be looked up", 100 * time.Millisecond, []time.Duration{time.Minute, 9 * day}, "3 for 10m0s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newFixture("a b c d e").goesWrong("send a", lostBefore).goesWrong("send b", lostBefore)
				var left []batch.Unresolved
				for i, ago := range tt.left {
					left = append(left, d.left(string(rune('d'+i)), ago, ""))
				}
				d.runner.BeforeClaim = func(context.Context) error {
					if len(d.calls) > 0 && d.calls[len(d.calls)-1] == "send b" {
						time.Sleep(tt.slow - d.docusign.latency)
					}
					return nil
				}
				d.run(t.Context(), left...)
				if len(d.lookUps) != 1 || d.lookUps[0] != tt.want {
					t.Errorf("LookingUp: %q, want %q", d.lookUps, tt.want)
				}
			})
		})
	}
}

// TestNetworkGone ends a run that cannot ask what became of a lost answer, in a
// bearable time.
func TestNetworkGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFixture("a b").goesWrong("send a", lostAfter).goesWrong("find", "always down")
		start := time.Now()
		got, result := d.run(t.Context())
		if got != "a unknown, b sent" || result.Stopped == nil || !strings.HasPrefix(result.Stopped.Error(), "lost answers cannot be looked up: ") {
			t.Errorf("%s, stopped by %v", got, result.Stopped)
		}
		if took := time.Since(start); took > 10*time.Minute {
			t.Errorf("took %v", took)
		}
	})
}

// TestSlowLookUps has look-ups that take long, during which the time of another
// envelope passes: an answer counts for the moment at which it was asked for.
func TestSlowLookUps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFixture("a b")
		d.runner.Settle, d.docusign.lag = 30*time.Second, 29*time.Second
		faultOf := d.docusign.faultOf
		d.docusign.faultOf = func(call string, tx envelope.TransactionID) fault {
			if call == "field" {
				d.docusign.mu.Unlock()
				time.Sleep(40 * time.Second)
				d.docusign.mu.Lock()
			}
			return faultOf(call, tx)
		}
		d.history("b", 0, false)
		d.run(t.Context(), d.left("b", 0, ""), d.left("a", 2*day, ""))
		d.wantMailed(t, "a b")
	})
}
