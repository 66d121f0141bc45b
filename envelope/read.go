package envelope

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Input is one file whose header has been understood.
type Input struct {
	Format
	Batch string // the name under which its envelopes are remembered
	Form  Form   // how recipients are laid out

	layout *layout
}

// NewInput finds out what each column of a file is for. A header that is wrong has
// [Input.Problems]: checking then rejects every envelope, and finds what else is wrong.
func NewInput(batch string, format Format, mapping Mapping) *Input {
	l := layOut(format.Header, format.HeaderAt, mapping)
	return &Input{Format: format, Batch: batch, Form: l.form, layout: l}
}

// Problems are all mistakes of the header.
func (in *Input) Problems() Problems { return in.layout.problems }

// Name is what messages call the file.
func (in *Input) Name() string { return in.HeaderAt.File }

// Describe says how the file was understood.
func (in *Input) Describe() string {
	if sheet := in.HeaderAt.Sheet; sheet != nil {
		return fmt.Sprintf("%s, sheet %q, %s", in.Encoding, sheet.Name, in.Form)
	}
	return fmt.Sprintf("%s, %s-separated, %s", in.Encoding, delimiterName(in.Delimiter), in.Form)
}

// NamesTemplates reports whether rows can say which template they want.
func (in *Input) NamesTemplates() bool { return in.layout.template >= 0 }

// CutOff warns that the file may lack its end, if it does. last is where its last
// row stands.
func (in *Input) CutOff(last Position) (warning Problem, ok bool) {
	return Problem{
		Position: last, Code: CSVMalformed,
		Message: "the last line has no end: the file may have been cut off while it was copied or written. See that this row is whole and none is missing; some programs leave the end out",
	}, in.Unended
}

// heading returns the header's own text for a column, or the documented name
// if the file has no such column.
func (in *Input) heading(name string) string {
	if i := slices.Index(in.layout.names, name); i >= 0 {
		return in.Header[i]
	}
	return name
}

// Reader reads the rows of one file, envelope by envelope.
type Reader struct {
	in    *Input
	rows  RowReader
	row   Row    // read already, and not yet part of a draft
	label string // of the envelope that it belongs to
	ahead bool   // there is such a row
}

// Read returns a reader of the file's rows.
func (in *Input) Read(rows RowReader) *Reader {
	var addresses []int
	for _, p := range in.layout.roles {
		addresses = append(addresses, p.email)
	}
	rows.ExpectAddresses(addresses)
	return &Reader{in: in, rows: rows}
}

// Seek makes the row at p the next one. p is where [Draft.Position] was.
func (r *Reader) Seek(p Position) {
	r.rows.Seek(p)
	r.ahead = false
}

// Next reads adjacent rows of one envelope into d, or returns [io.EOF]. What d was
// before is overwritten. Rows without a label are envelopes of their own.
//
// A malformed row is no error: it is part of the draft, which is then rejected.
// Rows of the same envelope that stand elsewhere are read by [Reader.Join].
func (r *Reader) Next(d *Draft) error {
	d.reset(r.in)
	return r.Join(d)
}

// Join reads more adjacent rows of one envelope and adds them to d.
func (r *Reader) Join(d *Draft) error {
	if !r.ahead {
		if err := r.advance(); err != nil {
			return err
		}
	}
	d.Label = r.label
	for {
		d.add(&r.row)
		r.ahead = false
		if err := r.advance(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		if r.label == "" || r.label != d.Label {
			break
		}
	}
	d.addRecipients()
	return nil
}

// advance reads the next row.
func (r *Reader) advance() (err error) {
	if r.row, err = r.rows.Next(); err != nil {
		if !errors.Is(err, io.EOF) {
			err = fmt.Errorf("%s: %w", r.in.Name(), err)
		}
		return err
	}
	r.ahead = true
	if i := slices.Index(r.row.Cells, string(CSVMalformed)); i >= 0 && r.row.Malformed == "" && !IsRejectColumn(r.in.Header[i]) {
		// A spreadsheet has filled up a ragged row of a rejects file.
		r.row.Malformed = fmt.Sprintf("%q stands in column %d, where it is data: the cells of the row have moved; put them back in their columns and clear what the rejects file said",
			CSVMalformed, i+1)
	}
	r.label = r.in.labelOf(&r.row)
	return nil
}

// labelOf returns which envelope a row belongs to, "" if it stands alone. Of a
// malformed row it reads what it can: the envelope must not be sent without it.
func (in *Input) labelOf(row *Row) string {
	cells := row.Cells
	switch {
	case row.Malformed == "":
		return row.cell(in.layout.envelope)
	case row.Rest:
		return "" // it begins anywhere
	case len(cells) == 1:
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

// delimiterName names a delimiter for a reader.
func delimiterName(r rune) string {
	switch r {
	case ';':
		return "semicolon"
	case '\t':
		return "tab"
	case '|':
		return "pipe"
	case ',':
		return "comma"
	}
	return fmt.Sprintf("%q", r)
}
