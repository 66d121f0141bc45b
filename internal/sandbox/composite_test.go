package sandbox_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"batchsend/internal/sandbox"
)

const (
	annInline = `{"recipientId":"1","roleName":"Employee","name":"Ann Ek","email":"ann@example.test"}`
	boInline  = `{"recipientId":"2","roleName":"Manager","name":"Bo Berg","email":"bo@example.test"}`
	server    = `"serverTemplates":[{"sequence":"1","templateId":"` + sandbox.DefaultTemplate + `"}]`
)

func composites(parts ...string) string {
	body := `{"status":"sent","customFields":{"textCustomFields":[{"name":"root","value":"ignored"}]},"compositeTemplates":[`
	for i, part := range parts {
		if i > 0 {
			body += ","
		}
		body += part
	}
	return body + `]}`
}

// inline is an inline template with these lists of recipients.
func inline(sequence, recipients string) string {
	return `"inlineTemplates":[{"sequence":"` + sequence + `","recipients":{` + recipients + `}}]`
}

func TestComposite(t *testing.T) {
	both := `"signers":[` + annInline + `,` + boInline + `]`
	tests := []struct {
		name    string
		server  *sandbox.Server
		body    string
		want    []string
		dropped []string
		code    string
	}{
		{
			name: "inline over server", body: composites(`{` + server + `,` + inline("2", both) + `}`),
			want: []string{annLine, boLine, hrLine},
		},
		{
			name: "sequence decides, not position", body: composites(`{` + inline("2", both) + `,` + server + `}`),
			want: []string{annLine, boLine, hrLine},
		},
		{
			name: "server over inline: the people are lost", body: composites(`{"serverTemplates":[{"sequence":"2","templateId":"` + sandbox.DefaultTemplate + `"}],` + inline("1", `"signers":[`+with(annInline, `"routingOrder":"1"`)+`,`+with(boInline, `"routingOrder":"2"`)+`]`) + `}`),
			want: []string{hrLine}, dropped: []string{"Employee", "Manager"},
		},
		{
			name: "server over inline at other orders: the people stay beside it", body: composites(`{"serverTemplates":[{"sequence":"2","templateId":"` + sandbox.DefaultTemplate + `"}],` + inline("1", `"signers":[`+with(boInline, `"routingOrder":"1"`)+`]`) + `}`),
			want: []string{"1 signers Bo Berg tabs=0 ADDED", hrLine}, dropped: []string{"Employee", "Manager"},
		},
		{
			name: "a fixed person can be replaced", body: composites(`{` + server + `,` + inline("2", both+`,"carbonCopies":[{"roleName":"HR Records","name":"Archive","email":"archive@example.test"}]`) + `}`),
			want: []string{annLine, boLine, "3 carbonCopies Archive tabs=0"},
		},
		{
			name: "another kind does not match", body: composites(`{` + server + `,` + inline("2", both+`,"signers":[`+annInline+`,`+boInline+`,{"roleName":"HR Records","name":"Archive","email":"archive@example.test"}]`) + `}`),
			want: []string{annLine, boLine, hrLine, "1 signers Archive tabs=0 ADDED"},
		},
		{
			name: "case differs", body: composites(`{` + server + `,` + inline("2", `"signers":[`+annInline+`,{"roleName":"manager","name":"Bo Berg","email":"bo@example.test"}]`) + `}`),
			want: []string{annLine, hrLine, "1 signers Bo Berg tabs=0 ADDED"}, dropped: []string{"Manager"},
		},
		{
			name: "order differs", body: composites(`{` + server + `,` + inline("2", `"signers":[`+annInline+`,`+with(boInline, `"routingOrder":"1"`)+`]`) + `}`),
			want: []string{annLine, hrLine, "1 signers Bo Berg tabs=0 ADDED"}, dropped: []string{"Manager"},
		},
		{
			name: "equal people of two composites merge", body: composites(`{`+server+`,`+inline("2", both)+`}`, `{`+server+`,`+inline("2", both)+`}`),
			want: []string{"1 signers Ann Ek tabs=18", "2 signers Bo Berg tabs=4", hrLine},
		},
		{
			name: "a role filled by a sibling is not empty", server: &sandbox.Server{EmptyRoles: sandbox.EmptyRolesBadEmail},
			body: composites(`{`+server+`,`+inline("2", both)+`}`, `{`+server+`}`),
			want: []string{annLine, boLine, hrLine},
		},
		{
			name: "no server template, nobody is amiss", body: `{"status":"sent","emailSubject":"Hi","compositeTemplates":[{"document":{"documentId":"1","name":"a.pdf"},` + inline("1", `"signers":[`+annInline+`]`) + `}]}`,
			want: []string{"1 signers Ann Ek tabs=0"},
		},
		{
			name: "unknown template", body: composites(`{"serverTemplates":[{"sequence":"1","templateId":"x"}]}`),
			code: "TEMPLATE_ID_INVALID",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := zero(tt.server)
			got := newClient(t, s).do("POST", "/envelopes", tt.body)
			if got.code() != tt.code {
				t.Fatalf("got %d %s", got.status, got.body)
			}
			if tt.code != "" {
				return
			}
			e := last(t, s)
			if diff := cmp.Diff(tt.want, people(e)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.dropped, e.DroppedRoles); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCompositeDetails(t *testing.T) {
	s := &sandbox.Server{}
	newClient(t, s).create(composites(`{` + server + `,"inlineTemplates":[{"sequence":"2",
		"envelope":{"emailSubject":"From the inline template","notification":{"expirations":{"expireEnabled":"true","expireAfter":"44"}}},
		"customFields":{"textCustomFields":[{"name":"Department","value":"R&D"},{"name":"row","value":"7"}]},
		"recipients":{"signers":[` + with(annInline, `"note":"private","phoneNumber":{"countryCode":"46","number":"701234567"},
			"tabs":{"textTabs":[{"tabLabel":"Salary","value":"42000"}]}`) + `,` + boInline + `]}}]}`))
	e := last(t, s)
	if e.EmailSubject != "From the inline template" || e.Notification.ExpireAfter != 44 {
		t.Errorf("subject %q, notification %+v", e.EmailSubject, e.Notification)
	}
	var fields []string
	for _, f := range e.CustomFields {
		fields = append(fields, f.Name+"="+f.Value)
	}
	if diff := cmp.Diff([]string{"Department=R&D", "Region=", "row=7"}, fields); diff != "" {
		t.Errorf("the root's custom fields are ignored: %s", diff)
	}
	r := e.Recipients[0]
	if r.Note != "private" || r.Phone.Number != "701234567" || values(r, "Salary")[0] != "42000" {
		t.Errorf("recipient %+v", r)
	}
}
