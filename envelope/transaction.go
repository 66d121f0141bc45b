package envelope

import (
	"bytes"
	"fmt"

	"github.com/google/uuid"
)

// TransactionID is our name for an envelope at DocuSign, which can be asked
// for it during seven days. It is a UUIDv5 of account, template, batch, label
// and content, the same in every attempt, in every run and on every host: an
// envelope that is found by it is this one and no other. The zero
// TransactionID names no envelope, and is written as "".
type TransactionID [16]byte

// ParseTransactionID reads a transaction ID as [TransactionID.String] writes
// it; the case of its digits does not matter. The error says that text is no
// UUID in that form.
func ParseTransactionID(text string) (TransactionID, error) {
	const length = len("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx")
	id, err := uuid.Parse(text)
	if err != nil || len(text) != length { // uuid reads other forms as well
		return TransactionID{}, fmt.Errorf("transaction ID %q is not a UUID", text)
	}
	return TransactionID(id), nil
}

// IsZero reports whether id names no envelope.
func (id TransactionID) IsZero() bool { return id == TransactionID{} }

// String returns the UUID in lower case with hyphens, or "" for the zero ID.
func (id TransactionID) String() string {
	if id.IsZero() {
		return ""
	}
	return uuid.UUID(id).String()
}

// MarshalText returns what [TransactionID.String] returns, for JSON and logs.
func (id TransactionID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what [TransactionID.MarshalText] has written.
func (id *TransactionID) UnmarshalText(text []byte) (err error) {
	if len(text) == 0 {
		*id = TransactionID{}
		return nil
	}
	*id, err = ParseTransactionID(string(text))
	return err
}

// Compare orders transaction IDs by their bytes, which is also the order of
// their texts.
func (id TransactionID) Compare(other TransactionID) int { return bytes.Compare(id[:], other[:]) }
