// Package remote is what DocuSign has of our envelopes and lots, and what it answers,
// in the words that its client and those who use it share.
package remote

import (
	"time"

	"batchsend/envelope"
)

// Found is an envelope that DocuSign has under one of our transaction IDs.
type Found struct {
	ID      envelope.ID   // "" if DocuSign has not told it yet
	Draft   bool          // created or deleted, and never sent: nobody has received it
	Unclear bool          // DocuSign does not say whether it was sent
	More    []envelope.ID // further ones that were sent under the same transaction ID: a person must look
}

// Mailed is an envelope that DocuSign has mailed, as its lists show it. Which
// ledger knows of it they do not show.
type Mailed struct {
	ID            envelope.ID
	TransactionID envelope.TransactionID // from its hidden field; zero if it has lost that
	Status        string                 // DocuSign's word, in lower case
	Sent          time.Time
	Recipients    []Addressee // those whom the template itself names among them
}

// Addressee is a recipient as DocuSign's lists show one.
type Addressee struct{ Role, Name, Email string }
