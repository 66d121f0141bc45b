package report

import (
	"encoding/csv"
	"io"
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
func WriteResults(w io.Writer, entries Entries) error {
	out := csv.NewWriter(w)
	if err := out.Write(ResultsHeader); err != nil {
		return err
	}
	record := make([]string, len(ResultsHeader))
	for e, err := range entries {
		if err != nil {
			return err
		}
		for i := range e.Draft.Recipients {
			p := &e.Draft.Recipients[i]
			outcome := e.forRow(p.Row)
			record = append(record[:0],
				e.Draft.In.Name(), strconv.Itoa(p.Row.Line), e.Draft.Label, p.Role, p.Email(), e.Draft.TemplateID,
				string(outcome.Status), string(outcome.ID), e.TransactionID.String(), outcome.Code, outcome.Message,
			)
			for i, cell := range record {
				record[i] = neutral(cell)
			}
			if err := out.Write(record); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

// neutral keeps a spreadsheet from running a cell as a formula.
func neutral(cell string) string {
	if cell == "" || cell[0] >= 'a' && cell[0] <= 'z' || cell[0] >= 'A' && cell[0] <= 'Z' || cell[0] >= '0' && cell[0] <= '9' {
		return cell // as most are
	}
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
	// Close removes what writing has left on the disk, also if Flush was not called.
	Close() error
	// Note is what a person should know of the file once it is written, "" if nothing.
	Note() string
}

// WriteRejects writes the rejected rows back, in input order. Every row of a
// rejected envelope is among them.
func WriteRejects(out RowWriter, entries Entries) error {
	for e, err := range entries {
		if err != nil {
			return err
		}
		if e.Outcome.Status != envelope.Rejected {
			continue
		}
		for i := range e.Draft.Rows {
			row := &e.Draft.Rows[i]
			outcome := e.forRow(row)
			if err := out.Write(row, outcome.Code, outcome.Message); err != nil {
				return err
			}
		}
	}
	return out.Flush()
}
