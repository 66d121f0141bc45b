package envelope_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

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

// wholeFile is a file that was read whole.
type wholeFile struct {
	*envelope.Input
	Drafts []*envelope.Draft // in the order of their first rows
	Rows   int
	last   envelope.Position // of the last row
}

// readFile reads text as a file called in.csv.
func readFile(text string) (*wholeFile, error) {
	file, err := rows.Open("in.csv", strings.NewReader(text), rows.Options{KnownColumn: envelope.KnownColumn})
	if err == nil && file.Guess() != nil && !file.Guess().Certain { // no code page but this one stands in the tests
		file.Close()
		file, err = rows.Open("in.csv", strings.NewReader(text), rows.Options{KnownColumn: envelope.KnownColumn, Encoding: "windows-1252"})
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	in := envelope.NewInput("batch", file.Format(), nil)
	if problems := in.Problems(); len(problems) > 0 {
		return nil, problems
	}
	return readAll(in, func() envelope.RowReader { return file.Rows() })
}

// readAll reads all rows of a file, those of one envelope together. Where they are
// not adjacent they are read again, from another reader.
func readAll(in *envelope.Input, open func() envelope.RowReader) (*wholeFile, error) {
	all := &wholeFile{Input: in}
	labelled := map[string]*envelope.Draft{}
	first, again := in.Read(open()), in.Read(open())
	for {
		d := new(envelope.Draft)
		if err := first.Next(d); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all.Rows += len(d.Rows)
		all.last = d.Rows[len(d.Rows)-1].Position
		if before := labelled[d.Label]; before != nil && d.Label != "" {
			again.Seek(d.Position())
			if err := again.Join(before); err != nil {
				return nil, err
			}
			continue
		}
		all.Drafts, labelled[d.Label] = append(all.Drafts, d), d
	}
}

// check checks drafts as a run does and returns the warnings. Envelopes that stand there twice are rejected.
func check(c *envelope.Checker, drafts []*envelope.Draft) []envelope.Problem {
	return checkOn(3, c, drafts)
}

// checkOn is check on so many goroutines.
func checkOn(workers int, c *envelope.Checker, drafts []*envelope.Draft) []envelope.Problem {
	var uses []envelope.Use
	for _, d := range drafts {
		i := slices.IndexFunc(uses, func(u envelope.Use) bool { return u.In == d.In })
		if i < 0 {
			i, uses = len(uses), append(uses, envelope.Use{In: d.In})
		}
		if id := c.TemplateOf(d); !slices.Contains(uses[i].Templates, id) {
			uses[i].Templates = append(uses[i].Templates, id)
		}
	}
	warnings := c.Prepare(uses)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			var s envelope.Scratch
			for i := w; i < len(drafts); i += workers {
				c.Check(drafts[i], &s)
			}
		})
	}
	wg.Wait()
	var unsignable envelope.Unsignable
	repeats := envelope.Repeats{SeveralFiles: len(uses) > 1, At: func(n int) (*envelope.Identity, envelope.Position) {
		return &drafts[n].Identity, drafts[n].Position()
	}}
	var repeated []envelope.Problem
	for i, d := range drafts {
		unsignable.Add(i, d)
		if d.Envelope == nil {
			continue
		}
		r := repeats.Add(i, &d.Identity)
		p := envelope.Problem{Position: d.Position(), Code: r.Code, Message: r.Message}
		switch r.Effect {
		case envelope.RepeatWarned:
			repeated = append(repeated, p)
		case envelope.RepeatRejected:
			d.Problems, d.Envelope = append(d.Problems, p), nil
		}
	}
	return slices.Concat(warnings, unsignable.Warnings(func(n int) envelope.Position { return drafts[n].Position() }), repeated)
}

// read reads text as a file that can be read.
func read(t failer, text string) *wholeFile {
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
	warnings = check(c, in.Drafts)
	if warning, cut := in.CutOff(in.last); cut && in.Rows > 1 {
		warnings = append(warnings, warning)
	}
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
