package rows

import (
	"encoding/csv"
	"io"
	"slices"
	"strings"

	"batchsend/envelope"
)

// RejectWriter writes rows back as they were, with why they were rejected in two
// more columns, so that they can be corrected and given back. What an earlier
// rejects file has said in such columns is left out.
//
// The file is UTF-8; it says so if the input was anything but plain UTF-8, which
// is then for a spreadsheet that would garble it.
type RejectWriter struct {
	to     io.Writer
	out    *csv.Writer // writes to it
	format envelope.Format
	added  []int // the columns that an earlier rejects file has added
}

// NewRejectWriter begins a file for rejected rows of a file in the given format.
func NewRejectWriter(w io.Writer, format envelope.Format) (*RejectWriter, error) {
	r := &RejectWriter{to: w, out: csv.NewWriter(w), format: format}
	r.out.Comma = format.Delimiter
	for i, name := range format.Header {
		if envelope.IsRejectColumn(name) {
			r.added = append(r.added, i)
		}
	}
	if format.Encoding != "UTF-8" {
		if _, err := io.WriteString(w, byteOrderMark); err != nil {
			return nil, err
		}
	}
	return r, r.out.Write(append(r.own(format.Header), envelope.ColRejectCode, envelope.ColRejectMessage))
}

// Write writes a row back, with why it was rejected.
func (r *RejectWriter) Write(row *envelope.Row, code, message string) error {
	if len(row.Cells) > 1 || len(r.format.Header) == 1 {
		return r.out.Write(append(r.own(row.Cells), code, message))
	}
	// A row that cannot be split is its text, which must not be quoted as one cell.
	r.out.Flush()
	if _, err := io.WriteString(r.to, r.ownText(row.Cells[0])+string(r.format.Delimiter)); err != nil {
		return err
	}
	return r.out.Write([]string{code, message})
}

// Flush writes what is left. It returns what went wrong in writing.
func (r *RejectWriter) Flush() error {
	r.out.Flush()
	return r.out.Error()
}

// own returns the cells that no rejects file has added. In a row of another
// length than the header's those stand at its end, if it still has them: none
// of them may move into a column that is sent.
func (r *RejectWriter) own(cells []string) []string {
	out := make([]string, 0, len(cells)+2)
	if n := len(cells) - 2; len(cells) != len(r.format.Header) {
		if len(r.added) > 0 && n >= 0 && isCode(cells[n]) {
			cells = cells[:n]
		}
		return append(out, cells...)
	}
	for i, cell := range cells {
		if !slices.Contains(r.added, i) {
			out = append(out, cell)
		}
	}
	return out
}

// ownText does the same for the text of a row that cannot be split.
func (r *RejectWriter) ownText(text string) string {
	delimiter := string(r.format.Delimiter)
	if i := strings.LastIndex(text, delimiter+string(envelope.CSVMalformed)+delimiter); i >= 0 && len(r.added) > 0 {
		return text[:i]
	}
	return text
}

func isCode(cell string) bool {
	_, ok := envelope.Explain(envelope.Code(cell))
	return ok
}
