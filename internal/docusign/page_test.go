package docusign

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"batchsend/envelope"
	"batchsend/internal/remote"
)

// TestRepeatedPages has a server that knows but one page, and that says each
// time that more follow: no look-up goes on for ever, and none takes for absent
// what the other pages might hold.
func TestRepeatedPages(t *testing.T) {
	known, other := envelopeNumber(1), envelopeNumber(2)
	id := "11111111-0000-4000-8000-000000000001"
	items := map[string][]any{
		"envelopeTransactionStatuses": {map[string]string{"transactionId": known.String(), "envelopeId": id, "status": "sent", "sentDateTime": "2026-11-21T10:15:30.1234567Z"}},
		"envelopes": {map[string]any{
			"envelopeId": id, "status": "sent", "sentDateTime": "2026-11-21T10:15:30.1234567Z",
			"customFields": map[string]any{"textCustomFields": []any{map[string]string{"name": IdentityField, "value": known.String()}}},
		}},
		"bulkBatchSummaries": {map[string]string{"batchId": id, "batchName": (&remote.Lot{ID: "known"}).Name()}},
		"envelopeTemplates":  {map[string]string{"templateId": id, "name": "Offer"}},
	}
	endless := map[string]func(calls int) map[string]any{
		"always a next page":       func(int) map[string]any { return map[string]any{"nextUri": "/envelopes?start_position=1"} },
		"a total that never comes": func(int) map[string]any { return map[string]any{"totalSetSize": "1000000"} },
		"positions that go on": func(n int) map[string]any {
			return map[string]any{"startPosition": fmt.Sprint(n), "endPosition": fmt.Sprint(n), "totalSetSize": "1000000"}
		},
		"a total that grows by each": func(n int) map[string]any { return map[string]any{"totalSetSize": fmt.Sprint(n + 2)} },
	}
	since := time.Now().Add(-time.Hour)
	for name, end := range endless {
		calls := 0
		f := always(200, "{}")
		ok := f.answer
		f.answer = func(n int, r *http.Request) (*http.Response, error) {
			if !strings.HasPrefix(r.URL.Path, "/restapi/") {
				return ok(n, r)
			}
			if calls++; calls > 50 {
				return nil, errors.New("there is no end to it")
			}
			body := end(calls - 1)
			for key, list := range items {
				if key != "envelopeTransactionStatuses" || strings.Contains(r.URL.RawQuery, "transaction_ids") {
					body[key] = list
				}
			}
			text, err := json.Marshal(body)
			if err != nil {
				return nil, err
			}
			return reply(200, string(text)), nil
		}
		c := connected(t, f)
		for _, tt := range []struct {
			what string
			ask  func() (found bool, err error)
			err  bool
		}{
			{"Find what is there", func() (bool, error) {
				found, err := c.Find(t.Context(), []envelope.TransactionID{known})
				return len(found) == 1, err
			}, false},
			{"Find what may be elsewhere", func() (bool, error) {
				found, err := c.Find(t.Context(), []envelope.TransactionID{known, other})
				return len(found) > 0, err
			}, true},
			{"FindByField", func() (bool, error) {
				_, ok, err := c.FindByField(t.Context(), other, since)
				return ok, err
			}, true},
			{"FindBatch that is there", func() (bool, error) {
				_, ok, err := c.FindBatch(t.Context(), &remote.Lot{ID: "known"}, since)
				return ok, err
			}, false},
			{"FindBatch that may be elsewhere", func() (bool, error) {
				_, ok, err := c.FindBatch(t.Context(), &remote.Lot{ID: "other"}, since)
				return ok, err
			}, true},
			{"Copies", func() (bool, error) {
				copies, err := c.Copies(t.Context(), &remote.Lot{ID: "known"}, since)
				return len(copies) > 0, err
			}, true},
			{"Statuses of what is there", func() (bool, error) {
				statuses, err := c.Statuses(t.Context(), []envelope.ID{envelope.ID(id)})
				return len(statuses) == 1, err
			}, false},
			{"Templates", func() (bool, error) {
				list, err := c.Templates(t.Context())
				return len(list) > 0, err
			}, true},
		} {
			calls = 0
			found, err := tt.ask()
			e, ok := errors.AsType[*Error](err)
			if tt.err && (found || !ok || !errors.Is(err, errRepeatedPage) || e.Effect() == remote.EffectUnknown || e.Effect() == remote.EffectStop) || !tt.err && (!found || err != nil) {
				t.Errorf("%s, %s: found %v, error %v", name, tt.what, found, err)
			}
			if calls > 3 {
				t.Errorf("%s, %s took %d calls", name, tt.what, calls)
			}
			if _, again := e.retry(); again {
				t.Errorf("%s, %s: would be asked again at once", name, tt.what)
			}
		}
	}
}

// retry is RetryAfter of an error that may be nil.
func (e *Error) retry() (time.Duration, bool) {
	if e == nil {
		return 0, false
	}
	return e.RetryAfter()
}
