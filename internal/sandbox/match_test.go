package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"batchsend/internal/sandbox"
)

// people writes down who got an envelope: order, name, tabs, and whether they
// were added beside the roles.
func people(e sandbox.Envelope) []string {
	var out []string
	for _, r := range e.Recipients {
		line := fmt.Sprintf("%d %s %s tabs=%d", r.RoutingOrder, r.Kind, r.Name, len(r.Tabs))
		if r.Added != "" {
			line += " ADDED"
		}
		out = append(out, line)
	}
	return out
}

const (
	annLine = "1 signers Ann Ek tabs=9"
	boLine  = "2 signers Bo Berg tabs=2"
	hrLine  = "3 carbonCopies HR Records tabs=0"
)

// The rows of the table "How role matching behaves".
func TestMatching(t *testing.T) {
	hr := `{"roleName":"HR Records","name":"%s","email":"%s"}`
	tests := []struct {
		name    string
		server  *sandbox.Server
		query   string
		roles   []string
		want    []string
		dropped []string
		code    string
	}{
		{
			name: "role equal, no order", roles: []string{bo, ann},
			want: []string{annLine, boLine, hrLine},
		},
		{
			name: "role and order equal", roles: []string{with(ann, `"routingOrder":"1"`), with(bo, `"routingOrder":2`)},
			want: []string{annLine, boLine, hrLine},
		},
		{
			name: "order differs", roles: []string{ann, with(bo, `"routingOrder":"1"`)},
			want:    []string{annLine, hrLine, "1 signers Bo Berg tabs=0 ADDED"},
			dropped: []string{"Manager"},
		},
		{
			name: "order differs with change_routing_order", query: "?change_routing_order=true",
			roles: []string{ann, with(bo, `"routingOrder":"1"`)},
			want:  []string{annLine, "1 signers Bo Berg tabs=2", hrLine},
		},
		{
			name: "fixed role, same person", roles: []string{ann, bo, fmt.Sprintf(hr, "HR Records", "HR-records@example.test")},
			want: []string{annLine, boLine, hrLine},
		},
		{
			name: "fixed role, other person", roles: []string{ann, bo, fmt.Sprintf(hr, "Archive", "archive@example.test")},
			want: []string{annLine, boLine, hrLine, "1 signers Archive tabs=0 ADDED"},
		},
		{
			name:  "fixed role, other person at another order",
			roles: []string{ann, bo, with(fmt.Sprintf(hr, "Archive", "archive@example.test"), `"routingOrder":"4"`)},
			want:  []string{annLine, boLine, hrLine, "4 signers Archive tabs=0 ADDED"},
		},
		{
			name: "document visibility refuses the extra one", server: &sandbox.Server{DocumentVisibility: true},
			roles: []string{ann, bo, fmt.Sprintf(hr, "Archive", "archive@example.test")},
			code:  "ONESIGNALLSIGN_NOT_SATISFIED",
		},
		{
			name: "unknown role", roles: []string{ann, bo, `{"roleName":"Lawyer","name":"Cy","email":"cy@example.test"}`},
			want: []string{annLine, boLine, hrLine, "1 signers Cy tabs=0 ADDED"},
		},
		{
			name: "unknown role of a person who is there already", roles: []string{ann, bo, `{"roleName":"Boss","name":"Bo Berg","email":"bo@example.test"}`},
			code: "ENVELOPE_HAS_DUPLICATE_RECIPIENTS",
		},
		{
			name: "second entry for a role", roles: []string{ann, bo, `{"roleName":"Manager","name":"Di","email":"di@example.test"}`},
			want: []string{annLine, boLine, hrLine, "2 signers Di tabs=0 ADDED"},
		},
		{
			name: "second equal entry for a role", roles: []string{ann, bo, bo},
			code: "ENVELOPE_HAS_DUPLICATE_RECIPIENTS",
		},
		{
			name: "case differs", roles: []string{ann, strings.ToLower(bo[:20]) + bo[20:]},
			want:    []string{annLine, hrLine, "1 signers Bo Berg tabs=0 ADDED"},
			dropped: []string{"Manager"},
		},
		{
			name: "space in the role", roles: []string{ann, strings.Replace(bo, "Manager", "Manager ", 1)},
			want:    []string{annLine, hrLine, "1 signers Bo Berg tabs=0 ADDED"},
			dropped: []string{"Manager"},
		},
		{
			name: "role omitted", roles: []string{ann},
			want: []string{annLine, hrLine}, dropped: []string{"Manager"},
		},
		{
			name: "role omitted, refused", server: &sandbox.Server{EmptyRoles: sandbox.EmptyRolesBadEmail},
			roles: []string{ann}, code: "INVALID_EMAIL_ADDRESS_FOR_RECIPIENT",
		},
		{
			name: "role omitted, incomplete", server: &sandbox.Server{EmptyRoles: sandbox.EmptyRolesIncomplete},
			roles: []string{ann}, code: "ENVELOPE_IS_INCOMPLETE",
		},
		{
			name: "same person in two roles at two orders", roles: []string{ann, strings.Replace(ann, "Employee", "Manager", 1)},
			want: []string{annLine, "2 signers Ann Ek tabs=2", hrLine},
		},
		{
			name: "same person in two roles at one order", query: "?change_routing_order=true",
			roles: []string{ann, with(strings.Replace(ann, "Employee", "Manager", 1), `"routingOrder":"1"`)},
			code:  "ENVELOPE_HAS_DUPLICATE_RECIPIENTS",
		},
		{
			name: "order is no number", roles: []string{ann, with(bo, `"routingOrder":"second"`)},
			code: "INVALID_REQUEST_PARAMETER",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := zero(tt.server)
			c := newClient(t, s)
			got := c.do("POST", "/envelopes"+tt.query, fromTemplate(tt.roles...))
			if tt.code != "" {
				if got.status != 400 || got.code() != tt.code {
					t.Fatalf("got %d %s, want %s", got.status, got.body, tt.code)
				}
				if n := len(s.Envelopes()); n != 0 {
					t.Errorf("%d envelopes were created", n)
				}
				return
			}
			if got.status != http.StatusCreated {
				t.Fatalf("got %d %s", got.status, got.body)
			}
			e := last(t, s)
			if diff := cmp.Diff(tt.want, people(e)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.dropped, e.DroppedRoles); diff != "" {
				t.Error(diff)
			}
			for _, r := range e.Recipients {
				if !r.Mailed {
					t.Errorf("%s was not mailed", r.Name)
				}
			}
		})
	}
}

// edited returns the built-in template, changed by edit.
func edited(t *testing.T, edit func(template map[string]any)) []json.RawMessage {
	t.Helper()
	c := newClient(t, &sandbox.Server{})
	got := c.do("GET", "/templates/"+sandbox.DefaultTemplate+"?include=tabs", "")
	edit(got.json)
	raw, err := json.Marshal(got.json)
	if err != nil {
		t.Fatal(err)
	}
	return []json.RawMessage{raw}
}

func signer(template map[string]any, i int) map[string]any {
	return template["recipients"].(map[string]any)["signers"].([]any)[i].(map[string]any)
}

func TestLockedRole(t *testing.T) {
	s := &sandbox.Server{Templates: edited(t, func(template map[string]any) {
		signer(template, 1)["templateLocked"] = true // a real boolean: taken, and answered as a string
	})}
	c := newClient(t, s)
	got := c.do("POST", "/envelopes?change_routing_order=true",
		fromTemplate(ann, with(bo, `"routingOrder":"1","clientUserId":"7","accessCode":"sesame"`)))
	if got.status != 201 {
		t.Fatal(got.body)
	}
	r := last(t, s).Recipients[1]
	if r.Name != "Bo Berg" || r.RoutingOrder != 2 || r.ClientUserID != "" || r.AccessCode != "sesame" {
		t.Errorf("locked role became %+v", r)
	}
	template := c.do("GET", "/templates/"+sandbox.DefaultTemplate, "")
	if got := signer(template.json, 1)["templateLocked"]; got != "true" {
		t.Errorf("templateLocked = %v, want the string", got)
	}
}

// Whoever is named in a request that is taken gets mail exactly once, and has a
// template's tabs only in a role of exactly that name and order.
func TestNobodyIsLost(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		type entry struct{ role, order string }
		entries := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) entry {
			return entry{
				rapid.SampledFrom([]string{"Employee", "employee", "Manager", "Manager ", "HR Records", "", "Lawyer"}).Draw(t, "role"),
				rapid.SampledFrom([]string{"", "", "1", "2", "3"}).Draw(t, "order"),
			}
		}), 1, 6).Draw(rt, "roles")
		var roles []string
		for i, e := range entries {
			roles = append(roles, fmt.Sprintf(`{"roleName":%q,"routingOrder":%q,"name":"P%d","email":"p%[3]d@example.test"}`, e.role, e.order, i))
		}
		s := &sandbox.Server{}
		newClient(t, s).create(fromTemplate(roles...))
		seen := make(map[string]int)
		places := map[string]int{"Employee": 1, "Manager": 2}
		for _, r := range last(t, s).Recipients {
			seen[r.Name]++
			if r.Added == "" && r.Name != "HR Records" && places[r.Role] != r.RoutingOrder {
				rt.Errorf("%s fills %q at order %d", r.Name, r.Role, r.RoutingOrder)
			}
			if (r.Added != "") != (r.Name != "HR Records" && len(r.Tabs) == 0) {
				rt.Errorf("%s has %d tabs, added: %q", r.Name, len(r.Tabs), r.Added)
			}
		}
		for i := range entries {
			if n := seen[fmt.Sprintf("P%d", i)]; n != 1 {
				rt.Errorf("P%d is there %d times", i, n)
			}
		}
		if seen["HR Records"] != 1 || len(seen) != len(entries)+1 {
			rt.Errorf("recipients: %v", seen)
		}
	})
}

func TestEmbeddedIsNotMailed(t *testing.T) {
	s := &sandbox.Server{}
	newClient(t, s).create(fromTemplate(with(ann, `"clientUserId":"7"`), bo))
	r := last(t, s).Recipients
	if r[0].Mailed || !r[1].Mailed {
		t.Errorf("mailed = %v, %v; want false, true", r[0].Mailed, r[1].Mailed)
	}
}

func TestAddedReasonsNameTheRole(t *testing.T) {
	s := &sandbox.Server{}
	newClient(t, s).create(fromTemplate(ann, with(bo, `"routingOrder":"5"`)))
	e := last(t, s)
	got := e.Recipients[len(e.Recipients)-1].Added
	for _, want := range []string{`"Manager"`, "order 2", "not 5"} {
		if !strings.Contains(got, want) {
			t.Errorf("Added = %q, want it to say %q", got, want)
		}
	}
}
