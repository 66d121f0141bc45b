package docusign

import (
	"context"
	"errors"
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

// theBatch is the batch of all offers.
var theBatch = envelope.BatchID(offer().Account, offer().Batch)

func none(envelope.ID) bool { return false }

// TestMailed sends envelopes of a batch in every way there is, among drafts and
// another batch's, and counts and lists them.
func TestMailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sandbox.Server{BulkRate: 1000}
		c := connected(t, official(t, s))
		want := make(map[envelope.TransactionID]bool)
		send := func(env *envelope.Envelope) {
			if _, err := c.Send(t.Context(), env, nil); err != nil {
				t.Fatal(err)
			}
			want[env.TransactionID] = true
		}
		for i := range 2 {
			send(offerTo(i))
		}
		composite := offerTo(2)
		composite.Recipients[0].Phone = envelope.Phone{CountryCode: "46", Number: "701234567"}
		send(composite)
		for i := range 3 { // two drafts that nobody received, and one that was sent
			id, err := c.Draft(t.Context(), offerTo(10+i), nil)
			if err == nil && i == 0 {
				want[envelopeNumber(10)] = true
				err = c.SendDraft(t.Context(), id, nil)
			}
			if err == nil && i == 1 {
				err = c.DeleteDrafts(t.Context(), id)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		lot := &remote.Lot{ID: "7c1d2c5e-0000-4000-8000-000000000001"}
		queued(t, c, lot, []*envelope.Envelope{offerTo(20), offerTo(21)})
		want[envelopeNumber(20)], want[envelopeNumber(21)] = true, true
		other := offerTo(30)
		other.Batch = "other.csv"
		if _, err := c.Send(t.Context(), other, nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)

		if n, err := c.CountMailed(t.Context(), theBatch); n != len(want) || err != nil {
			t.Errorf("CountMailed = %d, %v; want %d", n, err, len(want))
		}
		if n, err := c.CountAll(t.Context()); n != len(want)+1 || err != nil {
			t.Errorf("CountAll = %d, %v; want %d", n, err, len(want)+1)
		}
		if n, err := c.CountMailed(t.Context(), envelope.BatchID("", "none")); n != 0 || err != nil {
			t.Errorf("CountMailed of nothing = %d, %v", n, err)
		}
		got, err := c.Mailed(t.Context(), theBatch, none)
		if err != nil || len(got) != len(want) {
			t.Fatalf("Mailed = %v, %v; want %d", got, err, len(want))
		}
		for _, m := range got {
			if !want[m.TransactionID] || m.ID == "" || m.Status != "sent" || time.Since(m.Sent) > time.Hour {
				t.Errorf("it lists %+v", m)
			}
			if m.TransactionID != envelopeNumber(21) {
				continue
			}
			people := []remote.Addressee{
				{Role: "HR Records", Name: "HR Records", Email: "hr-records@example.test"},
				{Role: "Employee", Name: "Ann Ek 21", Email: "ann21@example.test"},
				{Role: "Manager", Name: "Bo Ask", Email: "bo@example.test"},
			}
			if diff := cmp.Diff(people, m.Recipients); diff != "" {
				t.Errorf("recipients (-want +got):\n%s", diff)
			}
		}
	})
}

// TestMailedTwice has two envelopes of one transaction ID, which a look-up by that
// ID would show as one.
func TestMailedTwice(t *testing.T) {
	c := connected(t, new(sandbox.Server).Transport())
	for range 2 {
		if _, err := c.Send(t.Context(), offer(), nil); err != nil {
			t.Fatal(err)
		}
	}
	got, err := c.Mailed(t.Context(), theBatch, none)
	if err != nil || len(got) != 2 || got[0].ID == got[1].ID || got[0].TransactionID != got[1].TransactionID {
		t.Errorf("Mailed = %+v, %v; want two of one transaction ID", got, err)
	}
}

// TestMailedLags sends a draft that searches have known for long: that it was
// sent they learn as late as they learn of a new envelope.
func TestMailedLags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := connected(t, (&sandbox.Server{IndexDelay: time.Minute}).Transport())
		id, err := c.Draft(t.Context(), offer(), nil)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if err := c.SendDraft(t.Context(), id, nil); err != nil {
			t.Fatal(err)
		}
		for after, want := range []int{0, 1} {
			if n, err := c.CountMailed(t.Context(), theBatch); n != want || err != nil {
				t.Errorf("CountMailed after %d minutes = %d, %v; want %d", after, n, err, want)
			}
			time.Sleep(time.Minute)
		}
	})
}

// batchItem is an envelope as a list shows it.
func batchItem(id, batch, sent string) any {
	return map[string]any{"envelopeId": guids(id), "status": "Completed", "sentDateTime": sent, "customFields": map[string]any{
		"textCustomFields": []map[string]string{{"name": IdentityField, "value": guids(strings.NewReplacer("e", "t", "E", "T").Replace(id))}, {"name": BatchField, "value": batch}},
	}, "recipients": map[string]any{
		"recipientCount": "1", "currentRoutingOrder": 1, "carbonCopies": nil,
		"inPersonSigners": []map[string]string{{"roleName": "R", "name": "Ann", "hostEmail": "host@example.test"}},
	}}
}

func TestMailedPages(t *testing.T) {
	const sent = "2026-11-21T11:30:00.1234567Z"
	for how, position := range positions {
		t.Run(how, func(t *testing.T) {
			items := []any{
				batchItem("E1", strings.ToUpper(theBatch), sent), batchItem("e1", theBatch, sent), // pushed onto the next page
				batchItem("e2", "another", sent), batchItem("e3", theBatch, ""),
				map[string]any{"envelopeId": guids("e4"), "status": "sent", "sentDateTime": sent, "customFields": nil, "recipients": nil},
			}
			for i := range 5 {
				items = append(items, batchItem(fmt.Sprint("e2", i), theBatch, sent))
			}
			f := paged("envelopes", items, 4, position)
			got, err := connected(t, f).Mailed(t.Context(), theBatch, none)
			var ids []envelope.ID
			for _, m := range got {
				ids = append(ids, m.ID)
			}
			if want := []envelope.ID{eid("e1"), eid("e20"), eid("e21"), eid("e22"), eid("e23"), eid("e24")}; err != nil || !slices.Equal(ids, want) || f.calls() != 3 {
				t.Fatalf("Mailed = %q, %v in %d calls; want %q in 3", ids, err, f.calls(), want)
			}
			want := remote.Mailed{
				ID: eid("e1"), TransactionID: tid("t1"), Status: "completed", Sent: time.Date(2026, 11, 21, 11, 30, 0, 123456700, time.UTC),
				Recipients: []remote.Addressee{{Role: "R", Name: "Ann", Email: "host@example.test"}},
			}
			if diff := cmp.Diff(want, got[0]); diff != "" {
				t.Errorf("Mailed (-want +got):\n%s", diff)
			}
			q := f.asked[0].URL.Query()
			since, _ := time.Parse(time.RFC3339, q.Get("from_date"))
			if years := time.Since(since).Hours() / 24 / 365; f.asked[0].Method != http.MethodGet || years > 2.01 || years < 1.98 ||
				q.Get("custom_field") != "batchsendBatch="+theBatch || q.Get("from_to_status") != "sent" || q.Get("include") != "custom_fields,recipients" {
				t.Errorf("asked %s", f.asked[0].URL)
			}
		})
	}
}

// TestMailedRepeats has a server that answers with the first page for ever.
func TestMailedRepeats(t *testing.T) {
	f := always(200, `{"totalSetSize":"100000","envelopes":[{"envelopeId":"e1","status":"sent"}]}`)
	if got, err := connected(t, f).Mailed(t.Context(), theBatch, none); len(got) != 0 || !errors.Is(err, errRepeatedPage) || f.calls() != 2 {
		t.Errorf("Mailed = %v, %v in %d calls; want an error in 2: the others may be there", got, err, f.calls())
	}
}

// TestCountMailedAnswers reads what other servers may answer. A number that is
// not told must not be taken for none.
func TestCountMailedAnswers(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		want   int
		kind   Kind
	}{
		{200, `{"resultSetSize":"0","totalSetSize":"0"}`, 0, 0},
		{200, `{"totalSetSize":"412","envelopes":[{"envelopeId":"e1"}]}`, 412, 0},
		{200, `{"totalSetSize":412}`, 412, 0},
		{200, `{"envelopes":[{"envelopeId":"e1"}]}`, 0, Down},
		{200, `{"totalSetSize":"0","envelopes":[{"envelopeId":"e1"}]}`, 0, Down},
		{200, `{"totalSetSize":"many"}`, 0, Down},
		{200, `{}`, 0, Down},
		{200, `<html>`, 0, Down},
		{400, said("USER_LACKS_PERMISSIONS", ""), 0, Refused},
	} {
		for name, count := range map[string]func(*Client, context.Context) (int, error){
			"CountMailed": func(c *Client, ctx context.Context) (int, error) { return c.CountMailed(ctx, theBatch) },
			"CountAll":    (*Client).CountAll,
		} {
			f := always(c.status, c.body)
			n, err := count(connected(t, f), t.Context())
			if n != c.want || (err == nil) != (c.kind == 0) || err != nil && kindOf(t, err) != c.kind || f.calls() != 1 {
				t.Errorf("%s of %s = %d, %v; want %d, %s", name, c.body, n, err, c.want, c.kind)
			}
			if q := f.asked[0].URL.Query(); q.Get("count") != "1" || q.Get("from_to_status") != "sent" || q.Has("custom_field") != (name == "CountMailed") {
				t.Errorf("asked %s", f.asked[0].URL)
			}
		}
	}
}
