package batch

import (
	"testing"

	"batchsend/envelope"
)

// TestFailedOrLate: of three envelopes DocuSign has sent two and failed to make
// one. Which is which shows only if its errors and what it shows agree.
func TestFailedOrLate(t *testing.T) {
	people := map[envelope.TransactionID]string{"a": "ann@example.test", "b": "bo@example.test", "c": "cy@example.test"}
	for _, tt := range []struct {
		name   string
		error  envelope.CopyError
		failed int // as DocuSign counts
		shown  []envelope.TransactionID
		want   envelope.TransactionID // taken for failed, "" for none
	}{
		{"the one that failed is missing", envelope.CopyError{Emails: []string{"BO@example.test"}}, 1, []envelope.TransactionID{"a", "c"}, "b"},
		{"it is shown, and one that was mailed is not yet", envelope.CopyError{Emails: []string{"bo@example.test"}}, 1, []envelope.TransactionID{"b", "c"}, ""},
		{"nobody is named", envelope.CopyError{Message: "no"}, 1, []envelope.TransactionID{"a", "c"}, "b"},
		{"more are missing than have failed", envelope.CopyError{}, 0, []envelope.TransactionID{"a", "c"}, ""},
	} {
		m := &mailer{run: new(run), index: make(map[envelope.TransactionID]int)}
		l := &lot{open: make(map[envelope.TransactionID]bool)}
		for _, tx := range []envelope.TransactionID{"a", "b", "c"} {
			m.index[tx] = len(m.items)
			m.items = append(m.items, Item{Envelope: &envelope.Envelope{TransactionID: tx, Recipients: []envelope.Recipient{{Email: people[tx]}}}})
			l.Envelopes, l.open[tx] = append(l.Envelopes, tx), true
		}
		l.status = envelope.LotStatus{Size: 3, Sent: 2, Failed: tt.failed, Errors: []envelope.CopyError{tt.error}}
		outs := make(map[envelope.TransactionID]envelope.Outcome)
		for _, tx := range tt.shown {
			outs[tx] = envelope.Outcome{Status: envelope.Sent}
		}
		n, ok := m.failed(l, outs)
		var got envelope.TransactionID
		for tx, out := range outs {
			if out.Status == envelope.Failed {
				got = tx
			}
		}
		if got != tt.want || ok != (tt.want != "") || ok && n != 1 {
			t.Errorf("%s: %q failed (%d, %t), want %q", tt.name, got, n, ok, tt.want)
		}
	}
}
