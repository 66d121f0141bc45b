package docusign

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"batchsend/envelope"
)

// text is a value that the API writes as a string, numbers and booleans among
// them. Read, it may also be a JSON number or boolean, or null, which is "".
type text string

// number is n as the API takes it.
func number[N ~int | ~int16](n N) text { return text(strconv.Itoa(int(n))) }

// boolean is b as the API takes it.
func boolean(b bool) text { return text(strconv.FormatBool(b)) }

// UnmarshalJSON reads a string, number, boolean or null.
func (t *text) UnmarshalJSON(data []byte) error {
	switch {
	case string(data) == "null":
		*t = ""
	case data[0] == '"' && bytes.IndexByte(data, '\\') < 0 && utf8.Valid(data): // as nearly all are
		*t = text(data[1 : len(data)-1])
	case data[0] == '"':
		return json.Unmarshal(data, (*string)(t))
	case data[0] == '{' || data[0] == '[':
		return errors.New("docusign: an object or a list where a plain value belongs")
	default:
		*t = text(data)
	}
	return nil
}

// int returns the number, 0 if it is none.
func (t text) int() int {
	f, err := strconv.ParseFloat(strings.TrimSpace(string(t)), 64)
	if err != nil || f != f || f > 1<<31 || f < -1<<31 {
		return 0
	}
	return int(f)
}

// true reports whether t says so.
func (t text) true() bool { return strings.EqualFold(strings.TrimSpace(string(t)), "true") || t == "1" }

// time returns the instant, zero if there is none. Without an offset it is UTC.
func (t text) time() time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if at, err := time.Parse(layout, string(t)); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}

// or returns t, or other if t is empty.
func (t text) or(other text) text {
	if t == "" {
		return other
	}
	return t
}

// guid is an ID as we keep it: in lower case.
func (t text) guid() string { return strings.ToLower(strings.TrimSpace(string(t))) }

// transactionID is a transaction ID of ours; zero if t is none.
func (t text) transactionID() envelope.TransactionID {
	id, _ := envelope.ParseTransactionID(strings.TrimSpace(string(t)))
	return id
}

// envelopeID is an envelope ID of an answer, a GUID in lower case; "" if it names
// none. An answer with anything else in its place cannot be read: it is not
// DocuSign's, or something has happened to it on its way.
type envelopeID envelope.ID

// UnmarshalJSON reads a GUID or null.
func (id *envelopeID) UnmarshalJSON(data []byte) error {
	var t text
	if err := t.UnmarshalJSON(data); err != nil {
		return err
	}
	const length = len("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx") // of the one form that DocuSign uses
	guid := t.guid()
	if guid != "" && (len(guid) != length || uuid.Validate(guid) != nil || guid == uuid.Nil.String()) {
		return &noIDError{short(string(t))}
	}
	*id = envelopeID(guid)
	return nil
}

// noIDError is an answer with something else in the place of an envelope ID.
type noIDError struct{ text string }

func (e *noIDError) Error() string {
	return fmt.Sprintf("the answer names an envelope by %q, which is no envelope ID", e.text)
}
