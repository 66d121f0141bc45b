package docusign

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"batchsend/internal/remote"
)

// noon is an instant in a time zone that is not UTC.
var noon = time.Date(2026, 11, 21, 12, 0, 0, 500, time.FixedZone("", 3600))

// paged answers with the items of a list under name, some at a time, and says
// how many there are in the way given.
func paged(name string, items []any, most int, position func(start, n, total int) map[string]any) *fake {
	return &fake{answer: func(_ int, r *http.Request) (*http.Response, error) {
		if !strings.HasPrefix(r.URL.Path, "/restapi/") {
			return nil, nil
		}
		start, _ := strconv.Atoi(r.URL.Query().Get("start_position"))
		part := items[min(start, len(items)):min(start+most, len(items))]
		body := position(start, len(part), len(items))
		if len(part) > 0 { // DocuSign leaves empty lists out
			body[name] = part
		}
		line, err := json.Marshal(body)
		return reply(200, string(line)), err
	}}
}

// positions are the ways in which a page may say where it stands.
var positions = map[string]func(start, n, total int) map[string]any{
	"strings": func(start, n, total int) map[string]any {
		return map[string]any{"startPosition": fmt.Sprint(start), "endPosition": fmt.Sprint(start + n - 1), "totalSetSize": fmt.Sprint(total)}
	},
	"numbers": func(_, _, total int) map[string]any { return map[string]any{"totalSetSize": total} },
	"next": func(start, n, total int) map[string]any {
		if start+n >= total {
			return map[string]any{"nextUri": nil}
		}
		return map[string]any{"nextUri": fmt.Sprint("/?start_position=", start+n)}
	},
}

func TestFindBatch(t *testing.T) {
	lot := aLot()
	for how, position := range positions {
		for _, c := range []struct {
			at    int // where in the list the lot's batch stands; -1: nowhere
			calls int
		}{{0, 1}, {99, 1}, {100, 2}, {249, 3}, {-1, 3}} {
			t.Run(fmt.Sprint(how, c.at), func(t *testing.T) {
				var items []any
				for i := range 250 {
					name := fmt.Sprint(lot.Name(), i) // begins alike
					if i == c.at {
						name = lot.Name()
					}
					items = append(items, map[string]any{"batchId": fmt.Sprint("B", i), "batchName": name, "batchSize": "3"})
				}
				f := paged("bulkBatchSummaries", items, 100, position)
				id, found, err := connected(t, f).FindBatch(t.Context(), lot, noon)
				want := ""
				if c.at >= 0 {
					want = fmt.Sprint("b", c.at)
				}
				if id != want || found != (c.at >= 0) || err != nil || f.calls() != c.calls {
					t.Errorf("FindBatch = %q, %t, %v in %d calls; want %q in %d", id, found, err, f.calls(), want, c.calls)
				}
				r := f.asked[0]
				if q := r.URL.Query(); r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, "/bulk_send_batch") ||
					q.Get("from_date") != "2026-11-21T11:00:00Z" || q.Get("count") != "100" || len(q) != 2 {
					t.Errorf("asked %s %s", r.Method, r.URL)
				}
			})
		}
	}
}

func TestFindBatchAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		found  bool
		kind   Kind
	}{
		"nothing":    {200, `{}`, false, 0},
		"null":       {200, `{"bulkBatchSummaries":null,"totalSetSize":"7"}`, false, 0},
		"other case": {200, `{"bulkBatchSummaries":[{"batchId":"b","batchName":"` + strings.ToUpper(aLot().Name()) + `"}]}`, false, 0},
		"no ID":      {200, `{"bulkBatchSummaries":[{"batchName":"` + aLot().Name() + `"}]}`, false, Down},
		"twice":      {200, `{"bulkBatchSummaries":[{"batchId":"b","batchName":"` + aLot().Name() + `"},{"batchId":"c","batchName":"` + aLot().Name() + `"}]}`, true, 0},
		"bad":        {200, `<html>`, false, Down},
		"refused":    {400, said("USER_LACKS_PERMISSIONS", ""), false, Refused},
	} {
		id, found, err := connected(t, always(c.status, c.body)).FindBatch(t.Context(), aLot(), noon)
		if found != c.found || found != (id == "b") || (err == nil) != (c.kind == 0) || err != nil && kindOf(t, err) != c.kind {
			t.Errorf("%s: FindBatch = %q, %t, %v; want %t, %s", name, id, found, err, c.found, c.kind)
		}
	}
}

func TestLotStatus(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       remote.LotStatus
		done       bool
		kind       Kind
	}{
		{
			"done", `{"batchId":"b","batchSize":"3","queued":"0","sent":"2","failed":"1","envelopesInfo":{"sent":"2"},
			"bulkErrors":[{"created":"2026-11-21T11:00:00.1234567Z","errorMessage":"The address\nis not valid.","recipientEmails":["a@example.test","B@example.test"],"envelopeId":null}]}`,
			remote.LotStatus{Size: 3, Sent: 2, Failed: 1, Errors: []remote.CopyError{{Emails: []string{"a@example.test", "B@example.test"}, Message: "The address is not valid."}}},
			true, 0,
		},
		{"numbers", `{"batchSize":3,"queued":1,"sent":2,"failed":0,"bulkErrors":null}`, remote.LotStatus{Size: 3, Queued: 1, Sent: 2}, false, 0},
		{"just begun", `{"batchSize":"3","queued":"3"}`, remote.LotStatus{Size: 3, Queued: 3}, false, 0},
		{"counts missing", `{"batchSize":"3"}`, remote.LotStatus{Size: 3}, false, 0},
		{"an error without addresses", `{"batchSize":"1","failed":"1","bulkErrors":[{"recipientEmails":null}]}`, remote.LotStatus{Size: 1, Failed: 1, Errors: []remote.CopyError{{}}}, true, 0},
		{"nothing", `{}`, remote.LotStatus{}, true, Down},
		{"size 0", `{"batchSize":"0","queued":"0","sent":"0","failed":"0"}`, remote.LotStatus{}, true, Down},
		{"nonsense", `{"batchSize":"3","queued":"-1"}`, remote.LotStatus{}, true, Down},
		{"a page", `<html>`, remote.LotStatus{}, true, Down},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := always(200, c.body)
			got, err := connected(t, f).LotStatus(t.Context(), "b/1")
			if diff := cmp.Diff(c.want, got); diff != "" || (err == nil) != (c.kind == 0) || err != nil && kindOf(t, err) != c.kind {
				t.Errorf("LotStatus = %v, %v (-want +got):\n%s", got, err, diff)
			}
			if got.Done() != c.done {
				t.Errorf("Done = %t, want %t", got.Done(), c.done)
			}
			if r := f.asked[0]; r.Method != http.MethodGet || !strings.HasSuffix(r.URL.EscapedPath(), "/bulk_send_batch/b%2F1") {
				t.Errorf("asked %s %s", r.Method, r.URL)
			}
		})
	}
}

// listedCopy is an envelope as a list shows it.
func listedCopy(id, status, lot, transaction string, more ...string) any {
	item := map[string]any{"envelopeId": guids(id), "status": status, "customFields": map[string]any{
		"textCustomFields": []map[string]string{{"name": "Case", "value": "A"}, {"name": IdentityField, "value": guids(transaction)}, {"name": LotField, "value": lot}},
	}}
	for i := 0; i < len(more); i += 2 {
		item[more[i]] = more[i+1]
	}
	return item
}

func TestCopies(t *testing.T) {
	lot := aLot()
	sent := time.Date(2026, 11, 21, 11, 30, 0, 123456700, time.UTC)
	const at = "2026-11-21T11:30:00.1234567Z"
	items := []any{
		listedCopy("E1", "sent", lot.ID, "T1", "sentDateTime", at, "createdDateTime", "2026-11-21T11:00:00Z"),
		listedCopy("e2", "Completed", strings.ToUpper(lot.ID), "t2", "sentDateTime", strings.TrimSuffix(at, "Z")),
		listedCopy("e3", "Created", lot.ID, "t3"),
		listedCopy("e4", "deleted", lot.ID, "t4"),
		listedCopy("e5", "sent", lot.ID+"1", "t5", "sentDateTime", at),
		listedCopy("e6", "sent", "", "t6", "sentDateTime", at),
		listedCopy("E1", "sent", lot.ID, "T1", "sentDateTime", at), // pushed onto this page
		listedCopy("e7", "voided", lot.ID, "t1", "sentDateTime", at),
		listedCopy("e8", "sent", lot.ID, "", "sentDateTime", at),
		listedCopy("", "sent", lot.ID, "t9", "sentDateTime", at),
		map[string]any{"envelopeId": guids("e10"), "status": "sent", "sentDateTime": at, "customFields": nil},
		map[string]any{"envelopeId": guids("e11"), "errorDetails": map[string]string{"errorCode": "ENVELOPE_DOES_NOT_EXIST"}},
		listedCopy("e12", "deleted", lot.ID, "t12", "sentDateTime", at), // somebody has got it
		listedCopy("e13", "sent", lot.ID, "t13"),                        // perhaps
		listedCopy("e14", "processing", lot.ID, "t14"),
	}
	want := []remote.Copy{
		{TransactionID: tid("t1"), ID: eid("e1"), Sent: sent},
		{TransactionID: tid("t2"), ID: eid("e2"), Sent: sent},
		{TransactionID: tid("t1"), ID: eid("e7"), Sent: sent},
		{ID: eid("e8"), Sent: sent},
		{TransactionID: tid("t12"), ID: eid("e12"), Sent: sent},
	}
	for how, position := range positions {
		f := paged("envelopes", items, 5, position)
		got, err := connected(t, f).Copies(t.Context(), lot, noon)
		if diff := cmp.Diff(want, got); diff != "" || err != nil || f.calls() != 3 {
			t.Errorf("%s: Copies = %v in %d calls (-want +got):\n%s", how, err, f.calls(), diff)
		}
		q := f.asked[0].URL.Query()
		if q.Get("from_date") != "2026-11-21T11:00:00Z" || q.Get("custom_field") != "batchsendLot="+lot.ID || q.Get("include") != "custom_fields" || q.Get("count") != "1000" || len(q) != 4 {
			t.Errorf("%s: query %v", how, q)
		}
	}
	if got, err := connected(t, always(200, `{"resultSetSize":"0"}`)).Copies(t.Context(), lot, noon); err != nil || got != nil {
		t.Errorf("Copies of nothing = %v, %v", got, err)
	}
	// Half of a list must not pass for the whole.
	f := paged("envelopes", items, 5, positions["strings"])
	whole := f.answer
	f.answer = func(n int, r *http.Request) (*http.Response, error) {
		if n == 2 {
			return reply(503, ""), nil
		}
		return whole(n, r)
	}
	if got, err := connected(t, f).Copies(t.Context(), lot, noon); kindOf(t, err) != Down || got != nil {
		t.Errorf("Copies = %v, %v; want down and nothing", got, err)
	}
}
