package envelope

import "time"

// Mailed is an envelope that DocuSign has mailed, as its lists show it. Which
// ledger knows of it they do not show.
type Mailed struct {
	ID            ID
	TransactionID TransactionID // from its hidden field; zero if it has lost that
	Status        string        // DocuSign's word, in lower case
	Sent          time.Time
	Recipients    []Addressee // those whom the template itself names among them
}

// Addressee is a recipient as DocuSign's lists show one.
type Addressee struct{ Role, Name, Email string }
