package report

import (
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"batchsend/envelope"
)

// ResultsHeader are the columns of a results file.
var ResultsHeader = []string{
	"file", "line", "envelope", "roleName", "email", "templateId", "status", "envelopeId", "transactionId", "code", "message",
}

// WriteResults writes one line for each recipient, in input order.
func WriteResults(w io.Writer, entries []Entry) error {
	out := csv.NewWriter(w)
	if err := out.Write(ResultsHeader); err != nil {
		return err
	}
	for _, part := range inOrder(entries) {
		e, p := part.entry, part.part
		outcome := e.forRow(p.Row)
		transactionID := ""
		if e.Draft.Envelope != nil {
			transactionID = string(e.Draft.Envelope.TransactionID)
		}
		record := []string{
			e.Draft.In.Name, strconv.Itoa(p.Row.Line), e.Draft.Label, p.Role, p.Email(), e.Draft.TemplateID,
			string(outcome.Status), string(outcome.ID), transactionID, outcome.Code, outcome.Message,
		}
		for i, cell := range record {
			record[i] = neutral(cell)
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// recipientLine is a recipient and the entry that it belongs to.
type recipientLine struct {
	entry *Entry
	part  *envelope.Part
}

// inOrder returns all recipients as they stand in the files: rows of one
// envelope need not be adjacent.
func inOrder(entries []Entry) []recipientLine {
	var lines []recipientLine
	files := map[*envelope.Input]int{}
	for i := range entries {
		e := &entries[i]
		if _, ok := files[e.Draft.In]; !ok {
			files[e.Draft.In] = len(files)
		}
		for j := range e.Draft.Parts {
			lines = append(lines, recipientLine{e, &e.Draft.Parts[j]})
		}
	}
	slices.SortStableFunc(lines, func(a, b recipientLine) int {
		if d := files[a.entry.Draft.In] - files[b.entry.Draft.In]; d != 0 {
			return d
		}
		return a.part.Row.Line - b.part.Row.Line
	})
	return lines
}

// neutral keeps a spreadsheet from running a cell as a formula.
func neutral(cell string) string {
	if first, _ := utf8.DecodeRuneInString(cell); strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
		return "'" + cell
	}
	return cell
}

// byteOrderMark tells a spreadsheet that a file is UTF-8.
const byteOrderMark = "\ufeff"

// WriteRejects writes the rejected rows as they were, with why in two more
// columns, so that they can be corrected and given back. Every row of a
// rejected envelope is among them. All inputs must have the same header, that of
// in; nil is an input without one, and nothing is written.
//
// The file is UTF-8; it says so if the input was anything but plain UTF-8, which
// is then for a spreadsheet that would garble it.
func WriteRejects(w io.Writer, in *envelope.Input, entries []Entry) error {
	if in == nil {
		return nil
	}
	if in.Encoding != "UTF-8" {
		if _, err := io.WriteString(w, byteOrderMark); err != nil {
			return err
		}
	}
	out := csv.NewWriter(w)
	out.Comma = in.Comma
	old := earlier{in.Header, rejectIndices(in.Header)}
	if err := out.Write(append(old.without(in.Header), envelope.ColRejectCode, envelope.ColRejectMessage)); err != nil {
		return err
	}
	var last *envelope.Row
	for _, line := range inOrder(entries) {
		row := line.part.Row
		if line.entry.Outcome.Status != envelope.Rejected || row == last {
			continue
		}
		last = row
		outcome := line.entry.forRow(row)
		record := append(old.without(row.Fields), outcome.Code, outcome.Message)
		if len(row.Fields) == 1 && len(in.Header) > 1 {
			// A malformed row is its text, which must not be quoted as one cell.
			out.Flush()
			if _, err := io.WriteString(w, old.withoutText(row.Fields[0], in.Comma)+string(in.Comma)); err != nil {
				return err
			}
			record = record[1:]
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// earlier are the columns that an earlier rejects file has added.
type earlier struct {
	header  []string
	columns []int
}

// rejectIndices finds the columns of an earlier rejects file.
func rejectIndices(header []string) []int {
	var columns []int
	for i, name := range header {
		if envelope.IsRejectColumn(name) {
			columns = append(columns, i)
		}
	}
	return columns
}

// without returns a row without these columns. In a row of another length than
// the header's they stand at its end, if it still has them: none of them may
// move into a column that is sent.
func (e earlier) without(fields []string) []string {
	out := make([]string, 0, len(fields)+2)
	if n := len(fields) - 2; len(fields) != len(e.header) {
		if len(e.columns) > 0 && n >= 0 && isCode(fields[n]) {
			fields = fields[:n]
		}
		return append(out, fields...)
	}
	for i, f := range fields {
		if !slices.Contains(e.columns, i) {
			out = append(out, f)
		}
	}
	return out
}

// withoutText does the same for the text of a row that cannot be read.
func (e earlier) withoutText(text string, comma rune) string {
	mark := string(comma) + string(envelope.CSVMalformed) + string(comma)
	if i := strings.LastIndex(text, mark); i >= 0 && len(e.columns) > 0 {
		return text[:i]
	}
	return text
}

func isCode(cell string) bool {
	_, ok := envelope.Explain(envelope.Code(cell))
	return ok
}
