package batch_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"batchsend/envelope"
	"batchsend/internal/batch"
)

// TestFailedCopies finds out which rows the copies were that DocuSign could not
// make, of which it names the recipients only.
func TestFailedCopies(t *testing.T) {
	tests := []struct {
		name   string
		rows   string
		people map[string]string
		fails  map[string]string // by row: the reason and the addresses that are named
		gone   string            // rows that the next run does not find in the file
		want   string            // what is said of the rows that failed
	}{
		{
			name: "named by all recipients", rows: "a b c", people: map[string]string{"a": "a@x", "b": "b@x bb@x", "c": "c@x"},
			fails: map[string]string{"b": "no mailbox,B@x ,bb@x"}, want: "b: no mailbox",
		},
		{
			name: "named by one recipient", rows: "a b c", people: map[string]string{"a": "a@x", "b": "b@x bb@x", "c": "c@x"},
			fails: map[string]string{"b": "no mailbox,bb@x"}, want: "b: no mailbox",
		},
		{
			name: "two go to the same people, one fails", rows: "a b", people: map[string]string{"a": "a@x", "b": "a@x"},
			fails: map[string]string{"b": "no mailbox,a@x"}, want: "b: no mailbox",
		},
		{
			name: "two go to the same people, both fail: which is which is a guess", rows: "a b c", people: map[string]string{"a": "a@x", "b": "a@x", "c": "a@x"},
			fails: map[string]string{"a": "no mailbox,a@x", "c": "too large,a@x"}, want: "a: too large; c: no mailbox",
		},
		{
			name: "the recipients of one are among another's", rows: "a b", people: map[string]string{"a": "a@x b@x", "b": "b@x"},
			fails: map[string]string{"a": "too large,a@x,b@x", "b": "no mailbox,b@x"}, want: "a: too large; b: no mailbox",
		},
		{
			name: "nobody is named", rows: "a b c", people: map[string]string{"a": "a@x", "b": "b@x", "c": "c@x"},
			fails: map[string]string{"a": "too large", "c": "too large"}, want: "a: too large; c: too large",
		},
		{
			name: "nobody is named, and the reasons differ", rows: "a b c", people: map[string]string{"a": "a@x", "b": "b@x", "c": "c@x"},
			fails: map[string]string{"a": "too large", "c": "no mailbox"}, want: "a: DocuSign could not make it from its bulk list; c: DocuSign could not make it from its bulk list",
		},
		{
			name: "strangers are named", rows: "a b", people: map[string]string{"a": "a@x", "b": "b@x"},
			fails: map[string]string{"a": "no mailbox,c@x"}, want: "a: no mailbox",
		},
		{
			name: "its rows are gone", rows: "a b", people: map[string]string{"a": "a@x", "b": "b@x"},
			fails: map[string]string{"a": "no mailbox,a@x"}, gone: "a", want: "",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newBulkFixture(tt.rows)
				d.people = tt.people
				d.docusign.fails = func(env *envelope.Envelope) []string {
					if why, ok := tt.fails[env.Label]; ok {
						return strings.Split(why, ",")
					}
					return nil
				}
				ctx := t.Context()
				if tt.gone != "" { // the run is stopped, and the row taken away
					var cancel context.CancelFunc
					ctx, cancel = stopAfter(ctx, time.Second)
					defer cancel()
					d.run(ctx)
					d.rows = slices.DeleteFunc(d.rows, func(r string) bool { return r == tt.gone })
				}
				_, result := d.again(t.Context())
				var told []string
				for i, out := range result.Outcomes {
					if out.Status == envelope.Failed && out.Code == string(envelope.BulkCopyFailed) {
						told = append(told, d.rows[i]+": "+out.Message)
					}
				}
				if got := strings.Join(told, "; "); got != tt.want {
					t.Errorf("told %q, want %q", got, tt.want)
				}
				for label := range tt.fails {
					if d.state(label) != "failed" {
						t.Errorf("the ledger says that %s is %s", label, d.state(label))
					}
				}
				d.check(t, result)
				d.finish(t)
			})
		})
	}
}

// TestShownLate has searches that show late what was made: nothing is sent
// again, and nothing taken for failed, before that.
func TestShownLate(t *testing.T) {
	for _, script := range []map[string][]fault{nil, {"send-list": {lostAfter}}} {
		for _, lag := range []time.Duration{time.Second, 30 * time.Second, 5 * time.Minute, 599 * time.Second} {
			synctest.Test(t, func(t *testing.T) {
				d := newBulkFixture("a b c D")
				d.docusign.lag = lag
				for call, faults := range script {
					d.goesWrong(call, faults...)
				}
				d.docusign.fails = func(env *envelope.Envelope) []string {
					if env.Label == "b" {
						return []string{"no mailbox"}
					}
					return nil
				}
				got, result := d.run(t.Context())
				if want := "a sent, b failed, c sent, D sent"; got != want {
					t.Errorf("searches lag by %v: %s, want %s", lag, got, want)
				}
				d.check(t, result)
				d.finish(t)
			})
		}
	}
}

// TestLag learns how late searches are, and does not ask in vain for every lot.
func TestLag(t *testing.T) {
	for _, lag := range []time.Duration{time.Second, 40 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			d := newBulkFixture(numbers(40))
			d.runner.Bulk, d.docusign.speed, d.docusign.lag = batch.Bulk{Copies: 2, Queue: 4, Speed: 0.05}, 0.05, lag
			if got, _ := d.run(t.Context()); got != all(numbers(40), "sent") {
				t.Error(got)
			}
			if n := d.docusign.calls["copies"]; n > 20+2*5 {
				t.Errorf("searches lag by %v: the envelopes of 20 lots were asked for %d times", lag, n)
			}
			d.finish(t)
		})
	}
}

// TestNeverShown has a copy that no search shows, though DocuSign says that it
// was sent: it stays unknown in every run, and so does one that failed, for
// which is which cannot be told.
func TestNeverShown(t *testing.T) {
	for name, hide := range map[string]func(*fakeEnvelope){
		"hidden":                   func(p *fakeEnvelope) { p.hidden = true },
		"without its custom field": func(p *fakeEnvelope) { p.tx = envelope.TransactionID{} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newBulkFixture("a b c D")
				d.docusign.fails = func(env *envelope.Envelope) []string {
					if env.Label == "b" {
						return []string{"no mailbox"}
					}
					return nil
				}
				time.AfterFunc(time.Second, func() {
					d.docusign.mu.Lock()
					defer d.docusign.mu.Unlock()
					d.docusign.work()
					hide(d.docusign.envelopes[slices.IndexFunc(d.docusign.envelopes, func(p *fakeEnvelope) bool { return p.tx == row("a", 1).TransactionID })])
				})
				start := time.Now()
				if got, _ := d.run(t.Context()); got != "a unknown, b unknown, c sent, D sent" {
					t.Error(got)
				}
				if took := time.Since(start); took > 12*time.Minute {
					t.Errorf("waited %v for it", took)
				}
				for _, advice := range []string{"run the same command again", "look for it there by recipient and date"} {
					time.Sleep(4 * day)
					start = time.Now()
					got, result := d.again(t.Context())
					if got != "a unknown, b unknown, c already-sent, D already-sent" || result.Recovered != (batch.Recovered{Open: 2}) {
						t.Errorf("a later run: %s, %+v", got, result.Recovered)
					}
					if out := result.Outcomes[0]; !strings.Contains(out.Message, advice) {
						t.Errorf("a later run says %q, want %q", out.Message, advice)
					}
					if took := time.Since(start); took > time.Minute {
						t.Errorf("a later run waited %v for it", took)
					}
				}
				if n := len(d.docusign.lists); n != 1 {
					t.Errorf("%d lists were made", n)
				}
			})
		})
	}
}

// TestMadeTwice tells of envelopes that DocuSign has made more than once.
func TestMadeTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newBulkFixture("a b")
		time.AfterFunc(time.Second, func() {
			d.docusign.mu.Lock()
			defer d.docusign.mu.Unlock()
			d.docusign.work()
			again := *d.docusign.envelopes[len(d.docusign.envelopes)-1]
			again.id = "e-2"
			d.docusign.envelopes = append(d.docusign.envelopes, &again)
		})
		got, result := d.run(t.Context())
		if out := result.Outcomes[1]; got != "a sent, b sent" || !strings.HasSuffix(out.Message, "void those that are too many: e-2") {
			t.Errorf("%s; b: %+v", got, out)
		}
	})
}
