package main

import (
	"batchsend/envelope"
	"batchsend/internal/console"
)

// progress advances a bar by one for every envelope that was tried.
type progress struct{ *console.Bar }

// Outcome implements [job.Progress].
func (p progress) Outcome(out envelope.Outcome) {
	// One whose answer was lost counts when it is resolved.
	if out.Status != envelope.AlreadySent && out.Status != envelope.Unknown {
		p.Advance()
	}
}
