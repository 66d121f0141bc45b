package batch

import (
	"context"
	"testing"

	"batchsend/envelope"
	"batchsend/internal/remote"
)

// TestFailedOrLate: of three envelopes DocuSign has sent two and failed to make
// one. Which is which shows only if its errors and what it shows agree, or, where
// the rows are not at hand, after a time.
func TestFailedOrLate(t *testing.T) {
	people := map[envelope.TransactionID]string{{1}: "ann@example.test", {2}: "bo@example.test", {3}: "cy@example.test"}
	for _, tt := range []struct {
		name    string
		error   remote.CopyError
		failed  int // as DocuSign counts
		shown   []envelope.TransactionID
		want    envelope.TransactionID // taken for failed, zero for none
		gone    bool                   // the rows are not at hand
		overdue bool                   // all that was made should show by now
	}{
		{"the one that failed is missing", remote.CopyError{Emails: []string{"BO@example.test", "second@example.test"}}, 1, []envelope.TransactionID{{1}, {3}}, envelope.TransactionID{2}, false, false},
		{"it is shown, and one that was mailed is not yet", remote.CopyError{Emails: []string{"bo@example.test", "second@example.test"}}, 1, []envelope.TransactionID{{2}, {3}}, envelope.TransactionID{}, false, false},
		{"the same, and only one of its recipients is named", remote.CopyError{Emails: []string{"second@example.test"}}, 1, []envelope.TransactionID{{2}, {3}}, envelope.TransactionID{}, false, false},
		{"somebody is named, and no row is at hand", remote.CopyError{Emails: []string{"bo@example.test"}}, 1, []envelope.TransactionID{{1}, {3}}, envelope.TransactionID{}, true, false},
		{"somebody is named, no row is at hand, and time has gone by", remote.CopyError{Emails: []string{"bo@example.test"}}, 1, []envelope.TransactionID{{1}, {3}}, envelope.TransactionID{2}, true, true},
		{"nobody is named", remote.CopyError{Message: "no"}, 1, []envelope.TransactionID{{1}, {3}}, envelope.TransactionID{2}, false, false},
		{"more are missing than have failed", remote.CopyError{}, 0, []envelope.TransactionID{{1}, {3}}, envelope.TransactionID{}, false, false},
	} {
		var envs rowsAtHand
		sender := &bulkSender{books: new(bookkeeper)}
		l := &lot{open: make(map[envelope.TransactionID]int)}
		for _, tx := range []envelope.TransactionID{{1}, {2}, {3}} {
			to := []envelope.Recipient{{Email: people[tx]}}
			if tx == (envelope.TransactionID{2}) {
				to = append(to, envelope.Recipient{Email: "second@example.test"})
			}
			l.Envelopes, l.open[tx] = append(l.Envelopes, tx), len(envs)
			if tt.gone {
				l.open[tx] = rowsGone
			}
			envs = append(envs, &envelope.Envelope{Identity: envelope.Identity{TransactionID: tx}, Recipients: to})
		}
		sender.books.envelopes = envs
		l.status = remote.LotStatus{Size: 3, Sent: 2, Failed: tt.failed, Errors: []remote.CopyError{tt.error}}
		outs := make(map[envelope.TransactionID]envelope.Outcome)
		for _, tx := range tt.shown {
			outs[tx] = envelope.Outcome{Status: envelope.Sent}
		}
		n, ok, err := sender.failed(t.Context(), l, outs, tt.overdue)
		if err != nil {
			t.Fatal(err)
		}
		var got envelope.TransactionID
		for tx, out := range outs {
			if out.Status == envelope.Failed {
				got = tx
			}
		}
		if got != tt.want || ok != (!tt.want.IsZero()) || ok && n != 1 {
			t.Errorf("%s: %v failed (%d, %t), want %v", tt.name, got, n, ok, tt.want)
		}
	}
}

// rowsAtHand are envelopes in memory.
type rowsAtHand []*envelope.Envelope

func (r rowsAtHand) Len() int { return len(r) }

func (r rowsAtHand) Item(i int) Item { return Item{TransactionID: r[i].TransactionID} }

func (r rowsAtHand) Read(_ context.Context, i int) (*envelope.Envelope, error) { return r[i], nil }
