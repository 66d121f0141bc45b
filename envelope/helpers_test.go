package envelope_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"batchsend/envelope"
	"batchsend/internal/rows"
	"batchsend/reminders"
	"batchsend/template"
)

const (
	account = "aaaaaaaa-0000-4000-8000-000000000001"
	offerID = "0ffe1e77-0000-4000-8000-000000000001"
)

// offer is a template with two roles to fill and a fixed one.
func offer() *template.Template {
	return &template.Template{
		ID: offerID, Name: "Offer letter", Subject: "Your offer letter",
		Roles: []template.Role{
			{Name: "Employee", Kind: template.Signer, RoutingOrder: 1, Tabs: []template.Tab{
				{Label: "EmployeeSignature", Type: "signHereTabs"},
				{Label: "Salary", Type: template.Text, MaxLength: 20},
				{Label: "EmployeeID", Type: template.Text, Pattern: `^[0-9]{4,6}$`, Hint: "Four to six digits"},
				{Label: "FirstDay", Type: template.Text},
				{Label: "FirstDay", Type: template.Text},
				{Label: "Office", Type: template.List, Options: []string{"Stockholm", "Berlin", "London"}},
				{Label: "Relocation", Type: template.Checkbox},
				{Label: "Plan", Type: template.Radio, Options: []string{"gold", "silver"}},
				{Label: "Bonus", Type: template.Number},
			}},
			{Name: "Manager", Kind: template.Signer, RoutingOrder: 2, Tabs: []template.Tab{
				{Label: "CostCentre", Type: template.Text},
			}},
			{Name: "HR Records", Kind: template.CarbonCopy, RoutingOrder: 3, Person: template.Person{Name: "HR Records", Email: "hr-records@example.test"}},
		},
		Fields: []template.Field{
			{Name: "Department", Show: true},
			{Name: "Region", Show: true, List: true, Options: []string{"North", "South", "Abroad"}},
		},
	}
}

// offerBase is what the offer's own settings come to.
var offerBase = reminders.Settings{Delay: 2, Frequency: 3, Expire: 30, Warn: 3}

func offerChecker() *envelope.Checker { return checker(offer()) }

// checker knows the given templates; the first is the default.
func checker(templates ...*template.Template) *envelope.Checker {
	c := &envelope.Checker{Account: account, DefaultTemplate: templates[0].ID, Sources: map[string]*envelope.Source{}}
	for _, t := range templates {
		c.Sources[t.ID] = &envelope.Source{Template: t, Base: offerBase}
	}
	return c
}

// readFile reads text as a file called in.csv.
func readFile(text string) (*envelope.Input, error) {
	file, err := rows.Open("in.csv", strings.NewReader(text), rows.Options{KnownColumn: envelope.KnownColumn})
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return envelope.Read("batch", file.Rows())
}

// read reads text as a file that can be read.
func read(t failer, text string) *envelope.Input {
	t.Helper()
	in, err := readFile(text)
	if err != nil {
		t.Fatalf("Read: %v\n%s", err, text)
	}
	return in
}

// problemsOf reads and checks text and returns all problems, the reader's
// among them, in the order of drafts; then the warnings.
func problemsOf(t failer, c *envelope.Checker, text string) (problems, warnings []envelope.Problem) {
	t.Helper()
	in, err := readFile(text)
	if err != nil {
		list, ok := errors.AsType[envelope.Problems](err)
		if !ok {
			t.Fatalf("Read: %v", err)
		}
		return list, nil
	}
	warnings = c.Check(in.Drafts)
	for _, d := range in.Drafts {
		if (d.Envelope == nil) != (len(d.Problems) > 0) {
			t.Errorf("line %d: envelope %v with problems %v", d.Position().Line, d.Envelope, d.Problems)
		}
		problems = append(problems, d.Problems...)
	}
	return problems, warnings
}

// short writes problems as "line CODE column", each once.
func short(problems []envelope.Problem) []string {
	var out []string
	for _, p := range problems {
		s := strings.TrimSpace(fmt.Sprintf("%d %s %s", p.Line, p.Code, p.Column))
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// failer is a [testing.T], or a law's.
type failer interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}
