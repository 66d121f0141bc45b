package envelope_test

import (
	"fmt"
	"strings"

	"batchsend/envelope"
	"batchsend/internal/rows"
	"batchsend/reminders"
	"batchsend/template"
)

// A file is read, then checked against the templates that it names.
func Example() {
	text := strings.NewReader(`envelope,roleName,name,email
A-1,Employee,Ann Ek,ann.ek@example.test
A-1,Manager,Bo Lind,bo.lind@example.test
A-2,Employee,Cy Berg,cy.berg@example.test
A-2,"Manager ",Bo Lind,bo.lind@example.test
`)
	file, err := rows.Open("offers.csv", text, rows.Options{KnownColumn: envelope.KnownColumn})
	if err != nil {
		fmt.Println(err) // why it cannot be read
		return
	}
	defer file.Close()
	in := envelope.NewInput("offers", file.Format(), nil)
	for _, problem := range in.Problems() {
		fmt.Println(problem) // what is wrong with the header
	}
	checker := envelope.Checker{
		Account:         "aaaaaaaa-0000-4000-8000-000000000001",
		DefaultTemplate: "0ffe1e77-0000-4000-8000-000000000001",
		Sources: map[string]*envelope.Source{"0ffe1e77-0000-4000-8000-000000000001": {
			Template: &template.Template{
				ID: "0ffe1e77-0000-4000-8000-000000000001", Name: "Offer", Subject: "Your offer",
				Roles: []template.Role{
					{Name: "Employee", Kind: template.Signer, RoutingOrder: 1},
					{Name: "Manager", Kind: template.Signer, RoutingOrder: 2},
				},
			},
			Base: reminders.Settings{Expire: 120},
		}},
	}
	for _, warning := range checker.Prepare([]envelope.Use{{In: in, Templates: []string{checker.DefaultTemplate}}}) {
		fmt.Println("warning:", warning)
	}
	var (
		reader  = in.Read(file.Rows())
		d       envelope.Draft
		scratch envelope.Scratch
	)
	for reader.Next(&d) == nil {
		checker.Check(&d, &scratch)
		if d.Envelope != nil {
			fmt.Println(d.Label, d.Envelope.TransactionID)
		}
		for _, problem := range d.Problems {
			fmt.Println(problem.Where(), problem.Code)
		}
	}
	// Output:
	// A-1 63cdff52-de03-5852-b621-6a7d9e59ba0d
	// offers.csv:5: column "roleName" ROLE_UNKNOWN
}
