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
			transactionID = e.Draft.Envelope.TransactionID.String()
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

// RowWriter writes rejected rows back. Package rows has one.
type RowWriter interface {
	// Write writes a row as it was, with why it was rejected.
	Write(row *envelope.Row, code, message string) error
	Flush() error
}

// WriteRejects writes the rejected rows back, in input order. Every row of a
// rejected envelope is among them.
func WriteRejects(out RowWriter, entries []Entry) error {
	var last *envelope.Row
	for _, line := range inOrder(entries) {
		row := line.part.Row
		if line.entry.Outcome.Status != envelope.Rejected || row == last {
			continue
		}
		last = row
		outcome := line.entry.forRow(row)
		if err := out.Write(row, outcome.Code, outcome.Message); err != nil {
			return err
		}
	}
	return out.Flush()
}
