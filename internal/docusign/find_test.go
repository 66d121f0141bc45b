package docusign

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"batchsend/envelope"
	"batchsend/internal/remote"
	"batchsend/internal/sandbox"
)

func TestFind(t *testing.T) {
	s := new(sandbox.Server)
	rt := &counted{RoundTripper: s.Transport()}
	c := connected(t, rt)
	ids := make(map[envelope.TransactionID]remote.Found)
	var asked []envelope.TransactionID
	for i := range 250 {
		env := offer()
		env.TransactionID = envelopeNumber(i)
		asked = append(asked, env.TransactionID)
		switch i % 3 {
		case 0:
			id, err := c.Send(t.Context(), env, nil)
			if err != nil {
				t.Fatal(err)
			}
			ids[env.TransactionID] = remote.Found{ID: id}
		case 1:
			id, err := c.Draft(t.Context(), env, nil)
			if err != nil {
				t.Fatal(err)
			}
			ids[env.TransactionID] = remote.Found{ID: id, Draft: true}
		}
	}
	before := rt.rest.Load()
	found, err := c.Find(t.Context(), asked)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(ids, found); diff != "" {
		t.Errorf("Find (-want +got):\n%s", diff)
	}
	if calls := rt.rest.Load() - before; calls != 3 {
		t.Errorf("%d calls for 250 IDs, want 3", calls)
	}
	if found, err := c.Find(t.Context(), nil); err != nil || len(found) != 0 {
		t.Errorf("Find of nothing = %v, %v", found, err)
	}
}

// TestFindTwins has three envelopes under one transaction ID, one a draft that
// nobody receives.
func TestFindTwins(t *testing.T) {
	c := connected(t, new(sandbox.Server).Transport())
	env := offer()
	if _, err := c.Draft(t.Context(), env, nil); err != nil {
		t.Fatal(err)
	}
	var sent []envelope.ID
	for range 2 {
		id, err := c.Send(t.Context(), env, nil)
		if err != nil {
			t.Fatal(err)
		}
		sent = append(sent, id)
	}
	slices.Sort(sent)
	want := remote.Found{ID: sent[0], More: sent[1:]}
	found, err := c.Find(t.Context(), []envelope.TransactionID{env.TransactionID})
	if err != nil || !cmp.Equal(found[env.TransactionID], want) {
		t.Errorf("Find = %+v, %v; want %+v", found, err, want)
	}
	one, ok, err := c.FindByField(t.Context(), env.TransactionID, time.Now().Add(-time.Hour))
	if err != nil || !ok || !cmp.Equal(one, want) {
		t.Errorf("FindByField = %+v, %t, %v; want %+v", one, ok, err, want)
	}
}

// TestFindAnswers reads what other servers may answer.
func TestFindAnswers(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       map[envelope.TransactionID]remote.Found
	}{
		{"empty", `{"resultSetSize":"0"}`, nil},
		{"nulls", `{"envelopeTransactionStatuses":null,"envelopes":null}`, nil},
		{"unknown ID", `{"envelopeTransactionStatuses":[{"transactionId":"t1","errorDetails":{"errorCode":"ENVELOPE_DOES_NOT_EXIST","message":"no"}}]}`, nil},
		{
			"one of two, other case", `{"envelopeTransactionStatuses":[
			{"transactionId":"T1","envelopeId":"E1","status":"Completed","errorDetails":{"errorCode":"SUCCESS"}},
			{"transactionId":"t2","envelopeId":null}],"envelopes":[{"envelopeId":"e1","status":"completed","sentDateTime":"2026-11-21T11:30:00Z"}],"resultSetSize":1}`,
			map[envelope.TransactionID]remote.Found{tid("t1"): {ID: eid("e1")}},
		},
		{
			"being made", `{"envelopeTransactionStatuses":[{"transactionId":"t1","envelopeId":null,"status":"processing"}]}`,
			map[envelope.TransactionID]remote.Found{tid("t1"): {Unclear: true}},
		},
		{
			"in both lists", `{"envelopeTransactionStatuses":[{"transactionId":"t1","envelopeId":"e1","status":"created"}],
			"envelopes":[{"transactionId":"t1","envelopeId":"e1","status":"created"},{"transactionId":"t9","envelopeId":"e9","status":"sent","sentDateTime":"2026-11-21T11:30:00Z"}]}`,
			map[envelope.TransactionID]remote.Found{tid("t1"): {ID: eid("e1"), Draft: true}},
		},
		{
			"one entry is older than the other", `{"envelopeTransactionStatuses":[{"transactionId":"t1","envelopeId":"e1","status":"created"}],
			"envelopes":[{"envelopeId":"e1","status":"sent","sentDateTime":"2026-11-21T11:30:00Z"}]}`,
			map[envelope.TransactionID]remote.Found{tid("t1"): {ID: eid("e1")}},
		},
		{
			"deleted, before it was sent and after", `{"envelopeTransactionStatuses":[{"transactionId":"t1","envelopeId":"e1","status":"deleted"},{"transactionId":"t2","envelopeId":"e2","status":"deleted"}],
			"envelopes":[{"envelopeId":"e1","status":"deleted"},{"envelopeId":"e2","status":"deleted","sentDateTime":"2026-11-21T11:30:00Z"}]}`,
			map[envelope.TransactionID]remote.Found{tid("t1"): {ID: eid("e1"), Draft: true}, tid("t2"): {ID: eid("e2")}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := always(200, c.body)
			got, err := connected(t, f).Find(t.Context(), []envelope.TransactionID{tid("t1"), tid("t2")})
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != len(c.want) || len(got) > 0 && !cmp.Equal(got, c.want) {
				t.Errorf("Find = %+v, want %+v", got, c.want)
			}
			r := f.asked[0]
			if r.Method != http.MethodPut || r.URL.RawQuery != "transaction_ids=request_body" || f.bodies[0] != guids(`{"transactionIds":["t1","t2"]}`) || f.calls() != 1 {
				t.Errorf("%s %s %s in %d calls", r.Method, r.URL, f.bodies[0], f.calls())
			}
		})
	}
}

// TestFindUnclear has a server that tells an envelope's status only, which does
// not prove that it was mailed: it is asked for the whole. What stays unclear is
// neither sent nor absent.
func TestFindUnclear(t *testing.T) {
	for status, c := range map[string]struct {
		whole string // the envelope
		want  remote.Found
	}{
		"sent":       {`{"envelopeId":"e1","status":"sent","sentDateTime":"2026-11-21T11:30:00Z"}`, remote.Found{ID: eid("e1")}},
		"completed":  {`{"envelopeId":"e1","status":"completed"}`, remote.Found{ID: eid("e1"), Unclear: true}},
		"delivered":  {`{"envelopeId":"e2","status":"delivered","sentDateTime":"2026-11-21T11:30:00Z"}`, remote.Found{ID: eid("e1"), Unclear: true}},
		"voided":     {`{"envelopeId":"e1","status":"deleted"}`, remote.Found{ID: eid("e1"), Draft: true}},
		"processing": {`{"envelopeId":"e1","status":"created"}`, remote.Found{ID: eid("e1"), Draft: true}},
	} {
		f := &fake{answer: func(_ int, r *http.Request) (*http.Response, error) {
			switch {
			case !strings.HasPrefix(r.URL.Path, "/restapi/"):
				return nil, nil
			case r.Method == http.MethodPut:
				return reply(200, guids(`{"envelopeTransactionStatuses":[{"transactionId":"t1","envelopeId":"e1","status":"`+status+`"}]}`)), nil
			}
			return reply(200, guids(`{"envelopes":[`+c.whole+`]}`)), nil
		}}
		got, err := connected(t, f).Find(t.Context(), []envelope.TransactionID{tid("t1")})
		if err != nil || !cmp.Equal(got[tid("t1")], c.want) || f.calls() != 2 {
			t.Errorf("%s: Find = %+v, %v in %d calls; want %+v in 2", status, got, err, f.calls(), c.want)
		}
		if q := f.asked[1].URL.Query(); q.Get("envelope_ids") != string(eid("e1")) || !strings.HasSuffix(f.asked[1].URL.Path, "/envelopes") {
			t.Errorf("%s: asked for %s", status, f.asked[1].URL)
		}
	}
}

// TestFindNoID has an answer that names an envelope by what is no ID: neither is
// it found nor is it absent.
func TestFindNoID(t *testing.T) {
	f := always(200, `{"envelopeTransactionStatuses":[{"transactionId":"t1","envelopeId":"17","status":"sent"}]}`)
	if found, err := connected(t, f).Find(t.Context(), []envelope.TransactionID{tid("t1")}); kindOf(t, err) != Down || len(found) != 0 {
		t.Errorf("Find = %v, %v; want nothing, and down", found, err)
	}
	f = always(200, `{"envelopes":[{"envelopeId":"17","status":"sent","customFields":{"textCustomFields":[{"name":"batchsendId","value":"t1"}]}}]}`)
	if found, ok, err := connected(t, f).FindByField(t.Context(), tid("t1"), time.Now()); kindOf(t, err) != Down || ok {
		t.Errorf("FindByField = %v, %t, %v; want nothing, and down", found, ok, err)
	}
}

// TestFindInPages has a server that lists fewer envelopes than were asked for:
// taking those for absent would send them twice.
func TestFindInPages(t *testing.T) {
	f := &fake{answer: func(_ int, r *http.Request) (*http.Response, error) {
		if !strings.HasPrefix(r.URL.Path, "/restapi/") {
			return nil, nil
		}
		start := 0
		fmt.Sscan(r.URL.Query().Get("start_position"), &start)
		var list []map[string]string
		for i := start; i < min(start+30, 80); i++ {
			list = append(list, map[string]string{"transactionId": envelopeNumber(i).String(), "envelopeId": guids(fmt.Sprint("e", i)), "status": "sent", "sentDateTime": "2026-11-21T11:30:00Z"})
		}
		body, err := json.Marshal(map[string]any{"envelopeTransactionStatuses": list, "totalSetSize": "80"})
		return reply(200, string(body)), err
	}}
	var ids []envelope.TransactionID
	for i := range 80 {
		ids = append(ids, envelopeNumber(i))
	}
	found, err := connected(t, f).Find(t.Context(), ids)
	if err != nil || len(found) != 80 || f.calls() != 3 {
		t.Errorf("Find = %d envelopes, %v in %d calls; want 80 in 3", len(found), err, f.calls())
	}
}

func TestFindByField(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(sandbox.Server)
		c := connected(t, s.Transport())
		start := time.Now()
		env := offer()
		env.Recipients[0].Note = "composite: the field stands elsewhere"
		id, err := c.Send(t.Context(), env, nil)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(8 * 24 * time.Hour) // the transaction ID is forgotten
		if found, err := c.Find(t.Context(), []envelope.TransactionID{env.TransactionID}); err != nil || len(found) != 0 {
			t.Errorf("Find after eight days = %v, %v; want nothing", found, err)
		}
		found, ok, err := c.FindByField(t.Context(), env.TransactionID, start)
		if err != nil || !ok || !cmp.Equal(found, remote.Found{ID: id}) {
			t.Errorf("FindByField = %+v, %t, %v; want %s", found, ok, err, id)
		}
		if found, ok, err := c.FindByField(t.Context(), envelopeNumber(1), start); err != nil || ok {
			t.Errorf("FindByField of nothing = %+v, %t, %v", found, ok, err)
		}
	})
}

// TestFindByFieldChecks has a server that ignores the filter.
func TestFindByFieldChecks(t *testing.T) {
	f := always(200, `{"envelopes":[
		{"envelopeId":"e1","status":"sent","customFields":{"textCustomFields":[{"name":"batchsendId","value":"t2"},{"name":"Case","value":"t1"}]}},
		{"envelopeId":"e2","status":"sent","customFields":null},
		{"envelopeId":"E3","status":"delivered","sentDateTime":"2026-11-21T11:30:00Z","customFields":{"textCustomFields":[{"name":"batchsendId","value":"T1"}],"listCustomFields":null}}]}`)
	c := connected(t, f)
	found, ok, err := c.FindByField(t.Context(), tid("t1"), time.Date(2026, 11, 21, 12, 0, 0, 0, time.FixedZone("", 3600)))
	if err != nil || !ok || !cmp.Equal(found, remote.Found{ID: eid("e3")}) {
		t.Errorf("FindByField = %+v, %t, %v; want e3", found, ok, err)
	}
	q := f.asked[0].URL.Query()
	if q.Get("from_date") != "2026-11-21T11:00:00Z" || q.Get("custom_field") != "batchsendId="+guids("t1") || q.Get("include") != "custom_fields" {
		t.Errorf("query %v", q)
	}
}
