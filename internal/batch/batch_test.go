package batch_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/internal/history"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestOutcomes sends one row, or a row between others, while things go wrong.
func TestOutcomes(t *testing.T) {
	tests := []struct {
		name   string
		rows   string
		two    bool
		wrong  map[string][]fault
		fail   string // of the ledger
		want   string
		mailed string
		ledger string // its word for b
		stops  string // what the reason begins with
		says   string // of b
	}{
		{name: "all is well", rows: "a b c", want: "a sent, b sent, c sent", mailed: "a b c", ledger: "sent"},
		{name: "in two steps", rows: "a b c", two: true, want: "a sent, b sent, c sent", mailed: "a b c", ledger: "sent"},
		{
			name: "refused", rows: "a b c", wrong: map[string][]fault{"send b": {refuse}},
			want: "a sent, b failed, c sent", mailed: "a c", ledger: "failed",
		},
		{
			name: "the draft is refused", rows: "a b c", two: true, wrong: map[string][]fault{"draft b": {refuse}},
			want: "a sent, b failed, c sent", mailed: "a c", ledger: "failed",
		},
		{
			name: "the draft cannot be sent", rows: "a b c", two: true, wrong: map[string][]fault{"put b": {refuse}},
			want: "a sent, b failed, c sent", mailed: "a c", ledger: "failed",
		},
		{
			name: "too many calls, then not", rows: "b", wrong: map[string][]fault{"send b": {limit, limit}},
			want: "b sent", mailed: "b", ledger: "sent",
		},
		{
			name: "never reached", rows: "b c", wrong: map[string][]fault{"send b": {down, down, down}},
			want: "b pending, c sent", mailed: "c", ledger: "planned",
		},
		{
			name: "the answer is lost", rows: "b", wrong: map[string][]fault{"send b": {lostAfter}},
			want: "b sent", mailed: "b", ledger: "sent",
		},
		{
			name: "the request is lost", rows: "b", wrong: map[string][]fault{"send b": {lostBefore}},
			want: "b sent", mailed: "b", ledger: "sent",
		},
		{
			name: "the draft's answer is lost: another is made, and one is mailed", rows: "b", two: true,
			wrong: map[string][]fault{"draft b": {lostAfter, lostBefore}}, want: "b sent", mailed: "b", ledger: "sent",
		},
		{
			name: "every draft's answer is lost: nobody was mailed", rows: "b c", two: true,
			wrong: map[string][]fault{"draft b": {lostAfter, lostAfter, lostAfter}}, want: "b pending, c sent", mailed: "c", ledger: "planned",
		},
		{
			name: "the second step's answer is lost", rows: "b", two: true, wrong: map[string][]fault{"put b": {lostAfter}},
			want: "b sent", mailed: "b", ledger: "sent",
		},
		{
			name: "every second step's answer is lost", rows: "b", two: true, wrong: map[string][]fault{"put b": {lostBefore, lostBefore, lostAfter}},
			want: "b sent", mailed: "b", ledger: "sent",
		},
		{
			name: "the second step arrives, its answer does not, and the repeat is refused", rows: "b", two: true,
			wrong: map[string][]fault{"put b": {lostAfter, refuse}}, want: "b sent", mailed: "b", ledger: "sent",
		},
		{
			name: "the second step is lost, and from then on refused", rows: "b", two: true,
			wrong: map[string][]fault{"put b": {lostBefore, "always refuse"}}, want: "b failed", ledger: "failed",
		},
		{
			name: "the answer does not tell, and it was sent", rows: "b", wrong: map[string][]fault{"send b": {vagueAfter}},
			want: "b sent", mailed: "b", ledger: "sent", says: "DocuSign answered CODE_vague and has sent it all the same",
		},
		{
			name: "the answer does not tell, twice", rows: "b", wrong: map[string][]fault{"send b": {vague, vague}},
			want: "b sent", mailed: "b", ledger: "sent",
		},
		{
			name: "the answer never tells", rows: "b c", wrong: map[string][]fault{"send b": {"always vague"}},
			want: "b failed, c sent", mailed: "c", ledger: "failed", says: "DocuSign: vague. This was the answer 3 times, and DocuSign has sent no such envelope",
		},
		{
			name: "the answers differ", rows: "b", wrong: map[string][]fault{"send b": {vague, lostBefore, vague, vague}},
			want: "b sent", mailed: "b", ledger: "sent",
		},
		{
			name: "the draft's answer never tells", rows: "b c", two: true, wrong: map[string][]fault{"draft b": {"always vague"}},
			want: "b failed, c sent", mailed: "c", ledger: "failed", says: "DocuSign: vague",
		},
		{
			name: "the second step's answer never tells", rows: "b c", two: true, wrong: map[string][]fault{"put b": {"always vague"}},
			want: "b failed, c sent", mailed: "c", ledger: "failed", says: "This was the answer 3 times",
		},
		{
			name: "the second step's answer does not tell, and it was sent", rows: "b", two: true, wrong: map[string][]fault{"put b": {vague, vagueAfter, vague}},
			want: "b sent", mailed: "b", ledger: "sent",
		},
		{
			name: "the account is blocked", rows: "a b c", wrong: map[string][]fault{"send b": {halt}},
			want: "a sent, b pending, c pending", mailed: "a", ledger: "planned", stops: "DocuSign: halt",
		},
		{
			name: "the second step arrives and the account is blocked", rows: "a b c", two: true,
			wrong: map[string][]fault{"put b": {lostAfter, halt}}, want: "a sent, b sent, c pending", mailed: "a b", ledger: "sent", stops: "DocuSign: halt",
		},
		{
			name: "the second step is lost and the account is blocked", rows: "b c", two: true,
			wrong: map[string][]fault{"put b": {lostBefore, halt}}, want: "b unknown, c pending", ledger: "unknown", stops: "DocuSign: halt",
		},
		{
			name: "the ledger cannot claim", rows: "a b c", fail: "claim b",
			want: "a sent, b pending, c pending", mailed: "a", ledger: "new", stops: "no room left",
		},
		{
			name: "the ledger cannot settle what was sent", rows: "a b c", fail: "settle b",
			want: "a sent, b sent, c pending", mailed: "a b", ledger: "sending", stops: "recording that transaction",
		},
		{
			name: "the ledger cannot settle what was lost", rows: "b c", wrong: map[string][]fault{"send b": {lostAfter}}, fail: "settle b",
			want: "b unknown, c pending", mailed: "b", ledger: "sending", stops: "recording that transaction",
		},
		{
			name: "the ledger cannot settle what was found", rows: "b c", wrong: map[string][]fault{"send b": {lostAfter}}, fail: "settle b sent",
			want: "b sent, c sent", mailed: "b c", ledger: "unknown", stops: "recording that transaction",
		},
		{
			name: "the ledger cannot record the draft", rows: "b c", two: true, fail: "draft b",
			want: "b pending, c pending", ledger: "planned", stops: "recording the draft of line 2 of may.csv: no room left",
		},
		{
			name: "the batch is another run's by the second step", rows: "b c", two: true, fail: "check",
			want: "b pending, c pending", ledger: "planned", stops: "no room left",
		},
		{
			name: "the batch is another run's, and a second step may have arrived", rows: "b c", two: true, wrong: map[string][]fault{"put b": {lostAfter}}, fail: "check 2",
			want: "b sent, c pending", mailed: "b", ledger: "sent", stops: "no room left",
		},
		{
			name: "the draft is unknown to the call that follows at once", rows: "b", two: true, wrong: map[string][]fault{"put b": {missing}},
			want: "b sent", mailed: "b", ledger: "sent",
		},
		{
			name: "the answer is another row's, and nothing was done", rows: "a b c", wrong: map[string][]fault{"send b": {replay}},
			want: "a sent, b sent, c sent", mailed: "a b c", ledger: "sent",
		},
		{
			name: "the answer is another row's, and it was done", rows: "a b c", wrong: map[string][]fault{"send b": {mixedUp}},
			want: "a sent, b sent, c sent", mailed: "a b c", ledger: "sent",
		},
		{
			name: "the draft's answer is another row's", rows: "a b c", two: true, wrong: map[string][]fault{"draft b": {replay, mixedUp}},
			want: "a sent, b sent, c sent", mailed: "a b c", ledger: "sent",
		},
		{
			name: "the ledger cannot give back", rows: "b c", wrong: map[string][]fault{"send b": {limit}}, fail: "settle b pending",
			want: "b pending, c pending", ledger: "sending", stops: "recording that transaction",
		},
		{
			name: "the ledger cannot claim again", rows: "b", wrong: map[string][]fault{"send b": {lostBefore}}, fail: "retry b",
			want: "b pending", ledger: "unknown", stops: "no room left",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newFixture(tt.rows)
				for call, faults := range tt.wrong {
					d.goesWrong(call, faults...)
				}
				d.runner.TwoStep, d.ledger.fail = tt.two, tt.fail
				got, result := d.run(t.Context())
				if got != tt.want || d.state("b") != tt.ledger {
					t.Errorf("%s; the ledger says of b: %s; want %s; %s", got, d.state("b"), tt.want, tt.ledger)
				}
				if s := fmt.Sprint(result.Stopped); !strings.HasPrefix(s, tt.stops) || tt.stops == "" && result.Stopped != nil {
					t.Errorf("stopped by %q, want %q", s, tt.stops)
				}
				d.wantMailed(t, tt.mailed)
				for i, out := range result.Outcomes {
					if d.rows[i] == "b" && !strings.Contains(out.Message, tt.says) {
						t.Errorf("it says of b: %q, want %q", out.Message, tt.says)
					}
					if out.Status == envelope.Failed && out.Code == "" {
						t.Errorf("%s has failed without a code: %+v", d.rows[i], out)
					}
					_, id := d.docusign.mails(row(d.rows[i], 1).TransactionID)
					if out.Status == envelope.Sent && out.ID != id {
						t.Errorf("%s was sent as %q, DocuSign says %q", d.rows[i], out.ID, id)
					}
				}
			})
		})
	}
}

// TestNotClaimed has rows that somebody else was quicker with.
func TestNotClaimed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFixture("a b c")
		d.left("a", 0, "")
		d.ledger.all[row("b", 1).TransactionID] = &history.Record{State: history.StateSent, ID: "e-1"}
		got, result := d.run(t.Context())
		if want := "a pending, b already-sent, c sent"; got != want || result.Stopped != nil {
			t.Errorf("%s, %v; want %s", got, result.Stopped, want)
		}
		if out := result.Outcomes[1]; out.ID != "e-1" {
			t.Errorf("b = %+v, want envelope e-1", out)
		}
		d = newFixture("a")
		d.ledger.sameContent = &history.SameContent{Batch: "april", ID: "e-9", At: time.Now()}
		if got, result = d.run(t.Context()); got != "a rejected" || result.Outcomes[0].Code != "ALREADY_SENT" || !strings.Contains(result.Outcomes[0].Message, `as envelope e-9 in batch "april"`) {
			t.Errorf("the same content: %s %+v", got, result.Outcomes)
		}
		d.ledger.sameContent.ID = ""
		if _, result = d.run(t.Context()); !strings.Contains(result.Outcomes[0].Message, "may have been sent on") {
			t.Errorf("the same content in doubt: %+v", result.Outcomes)
		}
		d.wantMailed(t, "")
	})
}

// numbers returns the labels "0 1 2 ..." of n rows.
func numbers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprint(&b, i, " ")
	}
	return b.String()
}

// TestConcurrency sends many at once, never more than allowed, and in the end
// tells them in their order.
func TestConcurrency(t *testing.T) {
	for _, n := range []int{0, 1, 8, 50} {
		synctest.Test(t, func(t *testing.T) {
			d := newFixture(numbers(100))
			d.runner.Concurrency = n
			for i := 0; i < 100; i += 7 {
				d.goesWrong(fmt.Sprint("send ", i), refuse)
			}
			start := time.Now()
			_, result := d.run(t.Context())
			atOnce := max(n, 1)
			if d.docusign.most != atOnce {
				t.Errorf("%d at once, want %d", d.docusign.most, atOnce)
			}
			if took, want := time.Since(start), time.Duration((100+atOnce-1)/atOnce)*d.docusign.latency; took != want {
				t.Errorf("%d at once took %v, want %v", atOnce, took, want)
			}
			for i, out := range result.Outcomes {
				if refused := i%7 == 0; refused != (out.Status == envelope.Failed) {
					t.Errorf("row %d is %s", i, out.Status)
				}
			}
		})
	}
}

// TestLostTogether looks many lost envelopes up in few calls and sends them
// again as many at once as the others.
func TestLostTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFixture(numbers(100))
		d.runner.Concurrency = 10
		for i := range 100 {
			d.goesWrong(fmt.Sprint("send ", i), lostBefore)
		}
		start := time.Now()
		d.run(t.Context())
		d.wantMailed(t, numbers(100))
		if took := time.Since(start); took < d.runner.Settle || took > d.runner.Settle+30*time.Second {
			t.Errorf("took %v", took)
		}
		if d.docusign.calls["find"] > 30 || d.docusign.most > 10 {
			t.Errorf("%d look-ups, %d at once", d.docusign.calls["find"], d.docusign.most)
		}
	})
}

// TestSignal ends the context at different moments of one envelope's life.
func TestSignal(t *testing.T) {
	stopped := errors.New("Ctrl-C")
	tests := []struct {
		name   string
		two    bool
		wrong  map[string][]fault
		after  time.Duration // the signal
		want   string
		mailed string
	}{
		{"before anything", false, nil, 0, "a pending, b pending, c pending", ""},
		{"while the first is on its way", false, nil, 10 * time.Millisecond, "a sent, b pending, c pending", "a"},
		{"in the pause before a repeat", false, map[string][]fault{"send a": {limit}}, 110 * time.Millisecond, "a pending, b pending, c pending", ""},
		{"while an answer gets lost", false, map[string][]fault{"send a": {lostAfter}}, 10 * time.Millisecond, "a sent, b pending, c pending", "a"},
		{"while a request gets lost", false, map[string][]fault{"send a": {lostBefore}}, 10 * time.Millisecond, "a unknown, b pending, c pending", ""},
		{"between draft and sending", true, nil, 10 * time.Millisecond, "a pending, b pending, c pending", ""},
		{"while the draft is sent", true, nil, 110 * time.Millisecond, "a sent, b pending, c pending", "a"},
		{"while the draft's sending gets lost", true, map[string][]fault{"put a": {lostBefore}}, 110 * time.Millisecond, "a unknown, b pending, c pending", ""},
		{"after a lost draft", true, map[string][]fault{"draft a": {lostAfter}}, 150 * time.Millisecond, "a pending, b pending, c pending", ""},
		{"while waiting for lost ones", false, map[string][]fault{"send b": {lostBefore}}, 3 * time.Minute, "a sent, b unknown, c sent", "a c"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newFixture("a b c")
				d.runner.TwoStep = tt.two
				for call, faults := range tt.wrong {
					d.goesWrong(call, faults...)
				}
				ctx, cancel := context.WithCancelCause(t.Context())
				defer time.AfterFunc(tt.after, func() { cancel(stopped) }).Stop()
				if tt.after == 0 {
					cancel(stopped)
				}
				got, result := d.run(ctx)
				if got != tt.want || !errors.Is(result.Stopped, stopped) {
					t.Errorf("%s, stopped by %v; want %s", got, result.Stopped, tt.want)
				}
				d.wantMailed(t, tt.mailed)
				var left []batch.Unresolved
				for _, label := range d.rows {
					if st := d.ledger.all[row(label, 1).TransactionID]; st != nil && st.State.Open() {
						left = append(left, batch.Unresolved{TransactionID: row(label, 1).TransactionID, Attempted: time.Now(), Draft: st.ID})
					}
				}
				d.script = nil
				d.run(t.Context(), left...)
				d.wantMailed(t, "a b c") // the next run ends it
			})
		})
	}
}

func TestMaxErrors(t *testing.T) {
	tests := []struct {
		name  string
		max   int
		bad   string
		tried int
	}{
		{"never stops", 0, "0 1 2 3 4 5 6 7 8 9", 10},
		{"stops at the third in a row", 3, "0 1 2 3 4", 3},
		{"a success begins a new row", 3, "0 1 3 4 6 7 8 9", 9},
		{"no row is long enough", 3, "0 1 3 4 6 7", 10},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newFixture(numbers(10))
				d.runner.MaxErrors = tt.max
				for _, label := range strings.Fields(tt.bad) {
					d.goesWrong("send "+label, refuse)
				}
				got, result := d.run(t.Context())
				if n := len(d.rows) - strings.Count(got, "pending"); n != tt.tried {
					t.Errorf("%d were tried, want %d: %s", n, tt.tried, got)
				}
				many, ok := errors.AsType[*batch.ManyErrorsError](result.Stopped)
				if ok != (tt.tried < 10) || ok && (many.Count != tt.max || many.Error() != "3 envelopes in a row failed, the last with: DocuSign: refuse") {
					t.Errorf("stopped by %v", result.Stopped)
				}
			})
		})
	}
}

// TestGuard is asked before each claim, also of envelopes that are sent again.
func TestGuard(t *testing.T) {
	full := errors.New("the template has changed")
	for asked, want := range map[int]string{1: "a pending, b pending", 2: "a unknown, b pending", 3: "a pending, b sent"} {
		synctest.Test(t, func(t *testing.T) {
			d := newFixture("a b").goesWrong("send a", lostBefore)
			n := 0
			d.runner.BeforeClaim = func(context.Context) error {
				if n++; n == asked {
					return full
				}
				return nil
			}
			if got, result := d.run(t.Context()); got != want || !errors.Is(result.Stopped, full) {
				t.Errorf("stopped when asked for the %d. time: %s, %v; want %s", asked, got, result.Stopped, want)
			}
		})
	}
}

// TestPanic has a mistake in a sender: it resurfaces, and nothing more is sent.
func TestPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFixture("a b c").goesWrong("send b", explode)
		defer func() {
			if p := recover(); p == nil || !strings.Contains(fmt.Sprint(p), "out of order") {
				t.Errorf("recovered %v, want the sender's panic", p)
			}
			d.wantMailed(t, "a")
		}()
		d.run(t.Context())
	})
}
