package envelope

import (
	"fmt"
	"strings"
)

// Code names a kind of problem. Codes are stable: scripts may rely on them.
type Code string

// The codes. [Explain] tells more of each.
const (
	RoleUnknown        Code = "ROLE_UNKNOWN"
	RoutingMismatch    Code = "ROUTING_ORDER_MISMATCH"
	RoleMissing        Code = "ROLE_MISSING"
	RoleRepeated       Code = "ROLE_REPEATED"
	RoleFixed          Code = "ROLE_FIXED"
	RoleKind           Code = "ROLE_KIND"
	DuplicateRecipient Code = "DUPLICATE_RECIPIENT"
	DuplicateEnvelope  Code = "DUPLICATE_ENVELOPE"
	AlreadySentCode    Code = "ALREADY_SENT"
	KeyConflict        Code = "KEY_CONFLICT"
	EmailInvalid       Code = "EMAIL_INVALID"
	NameMissing        Code = "NAME_MISSING"
	TooLong            Code = "TOO_LONG"
	ReminderInvalid    Code = "REMINDER_INVALID"
	ExpirationInvalid  Code = "EXPIRATION_INVALID"
	TabUnknown         Code = "TAB_UNKNOWN"
	TabValue           Code = "TAB_VALUE"
	FieldUnknown       Code = "FIELD_UNKNOWN"
	FieldValue         Code = "FIELD_VALUE"
	AccessCodeInvalid  Code = "ACCESS_CODE_INVALID"
	PhoneInvalid       Code = "PHONE_INVALID"
	TextInvalid        Code = "TEXT_INVALID"
	RowDisagrees       Code = "ROW_DISAGREES"
	TemplateUnknown    Code = "TEMPLATE_UNKNOWN"
	TemplateChanged    Code = "TEMPLATE_CHANGED"
	TemplateUnusable   Code = "TEMPLATE_UNUSABLE"
	TooManyRecipients  Code = "TOO_MANY_RECIPIENTS"
	CSVMalformed       Code = "CSV_MALFORMED"
	EncodingGuessed    Code = "ENCODING_GUESSED"
	ColumnUnknown      Code = "COLUMN_UNKNOWN"
	ColumnRepeated     Code = "COLUMN_REPEATED"
	ColumnMissing      Code = "COLUMN_MISSING"
	BulkCopyFailed     Code = "BULK_COPY_FAILED"
)

// Problem is one thing wrong with an input file, found before anything is
// sent.
type Problem struct {
	Position
	Column  string // the header's own text; "" if it is about the whole row
	Code    Code
	Message string // what is wrong, what DocuSign would have done, the cure
}

// Where says where to look: file, line and column, or file, sheet and cell.
func (p Problem) Where() string {
	if p.Sheet != nil {
		return p.Sheet.where(p.File, p.Line, p.Column)
	}
	where := p.Position.Where()
	if p.Column != "" {
		where += fmt.Sprintf(": column %q", Short(p.Column))
	}
	return where
}

// mostShown is how much of a text from a file is shown, in characters: a message must not
// fill the screen because a whole file was taken for a cell.
const mostShown = 60

// Short returns a text from a file, such as a cell or a column's heading, as messages
// show it: its beginning if it is long.
func Short(text string) string {
	if len(text) <= mostShown {
		return text
	}
	n, cut := 0, 0
	for i := range text {
		if n == mostShown-3 {
			cut = i
		}
		if n++; n > mostShown {
			return text[:cut] + "..."
		}
	}
	return text
}

// Error gives place, code and message in one line.
func (p Problem) Error() string { return fmt.Sprintf("%s: %s: %s", p.Where(), p.Code, p.Message) }

// Problems are what stands in the way of reading a file at all.
type Problems []Problem

// Error lists all problems, a line each.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}
