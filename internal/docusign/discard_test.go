package docusign

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"batchsend/envelope"
)

func TestDeleteList(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		kind   Kind
	}{
		{"deleted", 200, `{"bulkListSummaries":[]}`, 0},
		{"no content", 204, ``, 0},
		{"unknown", 400, said("BULK_SEND_LIST_NOT_FOUND", "Bulk Sending list x does not exist."), 0},
		{"unknown, 404", 404, ``, 0},
		{"no right", 400, said("USER_LACKS_PERMISSIONS", ""), Refused},
		{"down", 503, ``, Down},
	} {
		f := always(c.status, c.body)
		err := connected(t, f).DeleteList(t.Context(), "l/1")
		if (err == nil) != (c.kind == 0) || err != nil && kindOf(t, err) != c.kind {
			t.Errorf("%s: DeleteList = %v, want %s", c.name, err, c.kind)
		}
		if r := f.asked[0]; r.Method != http.MethodDelete || !strings.HasSuffix(r.URL.EscapedPath(), "/bulk_send_lists/l%2F1") || f.bodies[0] != "{}" {
			t.Errorf("%s: asked %s %s %s", c.name, r.Method, r.URL, f.bodies[0])
		}
	}
}

// binned answers look-ups of envelopes, all of which have a status, and then
// what is to be binned.
func binned(statuses map[envelope.ID]string, code int, body string) *fake {
	return &fake{answer: func(_ int, r *http.Request) (*http.Response, error) {
		switch {
		case !strings.HasPrefix(r.URL.Path, "/restapi/"):
			return nil, nil
		case strings.HasSuffix(r.URL.Path, "/folders/recyclebin"):
			return reply(code, guids(body)), nil
		}
		var asked wireIDs
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			return nil, err
		}
		var found []string
		for _, id := range asked.Envelopes {
			if status := statuses[id]; status != "" {
				found = append(found, fmt.Sprintf(`{"envelopeId":%q,"status":%q}`, id, status))
			}
		}
		return reply(200, `{"envelopes":[`+strings.Join(found, ",")+`]}`), nil
	}}
}

func TestDeleteDrafts(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		kind   Kind
	}{
		{"deleted", 200, `{"envelopes":[{"envelopeId":"e1","errorDetails":{"errorCode":"SUCCESS"}}]}`, 0},
		{"nothing said", 200, `{}`, 0},
		{"gone meanwhile", 200, `{"envelopes":[{"errorDetails":{"errorCode":"ENVELOPE_DOES_NOT_EXIST"}}]}`, 0},
		{"refused within", 200, `{"envelopes":[{"envelopeId":"e0"},{"errorDetails":{"errorCode":"EDIT_LOCK_ENVELOPE_ALREADY_LOCKED"}}]}`, Refused},
		{"no right", 400, said("USER_LACKS_PERMISSIONS", ""), Refused},
		{"down", 503, ``, Down},
	} {
		f := binned(map[envelope.ID]string{eid("e1"): "created"}, c.status, c.body)
		err := connected(t, f).DeleteDrafts(t.Context(), eid("e1"))
		if (err == nil) != (c.kind == 0) || err != nil && kindOf(t, err) != c.kind || f.calls() != 2 {
			t.Errorf("%s: DeleteDrafts = %v in %d calls, want %s in 2", c.name, err, f.calls(), c.kind)
		}
		if r := f.asked[1]; r.Method != http.MethodPut || !strings.HasSuffix(r.URL.Path, "/folders/recyclebin") || f.bodies[1] != guids(`{"envelopeIds":["e1"]}`) {
			t.Errorf("%s: asked %s %s %s", c.name, r.Method, r.URL, f.bodies[1])
		}
	}
}

// TestDeleteDraftsOnly: an envelope that was sent would be voided in the bin.
func TestDeleteDraftsOnly(t *testing.T) {
	f := binned(map[envelope.ID]string{eid("e1"): "sent", eid("e2"): "Created", eid("e3"): "completed"}, 200, `{}`)
	c := connected(t, f)
	if err := c.DeleteDrafts(t.Context(), eid("e1"), eid("e2"), eid("e3"), eid("e4")); err != nil || f.calls() != 2 || f.bodies[1] != guids(`{"envelopeIds":["e2"]}`) {
		t.Errorf("DeleteDrafts = %v, after %q", err, f.bodies)
	}
	if err := c.DeleteDrafts(t.Context(), eid("e1"), eid("e4")); err != nil || f.calls() != 3 {
		t.Errorf("DeleteDrafts of what is no draft = %v in %d calls", err, f.calls())
	}
	if err := c.DeleteDrafts(t.Context()); err != nil || f.calls() != 3 {
		t.Errorf("DeleteDrafts of nothing = %v", err)
	}
}

// TestDeleteManyDrafts takes two calls for each hundred.
func TestDeleteManyDrafts(t *testing.T) {
	drafts := make(map[envelope.ID]string)
	var ids []envelope.ID
	for i := range 250 {
		id := eid(fmt.Sprint("e", i))
		ids = append(ids, id)
		drafts[id] = "created"
	}
	f := binned(drafts, 200, `{}`)
	if err := connected(t, f).DeleteDrafts(t.Context(), ids...); err != nil || f.calls() != 6 {
		t.Errorf("DeleteDrafts = %v in %d calls", err, f.calls())
	}
}
