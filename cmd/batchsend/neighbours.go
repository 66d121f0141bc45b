package main

import (
	"fmt"

	"batchsend/envelope"
	"batchsend/internal/report"
)

// neighbourWarnings gathers envelopes that resemble one that was sent and yet go
// out. Lists are sent to the same people every month, so beyond a few rows a
// sentence tells of all.
type neighbourWarnings struct {
	people, names []envelope.Problem
	last          envelope.Earlier // of people
}

// fewWarnings is how many rows of a kind are told of one by one.
const fewWarnings = 5

// add warns of what an envelope resembles.
func (w *neighbourWarnings) add(n newcomer, inFiles map[envelope.TransactionID]bool) {
	d := n.draft
	for _, e := range n.SamePeople {
		switch {
		case e.TemplateID != d.TemplateID:
		case e.Batch != d.In.Batch, d.Label != "" && !inFiles[e.TransactionID]:
			w.last = e
			w.people = append(w.people, envelope.Problem{
				Position: d.Position(), Code: envelope.DuplicateEnvelope,
				Message: fmt.Sprintf("the same people %s from this template in batch %q on %s, with other values: both will have been sent", got(e), e.Batch, local(e.At)),
			})
			return
		}
	}
	for _, e := range n.SameNames {
		if inFiles[e.TransactionID] || d.Label != "" {
			continue
		}
		w.names = append(w.names, envelope.Problem{
			Position: d.Position(), Code: envelope.DuplicateEnvelope,
			Message: fmt.Sprintf("people of the same names and roles %s from this batch on %s, at another address: if the address was wrong, correct or void that envelope in DocuSign", got(e), local(e.At)),
		})
		return
	}
}

// problems returns the warnings.
func (w *neighbourWarnings) problems() (all []envelope.Problem) {
	if len(w.people) > fewWarnings {
		first := w.people[0]
		first.Message = fmt.Sprintf("%s, of which this is the first, go to people who got an envelope from this template before, with other values, the last in batch %q on %s",
			report.Plural(len(w.people), "envelope"), w.last.Batch, local(w.last.At))
		w.people = []envelope.Problem{first}
	}
	return append(w.people, w.names...)
}
