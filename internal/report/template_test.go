package report_test

import (
	"bytes"
	"testing"
	"time"

	"batchsend/internal/report"
	"batchsend/reminders"
	"batchsend/template"
)

// TestTemplate shows what a file may give, and a header that is CSV whatever the
// labels are.
func TestTemplate(t *testing.T) {
	offer := &template.Template{
		Name: "Offer",
		Roles: []template.Role{
			{Name: "Employee", Kind: template.Signer, RoutingOrder: 1, Tabs: []template.Tab{{Label: "Salary", Type: template.Text}, {Label: `Start, "first day"`, Type: template.Text}}},
			{Name: "Manager", Kind: template.Signer, RoutingOrder: 2, Tabs: []template.Tab{{Label: "Salary", Type: template.Text}}},
			{Name: "HR", Kind: template.Signer, RoutingOrder: 3, Person: template.Person{Name: "HR", Email: "hr@example.test"}},
			{Name: "Board", Kind: template.Signer, RoutingOrder: 4, Locked: true},
		},
		Fields:     []template.Field{{Name: "Department", Options: []string{"Sales", "Law"}}},
		NoDocument: true,
	}
	base := reminders.Settings{Delay: 2, Expire: 30}
	var b bytes.Buffer
	if err := report.WriteTemplate(&b, offer, base); err != nil {
		t.Fatal(err)
	}
	same(t, b.String(), `Offer
`+base.String()+`

ROLE      ROUTING ORDER  KIND    TO BE FILLED         TABS
Employee  1              signer  yes                  Salary, Start, "first day"
Manager   2              signer  yes                  Salary
HR        3              signer  no: hr@example.test  
Board     4              signer  no: locked           

The template has no document: no envelope of it can be sent.
custom field Department Sales, Law

A header to start from:
envelope,roleName,routingOrder,name,email,tab:Salary,"tab:Start, ""first day""",field:Department
`)
	b.Reset()
	if err := report.WriteTemplates(&b, []template.Listed{{ID: "1b2c", Name: "Offer", Modified: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}}); err != nil {
		t.Fatal(err)
	}
	same(t, b.String(), "TEMPLATE ID  MODIFIED    NAME\n1b2c         2026-01-02  Offer\n")
}
