package job

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"batchsend/envelope"
	"batchsend/internal/report"
	"batchsend/internal/rows"
	"batchsend/reminders"
	"batchsend/template"
)

const (
	letterID = "1e77e100-0000-4000-8000-000000000001"
	formID   = "f0240000-0000-4000-8000-000000000001"
)

// twoTemplates returns a checker that knows a template with two roles and one with a
// single role. Each has a locked field that somebody must give a value.
func twoTemplates() *envelope.Checker {
	locked := template.Tab{Label: "City", Type: template.Text, Required: true, Locked: true}
	letter := &template.Template{ID: letterID, Name: "Letter", Subject: "Your letter", Roles: []template.Role{
		{Name: "Employee", Kind: template.Signer, RoutingOrder: 1, Tabs: []template.Tab{{Label: "Sign", Type: "signHereTabs"}, locked}},
		{Name: "Manager", Kind: template.Signer, RoutingOrder: 2, Tabs: []template.Tab{{Label: "Sign", Type: "signHereTabs"}}},
	}}
	form := &template.Template{ID: formID, Name: "Form", Subject: "A form", Roles: []template.Role{
		{Name: "Reader", Kind: template.Signer, RoutingOrder: 1, Tabs: []template.Tab{{Label: "Sign", Type: "signHereTabs"}, locked}},
	}}
	c := &envelope.Checker{Account: "aaaaaaaa-0000-4000-8000-000000000001", DefaultTemplate: letterID, Sources: map[string]*envelope.Source{}}
	for _, t := range []*template.Template{letter, form} {
		c.Sources[t.ID] = &envelope.Source{Template: t, Base: reminders.Settings{Delay: 2, Frequency: 3, Expire: 30}}
	}
	return c
}

// rowsOf returns random lines of a file, in its order, the header first.
func rowsOf(t *rapid.T, form string) []string {
	header := map[string]string{
		"long": "envelope,roleName,name,email,tab:City,templateId", "wide": "envelope,Employee::Name,Employee::Email,Manager::Name,Manager::Email,emailSubject",
		"bare": "name,email,tab:City",
	}[form]
	label := rapid.SampledFrom([]string{"", "A", "A", "B", "B", "C", `"D, or d"`, " A "})
	name := rapid.SampledFrom([]string{"Ann", "Bo", `"Cy ""C"" Ek"`, `"two` + "\n" + `lines"`, ""})
	email := rapid.SampledFrom([]string{"ann@example.test", "bo@example.test", "cy@example.test", "di@example.test", "nobody"})
	city := rapid.SampledFrom([]string{"", "Malmö", "Lund"})
	lines := []string{header}
	for range rapid.IntRange(0, 14).Draw(t, "rows") {
		cells := []string{}
		switch form {
		case "long":
			cells = []string{
				label.Draw(t, "label"), rapid.SampledFrom([]string{"Employee", "Manager", "employee", "Manager", "Reader", "Nobody"}).Draw(t, "role"),
				name.Draw(t, "name"), email.Draw(t, "email"), city.Draw(t, "city"), rapid.SampledFrom([]string{"", "", "", letterID, formID, "{" + strings.ToUpper(formID) + "}", "none"}).Draw(t, "template"),
			}
		case "wide":
			cells = []string{
				label.Draw(t, "label"), name.Draw(t, "name"), email.Draw(t, "email"), name.Draw(t, "name"), email.Draw(t, "email"),
				rapid.SampledFrom([]string{"", "", "Hello", "Hi"}).Draw(t, "subject"),
			}
		case "bare":
			cells = []string{name.Draw(t, "name"), email.Draw(t, "email"), city.Draw(t, "city")}
		}
		switch rapid.IntRange(0, 11).Draw(t, "malformed") {
		case 0:
			cells = cells[:len(cells)-1]
		case 1:
			cells[len(cells)-1] = `"torn"x`
		case 2:
			cells[0] += `"open`
		}
		lines = append(lines, strings.Join(cells, ","))
	}
	return lines
}

// model is what reading all files at once, and putting together what has one label,
// makes of them.
type model struct {
	envelopes []*envelope.Draft // in the order of their first rows
	of        []int             // of each piece, in the order of the files
	pieces    []*envelope.Draft // rows as they stand together, checked by nobody
	problems  [][]envelope.Problem
	unsigned  envelope.Unsignable
}

func (m *model) read(f *file, check func(*envelope.Draft, *envelope.Scratch)) error {
	first, labelled := len(m.envelopes), map[string]int{}
	var groups [][]envelope.Row
	for from := f.in.Read(f.text.Rows()); ; {
		d := new(envelope.Draft)
		if err := from.Next(d); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		n, again := labelled[d.Label]
		if d.Label == "" || !again {
			n, groups = len(groups), append(groups, nil)
			labelled[d.Label] = n
		}
		groups[n] = append(groups[n], d.Rows...)
		m.pieces, m.of = append(m.pieces, d), append(m.of, first+n)
	}
	from := f.in.Read(&rowList{f.text.Rows(), slices.Concat(groups...)})
	for range groups {
		d := new(envelope.Draft)
		if err := from.Next(d); err != nil {
			return err
		}
		if check != nil {
			check(d, new(envelope.Scratch))
		}
		m.unsigned.Add(len(m.envelopes), d)
		m.envelopes, m.problems = append(m.envelopes, d), append(m.problems, slices.Clone(d.Problems))
	}
	return nil
}

// rejectRepeats rejects what stands in the files twice.
func (m *model) rejectRepeats() {
	type name struct{ batch, label string }
	contents, names := map[envelope.Content]bool{}, map[name]string{}
	for n, d := range m.envelopes {
		if d.Envelope == nil {
			continue
		}
		label, code := name{d.In.Batch, d.Label}, envelope.Code("")
		switch file, taken := names[label]; {
		case contents[d.Identity.Content]:
			code = envelope.DuplicateEnvelope
		case taken && d.Label != "" && file != d.In.Name():
			code = envelope.KeyConflict
		default:
			contents[d.Identity.Content], names[label] = true, d.In.Name()
			continue
		}
		m.problems[n] = []envelope.Problem{{Position: d.Position(), Code: code}}
	}
}

// rowList reads rows that are in memory.
type rowList struct {
	*rows.Reader // for the file's format
	rows         []envelope.Row
}

func (l *rowList) Next() (row envelope.Row, err error) {
	if len(l.rows) == 0 {
		return row, io.EOF
	}
	row, l.rows = l.rows[0], l.rows[1:]
	return row, nil
}

// indexed opens files of these texts and checks their envelopes, if there is a
// checker, as far as a run checks them before it looks into the ledger.
func indexed(t interface {
	Helper()
	Fatal(...any)
}, dir, batch string, c *envelope.Checker, texts ...string,
) (x *Index, unsigned []envelope.Problem) {
	t.Helper()
	var paths []string
	for i, text := range texts {
		paths = append(paths, filepath.Join(dir, fmt.Sprintf("%d.csv", i)))
		if err := os.WriteFile(paths[i], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	in, err := Open(Files{Paths: paths, Batch: batch})
	if err != nil {
		t.Fatal(err)
	}
	x = in.Index
	if c == nil {
		if err := x.survey(context.Background()); err != nil {
			t.Fatal(err)
		}
		return x, nil
	}
	x.account = c.Account
	uses, err := x.templatesWanted(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	c.Prepare(uses)
	var blank envelope.Unsignable
	if err := x.checkAll(context.Background(), c, &blank, new(atomic.Int64)); err != nil {
		t.Fatal(err)
	}
	return x, blank.Warnings(x.position)
}

// whole says what an entry holds, but for the texts of problems.
func whole(e report.Entry) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %q from %q as %s: %s %s", e.Draft.In.Name(), e.Draft.Label, e.Draft.TemplateID, e.TransactionID, e.Outcome.Status, e.Outcome.Code)
	for i := range e.Draft.Rows {
		r := &e.Draft.Rows[i]
		fmt.Fprintf(&b, "\n  line %d %q %s", r.Line, r.Cells, r.Malformed)
	}
	for i := range e.Draft.Recipients {
		p := &e.Draft.Recipients[i]
		fmt.Fprintf(&b, "\n  %d %q %q %q", p.Row.Line, p.Role, p.Name(), p.Email())
	}
	return b.String()
}

// entries are what the model says of the files' rows.
func (m *model) entries(survey bool) (all []string) {
	for i, d := range m.pieces {
		n := m.of[i]
		e := report.Entry{Draft: d, Outcome: envelope.Outcome{Status: envelope.Pending}}
		switch whole := m.envelopes[n]; {
		case len(m.problems[n]) > 0:
			e.Outcome = envelope.Outcome{Status: envelope.Rejected, Code: string(m.problems[n][0].Code)}
			d.TemplateID = whole.TemplateID
		case survey:
		default:
			e.TransactionID, d.TemplateID = whole.Identity.TransactionID, whole.TemplateID
		}
		parts := m.envelopes[n].Recipients // where roles have the names of the template
		if !survey {
			first := slices.IndexFunc(parts, func(p envelope.RecipientRow) bool { return p.Row.Offset == d.Position().Offset })
			for j := range d.Recipients {
				d.Recipients[j].Role = parts[first+j].Role
			}
		}
		all = append(all, whole(e))
	}
	return all
}

// entriesOf reads the entries of an index.
func entriesOf(t *rapid.T, x *Index) (all []string) {
	for e, err := range x.Entries() {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, whole(e))
	}
	return all
}

var noOffsets = cmpopts.IgnoreFields(envelope.Position{}, "Offset")

// An index that reads files as a stream says of them what reading them whole says.
func TestIndexIsAsTheFiles(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		var texts []string
		for range rapid.IntRange(1, 3).Draw(t, "files") {
			texts = append(texts, strings.Join(rowsOf(t, rapid.SampledFrom([]string{"long", "long", "wide", "bare"}).Draw(t, "form")), "\n")+"\n")
		}
		batch := rapid.SampledFrom([]string{"", "march"}).Draw(t, "batch")
		c := twoTemplates()
		c.DefaultTemplate = rapid.SampledFrom([]string{letterID, formID, ""}).Draw(t, "default template")
		x, unsigned := indexed(t, dir, batch, c, texts...)
		defer x.Close()
		var m model
		for _, f := range x.files {
			if err := m.read(f, c.Check); err != nil {
				t.Fatal(err)
			}
		}
		if x.Len() != len(m.envelopes) {
			t.Fatalf("%d envelopes, want %d", x.Len(), len(m.envelopes))
		}
		if diff := cmp.Diff(m.unsigned.Warnings(func(n int) envelope.Position { return m.envelopes[n].Position() }), unsigned, noOffsets); diff != "" {
			t.Errorf("warnings (-want +got):\n%s", diff)
		}
		for n, d := range m.envelopes {
			problems, err := x.problems(n)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(m.problems[n], problems, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("problems of envelope %d (-want +got):\n%s", n, diff)
			}
			if x.entry(n).is(identified) != (d.Identity != envelope.Identity{}) || x.position(n) != d.Position() {
				t.Fatalf("envelope %d at %v is identified: %v", n, x.position(n), x.entry(n).is(identified))
			}
			if d.Identity != (envelope.Identity{}) {
				if diff := cmp.Diff(d.Identity, x.identity(n)); diff != "" {
					t.Fatalf("identity of envelope %d (-want +got):\n%s", n, diff)
				}
			}
			if d.Envelope == nil {
				continue
			}
			env, err := x.Read(context.Background(), n)
			if err != nil {
				t.Fatalf("reading envelope %d again: %v", n, err)
			}
			if diff := cmp.Diff(d.Envelope, env); diff != "" {
				t.Fatalf("envelope %d, read again (-want +got):\n%s", n, diff)
			}
		}
		if _, err := x.rejectRepeats(false); err != nil {
			t.Fatal(err)
		}
		m.rejectRepeats()
		x.progress.lookedUp = true
		if diff := cmp.Diff(m.entries(false), entriesOf(t, x)); diff != "" {
			t.Fatalf("entries (-want +got):\n%s", diff)
		}
	})
}

// What was held against no template is pending, row by row, unless its rows cannot be
// read, or disagree.
func TestSurvey(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rowsOf(t, rapid.SampledFrom([]string{"long", "wide", "bare"}).Draw(t, "form")), "\n") + "\n"
		x, _ := indexed(t, dir, "", nil, text, text)
		defer x.Close()
		var m model
		rows := 0
		for _, f := range x.files {
			if err := m.read(f, envelope.CheckRows); err != nil {
				t.Fatal(err)
			}
		}
		for _, d := range m.pieces {
			rows += len(d.Rows)
		}
		wrong := 0
		for _, problems := range m.problems {
			wrong += min(len(problems), 1)
		}
		if c := x.Counts(); c.Total() != len(m.envelopes) || x.Rows() != rows || c[envelope.Pending] != x.Len()-wrong || c[envelope.Rejected] != wrong {
			t.Fatalf("%d rows, envelopes %v; want %d rows, %d envelopes, %d of them wrong", x.Rows(), c, rows, len(m.envelopes), wrong)
		}
		if diff := cmp.Diff(m.entries(true), entriesOf(t, x)); diff != "" {
			t.Fatalf("entries (-want +got):\n%s", diff)
		}
		for n := range x.Len() {
			if out, err := x.outcome(n); err != nil || out.Status == envelope.Pending && out.Message != NotLookedUp {
				t.Fatalf("envelope %d: %+v, %v", n, out, err)
			}
		}
	})
}
