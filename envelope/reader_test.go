package envelope_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"batchsend/envelope"
	"batchsend/internal/rows"
)

// scattered has rows of one envelope apart.
const scattered = `envelope,roleName,name,email
A,Employee,Ann,ann@example.test
A,Manager,Mo,mo@example.test
B,Employee,Bo,bo@example.test
A,Witness,Wu,wu@example.test
,Employee,Cy,cy@example.test
,Employee,Di,di@example.test
C,Employee,short
A,Witness,Xi,xi@example.test
`

// described says which rows a draft has, and whom they name.
func described(d *envelope.Draft) string {
	var lines, names []string
	for i := range d.Rows {
		lines = append(lines, fmt.Sprint(d.Rows[i].Line))
	}
	for i := range d.Recipients {
		names = append(names, d.Recipients[i].Name())
	}
	return fmt.Sprintf("%q %s: %s", d.Label, strings.Join(lines, "+"), strings.Join(names, ", "))
}

// openText opens a text as a file.
func openText(t *testing.T, text string) (*envelope.Input, *rows.File) {
	t.Helper()
	file, err := rows.Open("in.csv", strings.NewReader(text), rows.Options{KnownColumn: envelope.KnownColumn})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	in := envelope.NewInput("batch", file.Format(), nil)
	if problems := in.Problems(); len(problems) > 0 {
		t.Fatal(problems)
	}
	return in, file
}

// drafts reads all that a reader has, each into the same draft, and says what it has
// found and where.
func drafts(t *testing.T, r *envelope.Reader) (all []string, at []envelope.Position) {
	t.Helper()
	var d envelope.Draft
	for {
		err := r.Next(&d)
		if errors.Is(err, io.EOF) {
			return all, at
		}
		if err != nil {
			t.Fatal(err)
		}
		all, at = append(all, described(&d)), append(at, d.Position())
	}
}

// TestReader reads adjacent rows together, again from each position, and joins
// those that stand apart.
func TestReader(t *testing.T) {
	t.Parallel()
	in, file := openText(t, scattered)
	want := []string{
		`"A" 2+3: Ann, Mo`, `"B" 4: Bo`, `"A" 5: Wu`, `"" 6: Cy`, `"" 7: Di`, `"C" 8: `, `"A" 9: Xi`,
	}
	r := in.Read(file.Rows())
	all, at := drafts(t, r)
	if diff := cmp.Diff(want, all); diff != "" {
		t.Fatalf("in the order of the file (-want +got):\n%s", diff)
	}
	if err := r.Next(new(envelope.Draft)); !errors.Is(err, io.EOF) {
		t.Errorf("after the last row: %v", err)
	}
	var d envelope.Draft
	for i := range want {
		i = len(want) - 1 - i
		r.Seek(at[i])
		if err := r.Next(&d); err != nil || described(&d) != want[i] || d.Position() != at[i] {
			t.Errorf("at %v: %s, %v; want %s", at[i], described(&d), err, want[i])
		}
	}
	r.Seek(at[0])
	if err := r.Next(&d); err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{2, 6} {
		r.Seek(at[i])
		if err := r.Join(&d); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := described(&d), `"A" 2+3+5+9: Ann, Mo, Wu, Xi`; got != want || d.Position() != at[0] || d.Malformed() {
		t.Errorf("joined: %s, want %s", got, want)
	}
	r.Seek(at[5])
	if err := r.Join(&d); err != nil || !d.Malformed() {
		t.Errorf("with a malformed row: malformed %v, %v", d.Malformed(), err)
	}
	if err := r.Next(&d); err != nil || described(&d) != want[6] || d.Malformed() {
		t.Errorf("after Join: %s, malformed %v, %v; want %s", described(&d), d.Malformed(), err, want[6])
	}
}

// TestDraftAgain: a draft that is used again has nothing of what it was.
func TestDraftAgain(t *testing.T) {
	t.Parallel()
	in, file := openText(t, scattered)
	r, again := in.Read(file.Rows()), in.Read(file.Rows())
	var used envelope.Draft
	c, s := offerChecker(), new(envelope.Scratch)
	c.Prepare([]envelope.Use{{In: in, Templates: []string{offerID}}})
	for {
		fresh := new(envelope.Draft)
		err, sameErr := r.Next(fresh), again.Next(&used)
		if !errors.Is(sameErr, err) {
			t.Fatalf("%v, then %v", err, sameErr)
		}
		if errors.Is(err, io.EOF) {
			return
		}
		c.Check(fresh, new(envelope.Scratch))
		c.Check(&used, s)
		if diff := cmp.Diff(fresh.Problems, used.Problems); diff != "" || described(fresh) != described(&used) || fresh.Identity != used.Identity {
			t.Errorf("%s, then %s; problems (-fresh +used):\n%s", described(fresh), described(&used), diff)
		}
	}
}

// rowList reads rows that a test has made.
type rowList struct {
	format envelope.Format
	rows   []envelope.Row
}

func (l *rowList) Format() envelope.Format { return l.format }
func (l *rowList) ExpectAddresses([]int)   {}
func (l *rowList) Seek(envelope.Position)  {}

func (l *rowList) Next() (row envelope.Row, err error) {
	if len(l.rows) == 0 {
		return row, io.EOF
	}
	row, l.rows = l.rows[0], l.rows[1:]
	return row, nil
}

// TestRestIsNoEnvelope: the end of a malformed row that is too long begins anywhere:
// what stands where a label would is none.
func TestRestIsNoEnvelope(t *testing.T) {
	t.Parallel()
	format := envelope.Format{Delimiter: ',', Header: []string{"envelope", "roleName", "name", "email"}}
	in := envelope.NewInput("batch", format, nil)
	whole := func(line int) envelope.Row {
		return envelope.Row{Position: envelope.Position{Line: line}, Cells: []string{"A", "Employee", "Ann", "ann@example.test"}}
	}
	torn := func(line int, rest bool) envelope.Row {
		return envelope.Row{Position: envelope.Position{Line: line}, Cells: []string{"A,Employee,Ann"}, Malformed: "torn", Rest: rest}
	}
	got, _ := drafts(t, in.Read(&rowList{format, []envelope.Row{whole(2), torn(3, false), torn(4, true), torn(5, true), whole(6), torn(7, true), torn(8, false)}}))
	want := []string{`"A" 2+3: Ann, `, `"" 4: `, `"" 5: `, `"A" 6: Ann`, `"" 7: `, `"A" 8: `}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestScratchOfTwoFiles: what one file says of its envelopes is nothing that a file
// without such a column says.
func TestScratchOfTwoFiles(t *testing.T) {
	t.Parallel()
	const row = "A,Employee,Ann,ann@example.test"
	said, saidFile := openText(t, "envelope,roleName,name,email,emailSubject\n"+row+",Hello\n")
	silent, silentFile := openText(t, "envelope,roleName,name,email,emailBlurb\n"+row+",\n")
	c, s := offerChecker(), new(envelope.Scratch)
	only := offer()
	only.Roles = only.Roles[:1]
	c.Sources[offerID] = &envelope.Source{Template: only, Base: offerBase}
	c.Prepare([]envelope.Use{{In: said, Templates: []string{offerID}}, {In: silent, Templates: []string{offerID}}})
	for _, tt := range []struct {
		r    *envelope.Reader
		want string
	}{{said.Read(saidFile.Rows()), "Hello"}, {silent.Read(silentFile.Rows()), ""}} {
		var d envelope.Draft
		if err := tt.r.Next(&d); err != nil {
			t.Fatal(err)
		}
		if c.Check(&d, s); d.Envelope == nil || d.Envelope.Subject != tt.want {
			t.Errorf("envelope %+v with problems %v, want the subject %q", d.Envelope, d.Problems, tt.want)
		}
	}
}
