package docusign

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"batchsend/envelope"
)

// StatusesPerCall is how many envelopes [Client.Statuses] asks for in one call. How
// many DocuSign takes is not documented; for IDs in a body 500 are held safe.
const StatusesPerCall = 500

// EnvelopeStatus is how far an envelope has come.
type EnvelopeStatus struct {
	ID      envelope.ID
	Status  string    // DocuSign's word, in lower case: "sent", "delivered", "completed"
	Changed time.Time // when it came to Status; zero if DocuSign did not say
}

// Statuses looks up how far envelopes have come, in one call for each
// [StatusesPerCall] of them, and returns them in the order in which DocuSign lists
// them. Those it does not know are absent. DocuSign wants the same envelope
// asked about once in 15 minutes at most, and not at all once its status is
// [Terminal]. With an error come the statuses that were read before it.
func (c *Client) Statuses(ctx context.Context, ids []envelope.ID) ([]EnvelopeStatus, error) {
	var statuses []EnvelopeStatus
	for chunk := range slices.Chunk(ids, StatusesPerCall) {
		asked, left := make(map[envelope.ID]bool, len(chunk)), len(chunk)
		for _, id := range chunk {
			asked[id] = true
		}
		err := c.eachEnvelope(ctx, byIDs("envelope_ids", wireIDs{Envelopes: chunk}), func(w *wireStatus) {
			id, status := w.id(), w.status()
			if !asked[id] || status == "" {
				return
			}
			asked[id] = false
			left--
			statuses = append(statuses, EnvelopeStatus{ID: id, Status: status, Changed: w.StatusChanged.or(w.StatusAt).time()})
		})
		if err != nil && !(errors.Is(err, errRepeatedPage) && left == 0) {
			return statuses, err
		}
	}
	return statuses, nil
}

// Terminal reports whether an envelope with this status stays as it is. An
// expired envelope is voided. Source: "Envelope status codes".
func Terminal(status string) bool { return terminal[strings.ToLower(status)] }

// terminal has two that DocuSign no longer gives, but still lists.
var terminal = map[string]bool{
	"completed": true, "declined": true, "voided": true,
	statusDeleted: true, "timedout": true,
}
