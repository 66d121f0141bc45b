package envelope

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jszwec/csvutil"
)

// Input is one CSV file, read.
type Input struct {
	Name     string
	Batch    string   // the name under which its envelopes are remembered
	Encoding string   // as a person calls it
	Form     Form     // how recipients are laid out
	Header   []string // as it stands in the file
	Comma    rune     // what separates the columns
	Drafts   []*Draft // in the order of their first rows
	Rows     int      // that hold anything, the header apart
	// Warnings are what is odd about the file and no reason to reject a row. A
	// [Checker] returns them with its own.
	Warnings []Problem

	layout *layout
}

// Describe says how the file was understood.
func (in *Input) Describe() string {
	return fmt.Sprintf("%s, %s-separated, %s", in.Encoding, delimiterName(in.Comma), in.Form)
}

// heading returns the header's own text for a column, or the documented name
// if the file has no such column.
func (in *Input) heading(name string) string {
	if i := slices.Index(in.layout.names, name); i >= 0 {
		return in.Header[i]
	}
	return name
}

// Row is a row as it stood in the file.
type Row struct {
	Line   int      // the file's own; of the first, if the row spans several
	Fields []string // one for each column; of a malformed row just its text
}

// cell returns what stands in a column, without surrounding space; "" if
// there is no such column.
func (r *Row) cell(column int) string {
	if column < 0 {
		return ""
	}
	return strings.TrimSpace(r.Fields[column])
}

// Part is one recipient as a row gives it, before anything is checked.
type Part struct {
	Row  *Row
	Role string // as the cell or the column's name has it; "" in a [Bare] file

	place *place // nil if the row is malformed
}

// Name returns the recipient's name as given, without surrounding space.
func (p *Part) Name() string {
	if p.place == nil {
		return ""
	}
	return p.Row.cell(p.place.name)
}

// Email returns the address as given, without surrounding space.
func (p *Part) Email() string {
	if p.place == nil {
		return ""
	}
	return p.Row.cell(p.place.email)
}

// record is what csvutil makes of the columns that belong to the envelope.
// Those of the recipients stand where the form of the file has them.
type record struct {
	Envelope          string `csv:"envelope"`
	TemplateID        string `csv:"templateId"`
	EmailSubject      string `csv:"emailSubject"`
	EmailBlurb        string `csv:"emailBlurb"`
	ReminderDelay     string `csv:"reminderDelay"`
	ReminderFrequency string `csv:"reminderFrequency"`
	ExpireAfter       string `csv:"expireAfter"`
	ExpireWarn        string `csv:"expireWarn"`
}

// Read reads a CSV file in long or wide form, in whatever encoding and with
// whatever delimiter a spreadsheet gave it. name is what messages call it.
//
// A file that is no CSV, or whose header is wrong, is an error of type
// [Problems]. A malformed row is not: it becomes a rejected draft, or rejects
// the one it belongs to, and reading goes on. Every line of the file that holds
// anything is part of a row.
func Read(name, batch string, r io.Reader) (*Input, error) {
	d, err := decode(name, r)
	if err != nil {
		return nil, err
	}
	rows := &rowReader{records: records{text: d.text, comma: d.delimiter, line: d.line}}
	header, bad := rows.next()
	switch {
	case header == nil:
		return nil, Problems{{File: name, Line: d.line, Code: CSVMalformed, Message: "the file is empty: the first line must name the columns"}}
	case bad != nil:
		return nil, Problems{{File: name, Line: header.Line, Code: CSVMalformed, Message: "the header cannot be read: " + bad.text}}
	}
	l, err := layOut(name, header.Line, header.Fields)
	if err != nil {
		return nil, err
	}
	in := &Input{Name: name, Batch: batch, Encoding: d.encoding, Comma: rune(d.delimiter), Form: l.form, Header: header.Fields, layout: l}
	rows.width = len(header.Fields)
	for _, name := range header.Fields {
		rows.verdict = append(rows.verdict, IsRejectColumn(name))
	}
	for _, p := range l.roles {
		rows.email = append(rows.email, p.email)
	}
	if err := in.group(rows); err != nil {
		return nil, err
	}
	if last := in.lastRow(); in.Rows > 1 && !rows.ended() {
		in.Warnings = append(in.Warnings, Problem{
			File: name, Line: last.Line, Code: CSVMalformed,
			Message: "the last line has no end: the file may have been cut off while it was copied or written. See that this row is whole and none is missing; some programs leave the end out",
		})
	}
	return in, nil
}

// lastRow returns the row that stands last, nil if there is none.
func (in *Input) lastRow() *Row {
	var last *Row
	for _, d := range in.Drafts {
		if row := d.Rows[len(d.Rows)-1]; last == nil || row.Line > last.Line {
			last = row
		}
	}
	return last
}

// group decodes the rows and puts those of one envelope together, wherever
// they stand.
func (in *Input) group(rows *rowReader) error {
	dec, err := csvutil.NewDecoder(rows, in.layout.names...)
	if err != nil {
		return err
	}
	g := grouper{in: in, labelled: map[string]*Draft{}}
	var rec record
	for {
		err := dec.Decode(&rec)
		row := rows.row
		var bad *malformedError
		switch {
		case err == nil:
			d := g.draft(strings.TrimSpace(rec.Envelope))
			d.merge(row, &rec)
			d.addParts(&g, row)
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &bad):
			d := g.draft(in.labelOf(row))
			d.Parts = append(d.Parts, Part{Row: row})
			d.malformed = true
			d.reject(row, "", CSVMalformed, "%s", bad.text)
		default:
			return fmt.Errorf("%s:%d: %w", in.Name, row.Line, err)
		}
		in.Rows++
		d := g.last
		d.Rows = append(d.Rows, row)
		d.read = d.Problems
	}
}

// labelOf reads what it can of a malformed row: the envelope that it was meant
// for, which must not be sent without it.
func (in *Input) labelOf(row *Row) string {
	cells := row.Fields
	if len(cells) == 1 {
		line, _, _ := strings.Cut(cells[0], "\n")
		cells = strings.Split(line, string(in.Comma))
	}
	if i := in.layout.envelope; i >= 0 && i < len(cells) {
		return strings.Trim(cells[i], "\" \r")
	}
	return ""
}

// grouper finds the draft that a row belongs to.
type grouper struct {
	in       *Input
	labelled map[string]*Draft
	last     *Draft
	drafts   room[Draft]
	rows     room[*Row]
	parts    room[Part]
}

// draft returns the draft of that label, a new one if there is none yet. Rows
// without a label are envelopes of their own.
func (g *grouper) draft(label string) *Draft {
	if label != "" {
		if g.last != nil && g.last.Label == label { // rows of an envelope mostly stand together
			return g.last
		}
		if d := g.labelled[label]; d != nil {
			g.last = d
			return d
		}
	}
	d := g.drafts.one()
	d.In, d.Label = g.in, label
	g.in.Drafts = append(g.in.Drafts, d)
	if label != "" {
		g.labelled[label] = d
	}
	g.last = d
	return d
}

// rowReader gives csvutil the rows of a file and remembers the last.
type rowReader struct {
	records
	row     *Row
	verdict []bool // by column: whether an earlier rejects file has added it
}

// Read implements csvutil's Reader.
func (r *rowReader) Read() ([]string, error) {
	row, bad := r.next()
	r.row = row
	switch {
	case row == nil:
		return nil, io.EOF
	case bad != nil:
		return nil, bad
	case len(row.Fields) != r.width:
		return nil, &malformedError{fmt.Sprintf("the row has %s but the header has %d: a delimiter or a quote is missing or one too many",
			columns(len(row.Fields)), r.width)}
	}
	if i := slices.Index(row.Fields, string(CSVMalformed)); i >= 0 && !r.verdict[i] {
		// A spreadsheet has filled up a ragged row of a rejects file.
		return nil, &malformedError{fmt.Sprintf("%q stands in column %d, where it is data: the cells of the row have moved; put them back in their columns and clear what the rejects file said",
			CSVMalformed, i+1)}
	}
	return row.Fields, nil
}

func columns(n int) string {
	if n == 1 {
		return "1 column"
	}
	return fmt.Sprintf("%d columns", n)
}
