package docusign

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"batchsend/envelope"
	"batchsend/internal/remote"
	"batchsend/reminders"
	"batchsend/template"
)

// aLot is a lot that has all that its calls need.
func aLot() *remote.Lot {
	return &remote.Lot{
		ID:        "7c1d2c5e-0000-4000-8000-000000000001",
		Draft:     "0ffe1e77-0000-4000-8000-00000000000d",
		List:      "0ffe1e77-0000-4000-8000-00000000000c",
		BulkBatch: "0ffe1e77-0000-4000-8000-00000000000b",
	}
}

// lotMember is an envelope that can go in a lot, and uses all that a copy can
// carry.
func lotMember() *envelope.Envelope {
	env := full()
	env.Fields = append(env.Fields, envelope.Field{Name: "Remark"})
	env.Recipients[0].Note = "We met on Tuesday"
	env.Recipients[0].Tabs = []envelope.Tab{
		{Type: template.Text, Label: "Street", Value: "Ål street 1"},
		{Type: template.List, Label: "Heating", Value: "gas"},
		{Type: template.Radio, Label: "Floor", Value: "top"},
		{Type: template.Text, Label: "Remark"},
	}
	return env
}

func TestLotWire(t *testing.T) {
	id := transactionID("4dd1b7a5-0000-4000-8000-000000000001")
	plain := lotMember()
	plain.TransactionID, plain.Subject, plain.Blurb, plain.Notification, plain.Fields = envelopeNumber(2), "", "", nil, nil
	plain.Recipients = plain.Recipients[1:2]
	merged := lotMember()
	merged.TransactionID, merged.MergedSubject, merged.MergedBlurb = envelopeNumber(3), "Lease for Ann Ek", "Dear Ann Ek"
	merged.Notification = &reminders.Settings{Expire: 120}
	merged.Recipients = merged.Recipients[:1]
	odd := lotMember()
	odd.Fields = nil
	odd.Recipients = nil
	for _, role := range []string{"Co tenant", "co-tenant", "Co:tenant", "Käufer (1)", `"<a@b>",;`, strings.Repeat("long role 𝄞", 9), ""} {
		odd.Recipients = append(odd.Recipients, envelope.Recipient{Role: role, Kind: template.Signer, RoutingOrder: 1})
	}
	goldenJSON(t, "lot-draft.json", lotDefinition(lotMember(), id))
	goldenJSON(t, "lot-draft-plain.json", lotDefinition(plain, id))
	goldenJSON(t, "lot-draft-roles.json", lotDefinition(odd, id))
	goldenJSON(t, "lot-list.json", listOf(aLot(), []*envelope.Envelope{lotMember(), plain, merged}))
	goldenJSON(t, "lot-send.json", wireLot{aLot().Draft, text(aLot().Name())})
}

func TestPlaceholderAddresses(t *testing.T) {
	var recipients []envelope.Recipient
	for _, role := range []string{"A--3", "a b", "A.b", "A-b", "Ä", "", "@", strings.Repeat("x", 500), strings.Repeat("x", 499), "𝄞𝄞"} {
		recipients = append(recipients, envelope.Recipient{Role: role})
	}
	seen := make(map[text]string)
	for i, p := range placeholders(recipients) {
		local, domain, _ := strings.Cut(string(p.Email), "@")
		if domain != "docusign.com" || len(local) > 64 || strings.Trim(local, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
			t.Errorf("role %.20q has the address %s", recipients[i].Role, p.Email)
		}
		key := text(strings.ToLower(string(p.Email)))
		if other, ok := seen[key]; ok {
			t.Errorf("roles %.20q and %.20q share the address %s", recipients[i].Role, other, p.Email)
		}
		seen[key] = recipients[i].Role
		if string(p.RoleName) != recipients[i].Role || len(p.Name) > 100 {
			t.Errorf("role %.20q is filled as %+v", recipients[i].Role, p)
		}
	}
}

// lotCalls are the calls that send a lot, and what a good answer gives.
var lotCalls = []struct {
	name         string
	do           func(context.Context, *Client) (string, error)
	path, answer string
	want         string
	repeatable   bool
}{
	{
		name: "draft",
		do: func(ctx context.Context, c *Client) (string, error) {
			id, err := c.LotDraft(ctx, lotMember(), transactionID("4dd1b7a5-0000-4000-8000-000000000001"))
			return string(id), err
		},
		path: "/envelopes", answer: guids(`{"envelopeId":"E1","status":"created"}`), want: guids("e1"),
	},
	{
		name: "list",
		do: func(ctx context.Context, c *Client) (string, error) {
			return c.CreateList(ctx, aLot(), []*envelope.Envelope{lotMember()})
		},
		path: "/bulk_send_lists", answer: `{"listId":"L1","bulkCopies":null}`, want: "l1",
	},
	{
		name: "test",
		do: func(ctx context.Context, c *Client) (string, error) {
			return "", c.TestList(ctx, "l 1", aLot().Draft)
		},
		path: "/bulk_send_lists/l%201/test", answer: `{"canBeSent":true}`, repeatable: true,
	},
	{
		name: "send",
		do: func(ctx context.Context, c *Client) (string, error) {
			return c.SendList(ctx, aLot(), nil)
		},
		path: "/bulk_send_lists/" + aLot().List + "/send", answer: `{"batchId":"B1","errors":[]}`, want: "b1",
	},
}

// TestLotCalls has each call of a lot answered well, and as DocuSign and the
// network may fail.
func TestLotCalls(t *testing.T) {
	const queue, store = "BULK_SEND_ACCOUNT_HAS_TOO_MANY_QUEUED_ENVELOPES", "BULK_SEND_BLOB_STORE_ERROR"
	for _, call := range lotCalls {
		for _, c := range []struct {
			name   string
			status int // 0: the answer is lost
			body   string
			kind   Kind // of a call that must not be made twice; 0: none
			safe   Kind // of one that may
		}{
			{"well", 201, call.answer, 0, 0},
			{"well, 200", 200, call.answer, 0, 0},
			{"lost", 0, "", Unknown, Down},
			{"cut off", 201, `{"`, Unknown, Down},
			{"of another shape", 201, `[]`, Unknown, Down},
			{"bad gateway", 502, "<html>", Unknown, Down},
			{"queue full", 400, said(queue, "Please try again later."), Refused, Refused},
			{"queue full, 429", 429, said(strings.ToLower(queue), ""), Refused, Refused},
			{"queue full, 503", 503, said(queue, ""), Unknown, Down},
			{"not stored", 400, said(store, ""), Down, Down},
			{"not stored, 500", 500, said(store, ""), Unknown, Down},
			{"too many copies", 400, said("BULK_SEND_ENVELOPE_LIST_CONTAINS_TOO_MANY_COPIES", ""), Refused, Refused},
			{"no such list", 404, said("BULK_SEND_LIST_NOT_FOUND", ""), Refused, Refused},
			{"hourly limit", 429, said("HOURLY_APIINVOCATION_LIMIT_EXCEEDED", ""), Limited, Limited},
			{"allowance", 400, said("ENVELOPE_ALLOWANCE_EXCEEDED", ""), Halt, Halt},
		} {
			t.Run(call.name+"/"+c.name, func(t *testing.T) {
				f := &fake{answer: func(_ int, r *http.Request) (*http.Response, error) {
					switch {
					case !strings.HasPrefix(r.URL.Path, "/restapi/"):
						return nil, nil
					case c.status == 0:
						return nil, syscall.ECONNRESET
					}
					return reply(c.status, c.body), nil
				}}
				got, err := call.do(t.Context(), connected(t, f))
				want := c.kind
				if call.repeatable {
					want = c.safe
				}
				if want == 0 {
					if got != call.want || err != nil {
						t.Errorf("= %q, %v; want %q", got, err, call.want)
					}
				} else if e, ok := err.(*Error); !ok || e.Kind != want || got != "" {
					t.Errorf("= %q, %v; want %s", got, err, want)
				} else if full := strings.HasPrefix(c.name, "queue full") && c.status < 500; e.QueueFull() != full {
					t.Errorf("QueueFull of %v = %t, want %t", err, !full, full)
				}
				if r := f.asked[0]; f.calls() != 1 || r.Method != http.MethodPost || !strings.HasSuffix(r.URL.EscapedPath(), call.path) || !json.Valid([]byte(f.bodies[0])) {
					t.Errorf("%d calls, the first %s %s", f.calls(), r.Method, r.URL)
				}
			})
		}
	}
}

// TestNoRightToLists: an account that may not send lists may still send.
func TestNoRightToLists(t *testing.T) {
	for _, call := range lotCalls {
		f := &fake{answer: func(_ int, r *http.Request) (*http.Response, error) {
			if !strings.HasPrefix(r.URL.Path, "/restapi/") {
				return nil, nil
			}
			return reply(400, said("ACCOUNT_LACKS_PERMISSIONS", "")), nil
		}}
		_, err := call.do(t.Context(), connected(t, f))
		want := Refused
		if call.name == "draft" {
			want = Halt
		}
		if e, ok := err.(*Error); !ok || e.Kind != want {
			t.Errorf("%s: %v, want %s", call.name, err, want)
		}
	}
}

// TestLotAnswers is about good answers that say something else.
func TestLotAnswers(t *testing.T) {
	draft, list, test, send := lotCalls[0].do, lotCalls[1].do, lotCalls[2].do, lotCalls[3].do
	for _, c := range []struct {
		name string
		do   func(context.Context, *Client) (string, error)
		body string
		kind Kind // 0: no error
		full bool
		text string // of the error, behind what was asked
	}{
		{"draft: no ID", draft, `{"status":"created"}`, Unknown, false, "the answer names no envelope (HTTP 201)"},
		{"draft: refused within", draft, `{"errorDetails":{"errorCode":"TEMPLATE_ID_INVALID"}}`, Refused, false, "TEMPLATE_ID_INVALID (HTTP 201)"},
		{"list: no ID", list, `{}`, Unknown, false, "the answer names no list (HTTP 201)"},
		{"list: null", list, `null`, Unknown, false, "the answer names no list (HTTP 201)"},

		{"test: as a string", test, `{"canBeSent":"true","validationErrors":null}`, 0, false, ""},
		{"test: in capitals", test, `{"canBeSent":"True","validationErrors":[]}`, 0, false, ""},
		{
			"test: no", test, `{"canBeSent":false,"validationErrors":["BULK_SEND_RECIPIENT_ROLE_DOES_NOT_MATCH","BULK_SEND_TAB_DOES_NOT_MATCH"],
			"validationErrorDetails":["Recipient Role A does not match.","Tab B does not match.","Tab B does not match.",null]}`,
			Refused, false,
			"BULK_SEND_RECIPIENT_ROLE_DOES_NOT_MATCH: Recipient Role A does not match; Tab B does not match (HTTP 200)",
		},
		{"test: no, as a string", test, `{"canBeSent":"false","validationErrors":["X"]}`, Refused, false, "X (HTTP 200)"},
		{"test: no details", test, `{"canBeSent":false,"validationErrors":["X","Y","Z"]}`, Refused, false, "X: Y; Z (HTTP 200)"},
		{"test: no reasons", test, `{"canBeSent":false}`, Refused, false, "DocuSign does not say why the list cannot be sent (HTTP 200)"},
		{"test: nothing", test, `{}`, Refused, false, "DocuSign does not say why the list cannot be sent (HTTP 200)"},
		{"test: queue full", test, `{"canBeSent":false,"validationErrors":["BULK_SEND_ACCOUNT_HAS_TOO_MANY_QUEUED_ENVELOPES"]}`, Refused, true, "BULK_SEND_ACCOUNT_HAS_TOO_MANY_QUEUED_ENVELOPES (HTTP 200)"},
		{"test: of another shape", test, `{"canBeSent":{}}`, Down, false, ""},

		{"send: with errors and a batch", send, `{"batchId":"b1","errors":["X"]}`, 0, false, ""},
		{"send: with errors", send, `{"batchId":null,"errors":["X"],"errorDetails":["Because."]}`, Refused, false, "X: Because (HTTP 201)"},
		{"send: queue full", send, `{"errors":["BULK_SEND_ACCOUNT_HAS_TOO_MANY_QUEUED_ENVELOPES"]}`, Refused, true, "BULK_SEND_ACCOUNT_HAS_TOO_MANY_QUEUED_ENVELOPES (HTTP 201)"},
		{"send: not stored", send, `{"errors":["BULK_SEND_BLOB_STORE_ERROR"]}`, Down, false, "BULK_SEND_BLOB_STORE_ERROR (HTTP 201)"},
		{"send: allowance", send, `{"errors":["ENVELOPE_ALLOWANCE_EXCEEDED"]}`, Halt, false, "ENVELOPE_ALLOWANCE_EXCEEDED (HTTP 201)"},
		{"send: errors without a word", send, `{"errors":[""],"errorDetails":["Because."]}`, Refused, false, "Because (HTTP 201)"},
		{"send: nothing", send, `{"errors":[]}`, Unknown, false, "the answer names no batch (HTTP 201)"},
		{"send: only details", send, `{"errorDetails":["Because."]}`, Unknown, false, "the answer names no batch (HTTP 201)"},
		{"send: null", send, `null`, Unknown, false, "the answer names no batch (HTTP 201)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := c.do(t.Context(), connected(t, always(201, c.body)))
			if c.kind == 0 {
				if err != nil {
					t.Error(err)
				}
				return
			}
			e, ok := err.(*Error)
			if !ok || e.Kind != c.kind || e.QueueFull() != c.full {
				t.Fatalf("= %v, want %s", err, c.kind)
			}
			if _, text, _ := strings.Cut(e.Error(), ": "); c.text != "" && text != c.text {
				t.Errorf("the error says %q, want %q", text, c.text)
			}
			if e.QueueFull() && !strings.Contains(e.Hint(), "later") {
				t.Errorf("the hint is %q", e.Hint())
			}
		})
	}
}

// TestLongDetails sees that a list of many complaints stays readable.
func TestLongDetails(t *testing.T) {
	details, err := json.Marshal(strings.Split(strings.Repeat("Recipient Role A\ndoes not match,", 500), ","))
	if err != nil {
		t.Fatal(err)
	}
	c := connected(t, always(200, `{"canBeSent":false,"validationErrors":["X"],"validationErrorDetails":`+string(details)+`}`))
	if err := c.TestList(t.Context(), "l", "d"); err == nil || err.Error() != "test bulk send list: X: Recipient Role A does not match (HTTP 200)" {
		t.Errorf("TestList = %v", err)
	}
	c = connected(t, always(200, `{"canBeSent":false,"validationErrors":["`+strings.Repeat("X", 5000)+`"],"validationErrorDetails":["`+strings.Repeat("y ", 5000)+`"]}`))
	if err := c.TestList(t.Context(), "l", "d"); err == nil || len(err.Error()) > 700 {
		t.Errorf("TestList = an error of %d bytes", len(err.Error()))
	}
}
