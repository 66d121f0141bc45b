package sandbox_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"batchsend/internal/sandbox"
)

func TestBulkBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sandbox.Server{BulkRate: 10, BulkCopies: 50, BulkQueue: 5000}
		c := newClient(t, s)
		var ids []string
		var middle string
		for i := range 120 {
			id := c.bulkBatch(bulkCopy(1))
			c.do("PUT", "/bulk_send_batch/"+id, fmt.Sprintf(`{"batchName":"Batch %03d"}`, i))
			ids = append(ids, id)
			if i == 59 {
				time.Sleep(time.Second)
				middle = url.QueryEscape(s.Now().Format(time.RFC3339Nano))
				time.Sleep(time.Second)
			}
		}
		list := func(query string) (answer, []string) {
			got := c.do("GET", "/bulk_send_batch"+query, "")
			out := []string{}
			for _, q := range objects(got, "bulkBatchSummaries") {
				out = append(out, q.str("batchName"))
			}
			return got, out
		}
		all, names := list("")
		if len(names) != 100 || names[0] != "Batch 119" || all.str("totalSetSize") != "120" || all.str("batchSizeLimit") != "50" ||
			all.str("queueLimit") != "5000" || all.str("bulkProcessQueueLimit") != "5000" ||
			all.str("totalQueued") != "100" || all.str("bulkProcessTotalQueued") != "100" {
			t.Errorf("all: %d, %s, %.300s", len(names), names[0], all.body)
		}
		if _, rest := list(strings.TrimPrefix(all.str("nextUri"), "/bulk_send_batch")); len(rest) != 20 || rest[19] != "Batch 000" {
			t.Errorf("the second page: %v", rest)
		}
		for query, want := range map[string]int{
			"?from_date=" + middle:                         60,
			"?from_date=1999-01-01&to_date=" + middle:      60,
			"?search_text=BATCH+01":                        10,
			"?search_text=nothing":                         0,
			"?batch_ids=" + ids[3] + "," + ids[5]:          2,
			"?batch_ids=" + sandbox.DefaultTemplate:        0,
			"?status=sent":                                 20,
			"?status=queued":                               100,
			"?status=failed":                               0,
			"?from_date=1999-01-01&count=7&status=all":     7,
			"?count=1000&start_position=110":               10,
			"?search_text=batch+119&from_date=" + middle:   1,
			"?search_text=batch+000&from_date=" + middle:   0,
			"?batch_ids=" + ids[3] + "&search_text=000":    0,
			"?batch_ids=" + strings.ToUpper(ids[3]) + ",,": 1,
		} {
			if got, names := list(query); len(names) != want {
				t.Errorf("%s: %d, want %d: %.300s", query, len(names), want, got.body)
			}
		}
		for _, query := range []string{
			"?batch_ids=" + ids[0] + "&from_date=1999-01-01", "?count=0", "?count=x", "?status=done", "?from_date=soon",
		} {
			if got, _ := list(query); got.code() != "INVALID_REQUEST_PARAMETER" {
				t.Errorf("%s: %d %s", query, got.status, got.body)
			}
		}
	})
}

func TestBulkBatch(t *testing.T) {
	s := &sandbox.Server{BulkRate: 1e6}
	c := newClient(t, s)
	draft, list := c.create(bulkDraft), c.bulkList(bulkCopies(5)...)
	id := c.do("POST", "/bulk_send_lists/"+list+"/send", `{"envelopeOrTemplateId":"`+draft+`"}`).str("batchId")
	s.Advance(time.Second)
	sent := sentCopies(s)
	c.do("PUT", "/envelopes/"+sent[1].ID, `{"status":"voided","voidedReason":"x"}`)
	got := c.do("PUT", "/bulk_send_batch/"+id, `{"batchName":"Renamed"}`)
	for name, want := range map[string]string{
		"batchId": id, "batchName": "Renamed", "batchSize": "5", "queued": "0", "sent": "5", "failed": "0",
		"envelopeIdOrTemplateId": draft, "mailingListId": list, "mailingListName": "Team list",
		"envelopesUri": "/bulk_send_batch/" + id + "/envelopes", "senderUserId": sandbox.DefaultUserID,
	} {
		if got.str(name) != want {
			t.Errorf("%s = %q, want %q", name, got.str(name), want)
		}
	}
	if got.status != 200 || got.str("envelopesInfo", "sent") != "4" || got.str("envelopesInfo", "voided") != "1" || got.str("envelopesInfo", "completed") != "0" {
		t.Errorf("status: %s", got.body)
	}
	envelopes := func(query string) []string { return found(c.do("GET", "/bulk_send_batch/"+id+"/envelopes?"+query, "")) }
	var all []string
	for _, e := range sent {
		all = append(all, e.ID)
	}
	if diff := cmp.Diff(all, envelopes("order=asc")); diff != "" {
		t.Error(diff)
	}
	if got := envelopes(""); len(got) != 5 || got[0] != all[4] {
		t.Errorf("the newest first: %v", got)
	}
	for query, want := range map[string][]string{
		"order=asc&count=2&start_position=2":      all[2:4],
		"status=voided":                           all[1:2],
		"status=voided,completed":                 all[1:2],
		"status=any&count=1":                      all[4:],
		"status=deliveryfailure":                  {},
		"search_text=ANN4":                        all[3:4],
		"order_by=status&order=asc&count=4":       {all[0], all[2], all[3], all[4]},
		"order_by=subject&order=desc&count=1":     all[4:],
		"order_by=last_modified&count=1":          all[1:2],
		"order_by=sent&order=asc&count=1":         all[:1],
		"order_by=completed&order=asc&count=1":    all[:1],
		"order_by=status_changed&order=asc&count": {all[0], all[2], all[3], all[4], all[1]}, // a count without a value is none
	} {
		if diff := cmp.Diff(want, envelopes(query)); diff != "" {
			t.Errorf("%s: %s", query, diff)
		}
	}
	if got := c.do("GET", "/bulk_send_batch/"+id+"/envelopes?include=recipients,custom_fields&count=1", ""); !strings.Contains(got.body, "ann5@") || strings.Contains(got.body, `"customFields":`) {
		t.Errorf("included: %s", got.body)
	}
	for _, bad := range []string{"count=0", "status=any,sent", "order_by=colour"} {
		if got := c.do("GET", "/bulk_send_batch/"+id+"/envelopes?"+bad, ""); got.code() != "INVALID_REQUEST_PARAMETER" {
			t.Errorf("%s: %d %s", bad, got.status, got.body)
		}
	}
	for _, target := range []string{list, list + "/envelopes"} {
		if got := c.do("GET", "/bulk_send_batch/"+target, ""); got.status != 404 {
			t.Errorf("an unknown batch: %d %s", got.status, got.body)
		}
	}
	if got := c.do("PUT", "/bulk_send_batch/"+id, `{}`); got.code() != "INVALID_REQUEST_PARAMETER" {
		t.Errorf("renamed to nothing: %d %s", got.status, got.body)
	}
}
