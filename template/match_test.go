package template_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"batchsend/template"
)

func offer() *template.Template {
	return &template.Template{
		Name: "Offer",
		Roles: []template.Role{
			{Name: "Employee", Kind: template.Signer, RoutingOrder: 1},
			{Name: "Signer", Kind: template.Signer, RoutingOrder: 2},
			{Name: "Signer", Kind: template.Signer, RoutingOrder: 3},
			{Name: "Twin", Kind: template.Signer, RoutingOrder: 4},
			{Name: "Twin", Kind: template.Signer, RoutingOrder: 4},
			{Name: "Host", Kind: template.InPersonSigner, RoutingOrder: 5},
			{Name: "HR Records", Kind: template.CarbonCopy, RoutingOrder: 6, Person: template.Person{Email: "hr@example.test"}},
			{Name: "Group", Kind: template.Signer, RoutingOrder: 7, Person: template.Person{Group: "12"}},
			{Name: "Keeper", Kind: template.Signer, RoutingOrder: 8, Locked: true},
			{Name: "Odd", RoutingOrder: 9},
		},
	}
}

func TestMatch(t *testing.T) {
	for _, tt := range []struct {
		name  string
		order int
		want  string // the error's text begins so
	}{
		{"Employee", 0, ""},
		{"Employee", 1, ""},
		{"Signer", 3, ""},
		{"Employee", 2, `role "Employee" has routing order 1 in the template, not 2. DocuSign would take this for another recipient`},
		{"Signer", 0, `the template has role "Signer" at routing orders 2 and 3: say which in routingOrder`},
		{"Twin", 4, `the template has several roles "Twin" at routing order 4, and nothing tells them apart`},
		{"Host", 0, `role "Host" is for an in-person signer, which a name and an e-mail address cannot fill`},
		{"HR Records", 0, `role "HR Records" is fixed in the template (hr@example.test)`},
		{"Group", 7, `role "Group" is fixed in the template (a signing group)`},
		{"Keeper", 0, `role "Keeper" is locked in the template`},
		{"Odd", 0, `role "Odd" is for an unknown kind of recipient`},
		{"", 0, `"" is no role of template "Offer", which has "Employee"`},
		{"Employee ", 0, `"Employee " has a trailing space; the template has "Employee", routing order 1. DocuSign would add an extra recipient`},
		{"  Employee", 0, `"  Employee" has a leading space`},
		{" Employee ", 0, `" Employee " has spaces around it`},
		{"Employee\t", 0, `"Employee\t" has an invisible character (U+0009) at position 9`},
		{"HR  Records", 0, `"HR  Records" differs in its spaces`},
		{"HRRecords", 0, `"HRRecords" differs in its spaces`},
		{"hr_records", 0, `"hr_records" differs in its spaces and underscores`},
		{"EMPLOYEE", 0, `"EMPLOYEE" differs in upper and lower case`},
		{"Еmployee", 0, `"Еmployee" has 'Е' (U+0415) at position 1, where the template has 'E'`},
		{"\uff25mployee", 0, `"Ｅmployee" has 'Ｅ' (U+FF25) at position 1, where the template has 'E'`},
		{"Emplyoee", 0, `"Emplyoee" is not a role; the template has "Employee"`},
		{"Nobody", 0, `"Nobody" is no role of template "Offer"`},
	} {
		role, err := offer().Match(tt.name, tt.order)
		switch {
		case err == nil && (tt.want != "" || role.Name != tt.name):
			t.Errorf("Match(%q, %d) = %v, want %q", tt.name, tt.order, role, tt.want)
		case err != nil && (role != nil || tt.want == "" || !strings.HasPrefix(err.Error(), tt.want)):
			t.Errorf("Match(%q, %d) = %v, %v, want %q", tt.name, tt.order, role, err, tt.want)
		}
	}
}

// TestOnlyTheVeryNameMatches: whatever else is given matches no role.
func TestOnlyTheVeryNameMatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.StringN(0, 12, -1), rapid.StringMatching(`[EeЕ]mploye{2}[ \x{200b}s]?`)).Draw(t, "name")
		role, err := offer().Match(name, 0)
		if (err == nil) != (name == "Employee") {
			t.Errorf("Match(%q) = %v, %v", name, role, err)
		}
		var unknown *template.UnknownRoleError
		if errors.As(err, &unknown) && unknown.Near != nil && unknown.Near.Name == name {
			t.Errorf("%q is said to be near itself", name)
		}
	})
}

func TestNearest(t *testing.T) {
	names := []string{"email", "reminderDelay", "1", "2", ""}
	for _, tt := range []struct{ want, near string }{
		{"e-mail", "email"},
		{"emial", "email"},
		{"reminder_dely", "reminderDelay"},
		{"3", ""},
		{"x", ""},
		{"", ""},
		{"phone", ""},
	} {
		got := ""
		if i := template.Nearest(tt.want, names); i >= 0 {
			got = names[i]
		}
		if got != tt.near {
			t.Errorf("Nearest(%q) = %q, want %q", tt.want, got, tt.near)
		}
	}
}

func TestByHeader(t *testing.T) {
	tmpl := offer()
	tmpl.Roles[0].Tabs = []template.Tab{{Label: "Start Date", Type: template.Text}, {Label: "Start Date", Type: template.Date}, {Label: "salary"}, {Label: "Salary"}}
	tmpl.Fields = []template.Field{{Name: "Cost Centre"}}
	if r, ok := tmpl.RoleByHeader("HR_RECORDS"); !ok || r.Name != "HR Records" {
		t.Errorf("RoleByHeader: %v, %v", r, ok)
	}
	if _, ok := tmpl.RoleByHeader("Boss"); ok {
		t.Error("RoleByHeader finds a boss")
	}
	if f, ok := tmpl.Field("cost\u00a0centre"); !ok || f.Name != "Cost Centre" {
		t.Errorf("Field: %v, %v", f, ok)
	}
	for header, want := range map[string]int{"start_date": 2, "Salary": 1, "salary": 1, "SALARY": 0, "Start": 0} {
		if got := len(tmpl.Roles[0].TabsByHeader(header)); got != want {
			t.Errorf("TabsByHeader(%q) finds %d tabs, want %d", header, got, want)
		}
	}
}
