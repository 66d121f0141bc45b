package template_test

import (
	"strings"
	"testing"
	"time"

	"batchsend/template"
)

func TestChanged(t *testing.T) {
	offer := func() *template.Template {
		return &template.Template{
			Modified: time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC),
			Roles: []template.Role{{
				Name: "Employee", RoutingOrder: 1, Kind: template.Signer,
				Tabs: []template.Tab{{Label: "Salary", Type: template.Text}},
			}},
			Fields: []template.Field{{Name: "Department"}},
		}
	}
	tests := []struct {
		name   string
		change func(*template.Template)
		want   string // a part of it
	}{
		{"nothing", func(*template.Template) {}, ""},
		{"a role's name", func(t *template.Template) { t.Roles[0].Name = "Employee " }, "other roles"},
		{"a routing order", func(t *template.Template) { t.Roles[0].RoutingOrder = 2 }, "other roles"},
		{"a person", func(t *template.Template) { t.Roles[0].Person.Email = "a@example.test" }, "other roles"},
		{"a label", func(t *template.Template) { t.Roles[0].Tabs[0].Label = "Pay" }, "other roles"},
		{"a tab that the sender must fill", func(t *template.Template) { t.Roles[0].Tabs[0].SenderRequired = true }, "other roles"},
		{"a custom field", func(t *template.Template) { t.Fields[0].Name = "Unit" }, "other roles"},
		{"only the time", func(t *template.Template) { t.Modified = t.Modified.Add(time.Hour) }, "saved anew on 2026-02-03T05:05:06Z"},
	}
	for _, tt := range tests {
		now := offer()
		tt.change(now)
		got := template.Changed(offer().Fingerprint(), now.Fingerprint())
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: Changed = %q, want %q in it", tt.name, got, tt.want)
		}
	}
}
