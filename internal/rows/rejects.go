package rows

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"batchsend/envelope"
	"batchsend/internal/spool"
)

// RejectWriter writes rows back as they were, with why they were rejected in two
// more columns, so that they can be corrected and given back. What an earlier
// rejects file has said in such columns is left out.
//
// The file is encoded as the input was, its lines end as the input's do. UTF-16 gets a
// byte-order mark. If a code page lacks a character, of the rows or of what is said of
// them, the file is UTF-8 with byte-order mark.
type RejectWriter struct {
	out    recordWriter
	close  func() error // nil if there is nothing to close
	format envelope.Format
	rejectColumns

	to      io.Writer
	page    encoding.Encoding // nil if every character can be written at once
	text    *spool.Spool      // in UTF-8, until it is known whether the code page has all its characters
	utf16   *transform.Writer // nil if it is not UTF-16
	instead bool              // it became UTF-8
}

// recordWriter writes a file record by record. [csv.Writer] is one.
type recordWriter interface {
	Write(record []string) error
	Flush()
	Error() error
}

// NewRejectWriter begins a file for rejected rows of a file in the given format.
func NewRejectWriter(w io.Writer, format envelope.Format) (*RejectWriter, error) {
	r := &RejectWriter{format: format, rejectColumns: rejectColumnsOf(format.Header), to: w}
	mark := byteOrderMark
	switch format.Encoding {
	case nameUTF8:
		mark = ""
	case nameMarkedUTF8:
	case nameUTF16, nameBareUTF16:
		mark = "\xff\xfe"
		r.utf16 = transform.NewWriter(w, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder())
		w = r.utf16
	default:
		if page, _, ok := findEncoding(format.Encoding); ok {
			mark, r.page, r.text = "", page, &spool.Spool{}
			w = r.text
		}
	}
	if mark != "" {
		if _, err := io.WriteString(r.to, mark); err != nil {
			return nil, err
		}
	}
	out := csv.NewWriter(w)
	out.Comma, out.UseCRLF = format.Delimiter, format.CRLF
	r.out = out
	return r, r.begin()
}

// begin writes the header.
func (r *RejectWriter) begin() error {
	return r.out.Write(append(r.own(r.format.Header), envelope.ColRejectCode, envelope.ColRejectMessage))
}

// Write writes a row back, with why it was rejected. A row that has not a cell for
// each column stands whole in the first cell: its cells may belong anywhere.
func (r *RejectWriter) Write(row *envelope.Row, code, message string) error {
	cells := r.own(row.Cells)
	if len(cells) != r.others {
		text := r.ownText(row.Cells[0])
		if len(row.Cells) > 1 {
			var err error
			if text, err = r.join(cells); err != nil {
				return err
			}
		}
		cells = make([]string, r.others)
		cells[0] = text
	}
	return r.out.Write(append(cells, code, message))
}

// join returns the text of a row.
func (r *RejectWriter) join(cells []string) (string, error) {
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.Comma = r.format.Delimiter
	if err := w.Write(cells); err != nil {
		return "", err
	}
	w.Flush()
	return strings.TrimSuffix(b.String(), "\n"), w.Error()
}

// Flush ends the file. It returns what went wrong in writing.
func (r *RejectWriter) Flush() error {
	r.out.Flush()
	if err := r.out.Error(); err != nil {
		return err
	}
	switch {
	case r.utf16 != nil:
		return r.utf16.Close()
	case r.page != nil:
		return errors.Join(r.encode(), r.text.Close())
	}
	return nil
}

// encode writes the text in the code page, or in UTF-8 if that lacks a character.
func (r *RejectWriter) encode() error {
	encoded := func() io.Reader { return transform.NewReader(r.text.Section(), r.page.NewEncoder()) }
	if _, err := io.Copy(io.Discard, encoded()); err == nil {
		_, err := io.Copy(r.to, encoded())
		return err
	}
	r.instead = true
	if _, err := io.WriteString(r.to, byteOrderMark); err != nil {
		return err
	}
	_, err := io.Copy(r.to, r.text.Section())
	return err
}

// Note says that Flush has written UTF-8, if it has because the input's code page lacks
// a character.
func (r *RejectWriter) Note() string {
	if !r.instead {
		return ""
	}
	return fmt.Sprintf("it is UTF-8: %s, in which the input is, lacks a character that stands in it", r.format.Encoding)
}

// Close removes what writing has left on the disk, also if Flush was not called.
func (r *RejectWriter) Close() error {
	if r.close == nil {
		return nil
	}
	return r.close()
}

// own returns the cells that no rejects file has added. In a row of another
// length than the header's those stand at its end, if it still has them: none
// of them may move into a column that is sent.
func (r *RejectWriter) own(cells []string) []string {
	out := make([]string, 0, len(cells)+2)
	if n := len(cells) - 2; len(cells) != len(r.format.Header) {
		if r.present() && n >= 0 && isCode(cells[n]) {
			cells = cells[:n]
		}
		return append(out, cells...)
	}
	for i, cell := range cells {
		if !r.added[i] {
			out = append(out, cell)
		}
	}
	return out
}

// ownText does the same for the text of a row that cannot be split.
func (r *RejectWriter) ownText(text string) string {
	delimiter := string(r.format.Delimiter)
	if i := strings.LastIndex(text, delimiter+string(envelope.CSVMalformed)+delimiter); i >= 0 && r.present() {
		return text[:i]
	}
	return text
}

func isCode(cell string) bool {
	_, ok := envelope.Explain(envelope.Code(cell))
	return ok
}

// rejectColumns are the columns of a header that an earlier rejects file has added.
type rejectColumns struct {
	added  []bool // by column
	code   int    // the index of rejectCode; -1 if there is none
	others int    // how many columns are none of them
	first  int    // the index of the first other one
}

func rejectColumnsOf(header []string) rejectColumns {
	r := rejectColumns{added: make([]bool, len(header)), code: -1}
	for i, name := range slices.Backward(header) {
		switch r.added[i] = envelope.IsRejectColumn(name); {
		case !r.added[i]:
			r.first = i
			r.others++
		case !strings.HasSuffix(strings.ToLower(name), "message"): // of the two it is this one
			r.code = i
		}
	}
	return r
}

// present reports whether there are such columns: a rejects file was given back.
func (r *rejectColumns) present() bool { return r.others < len(r.added) }

// whole returns the text of a row that could not be split and stands whole in its
// first cell, as RejectWriter has written it.
func (r *rejectColumns) whole(cells []string) (text string, ok bool) {
	if r.code < 0 || r.others < 2 || len(cells) != len(r.added) || cells[r.code] != string(envelope.CSVMalformed) {
		return "", false
	}
	for i, cell := range cells {
		if i != r.first && !r.added[i] && cell != "" {
			return "", false
		}
	}
	return cells[r.first], cells[r.first] != ""
}
