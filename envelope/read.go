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
	Format
	Name   string
	Batch  string   // the name under which its envelopes are remembered
	Form   Form     // how recipients are laid out
	Drafts []*Draft // in the order of their first rows
	Rows   int      // that hold anything, the header apart
	// Warnings are what is odd about the file and no reason to reject a row. A
	// [Checker] returns them with its own.
	Warnings []Problem

	layout *layout
}

// Describe says how the file was understood.
func (in *Input) Describe() string {
	return fmt.Sprintf("%s, %s-separated, %s", in.Encoding, delimiterName(in.Delimiter), in.Form)
}

// heading returns the header's own text for a column, or the documented name
// if the file has no such column.
func (in *Input) heading(name string) string {
	if i := slices.Index(in.layout.names, name); i >= 0 {
		return in.Header[i]
	}
	return name
}

// cell returns what stands in a column, without surrounding space; "" if
// there is no such column.
func (r *Row) cell(column int) string {
	if column < 0 {
		return ""
	}
	return strings.TrimSpace(r.Cells[column])
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

// Read reads a file in long or wide form.
//
// A file whose header is wrong is an error of type [Problems]. A malformed row
// is not: it becomes a rejected draft, or rejects the one it belongs to, and
// reading goes on. Every row is part of a draft.
func Read(batch string, rows RowReader) (*Input, error) {
	format := rows.Format()
	l, err := layOut(format.Header, format.HeaderAt)
	if err != nil {
		return nil, err
	}
	in := &Input{Format: format, Name: format.HeaderAt.File, Batch: batch, Form: l.form, layout: l}
	var addresses []int
	for _, p := range l.roles {
		addresses = append(addresses, p.email)
	}
	rows.ExpectAddresses(addresses)
	if err := in.group(&rowKeeper{from: rows, header: in.Header}); err != nil {
		return nil, err
	}
	if last := in.lastRow(); in.Rows > 1 && in.Unended {
		in.Warnings = append(in.Warnings, Problem{
			Position: last.Position, Code: CSVMalformed,
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
func (in *Input) group(rows *rowKeeper) error {
	dec, err := csvutil.NewDecoder(rows, in.layout.names...)
	if err != nil {
		return err
	}
	g := grouper{in: in, labelled: map[string]*Draft{}}
	var rec record
	for {
		err := dec.Decode(&rec)
		row := rows.row
		switch {
		case err == nil:
			d := g.draft(strings.TrimSpace(rec.Envelope))
			d.merge(&g, row, &rec)
			d.addParts(&g, row)
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, errMalformed):
			d := g.draft(in.labelOf(row))
			d.Parts = append(d.Parts, Part{Row: row})
			d.malformed = true
			d.reject(row, "", CSVMalformed, "%s", row.Malformed)
		default:
			return fmt.Errorf("%s: %w", in.Name, err)
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
	cells := row.Cells
	if len(cells) == 1 {
		line := cells[0]
		if end := strings.IndexAny(line, "\r\n"); end >= 0 {
			line = line[:end]
		}
		cells = strings.Split(line, string(in.Delimiter))
	}
	if i := in.layout.envelope; i >= 0 && i < len(cells) {
		return strings.Trim(cells[i], "\" ")
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
	said     room[said]
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

// rowKeeper gives csvutil the rows of a file, and keeps them.
type rowKeeper struct {
	from   RowReader
	header []string
	row    *Row // the last

	rows  room[Row]
	cells room[string]
}

var _ csvutil.Reader = (*rowKeeper)(nil)

// Read implements [csvutil.Reader].
func (r *rowKeeper) Read() ([]string, error) {
	next, err := r.from.Next()
	if err != nil {
		return nil, err
	}
	row := r.rows.one()
	*row = next
	row.Cells = r.cells.take(len(next.Cells))
	copy(row.Cells, next.Cells)
	r.row = row
	if i := slices.Index(row.Cells, string(CSVMalformed)); row.Malformed == "" && i >= 0 && !IsRejectColumn(r.header[i]) {
		// A spreadsheet has filled up a ragged row of a rejects file.
		row.Malformed = fmt.Sprintf("%q stands in column %d, where it is data: the cells of the row have moved; put them back in their columns and clear what the rejects file said",
			CSVMalformed, i+1)
	}
	if row.Malformed != "" {
		return nil, errMalformed
	}
	return row.Cells, nil
}

// errMalformed stands for a row that says itself what is wrong with it.
var errMalformed = errors.New("malformed row")

// delimiterName names a delimiter for a reader.
func delimiterName(r rune) string {
	switch r {
	case ';':
		return "semicolon"
	case '\t':
		return "tab"
	case '|':
		return "pipe"
	}
	return "comma"
}
