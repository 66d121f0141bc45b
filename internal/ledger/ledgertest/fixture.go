package ledgertest

import (
	"crypto/sha1"
	"fmt"
	"iter"
	"strconv"

	"batchsend/envelope"
	"batchsend/internal/ledger"
	"batchsend/internal/remote"
)

// Account and template of the envelopes that this package makes.
const (
	Account    = "11111111-2222-4333-8444-555555555555"
	TemplateID = "0ffe1e77-0000-4000-8000-000000000001"
)

// Envelope returns an envelope with the identity batch and label. Its people and
// names are as different from those of others as its content.
func Envelope(batch, label, content string) *envelope.Envelope {
	return &envelope.Envelope{
		Identity: envelope.Identity{
			TransactionID: TransactionID(UUID("tx", batch, label)),
			Content:       ContentOf(content),
			Account:       Account, Batch: batch, Label: label, TemplateID: TemplateID,
			People: envelope.Digest(ContentOf("people" + content)), Names: envelope.Digest(ContentOf("names" + content)),
		},
		Position: envelope.Position{File: batch + ".csv", Line: 2},
	}
}

// Identities returns the identities of envs.
func Identities(envs []*envelope.Envelope) []*envelope.Identity {
	out := make([]*envelope.Identity, len(envs))
	for i, env := range envs {
		out[i] = &env.Identity
	}
	return out
}

// Envelopes returns n envelopes of batch, all of different content.
func Envelopes(batch string, n int) []*envelope.Envelope {
	out := make([]*envelope.Envelope, n)
	for i := range out {
		label := fmt.Sprintf("E-%06d", i+1)
		out[i] = Envelope(batch, label, batch+label)
		out[i].Line = i + 2
	}
	return out
}

// ContentOf returns the digest of a content.
func ContentOf(s string) envelope.Content {
	sum := sha1.Sum([]byte("content" + s))
	return envelope.Content(sum[:16])
}

// IDOf returns the envelope ID that DocuSign would give env.
func IDOf(env *envelope.Envelope) envelope.ID {
	return envelope.ID(UUID("docusign", env.TransactionID.String()))
}

// Sent is the outcome of an envelope that was sent.
func Sent(env *envelope.Envelope) envelope.Outcome {
	return envelope.Outcome{Status: envelope.Sent, ID: IDOf(env)}
}

// NewLot returns a lot yet to be claimed.
func NewLot(name string) *remote.Lot { return &remote.Lot{ID: UUID("lot", name)} }

// TransactionID reads a UUID.
func TransactionID(text string) envelope.TransactionID {
	id, err := envelope.ParseTransactionID(text)
	if err != nil {
		panic(err)
	}
	return id
}

// UUID returns a UUID for parts, always the same.
func UUID(parts ...string) string {
	b := sha1.Sum([]byte(fmt.Sprintf("%q", parts)))
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// Outcomes of envelopes that were not sent, as far as is known.
var (
	Unknown = envelope.Outcome{Status: envelope.Unknown, Code: "TIMEOUT", Message: "no answer"}
	Pending = envelope.Outcome{Status: envelope.Pending}
	Failed  = envelope.Outcome{Status: envelope.Failed, Code: "TAB_OUT_OF_BOUNDS", Message: "a tab beside the page"}
)

// Outcomes are what became of the envelopes of a lot.
type Outcomes = map[envelope.TransactionID]envelope.Outcome

// AllSent are the outcomes of envelopes that all were sent.
func AllSent(envs []*envelope.Envelope) Outcomes {
	outs := make(Outcomes, len(envs))
	for _, e := range envs {
		outs[e.TransactionID] = Sent(e)
	}
	return outs
}

// OneMore is an edit of a [Budget]'s text that counts the edits.
func OneMore(old []byte) []byte {
	n, _ := strconv.Atoi(string(old))
	return []byte(strconv.Itoa(n + 1))
}

// Planned is what is planned of envelopes.
func Planned(envs []*envelope.Envelope) iter.Seq[ledger.Planned] {
	return func(yield func(ledger.Planned) bool) {
		for _, e := range envs {
			if !yield(ledger.Planned{Identity: e.Identity, Position: e.Position}) {
				return
			}
		}
	}
}
