package batch

import (
	"context"

	"batchsend/envelope"
)

// DryRun accepts every envelope and sends none.
type DryRun struct{}

// Run returns what a [Runner] would do with the items as far as it can be
// known: what was sent already, what is in doubt, and what is valid.
func (DryRun) Run(ctx context.Context, items []Item) Result {
	outcomes := make([]envelope.Outcome, len(items))
	for i, item := range items {
		outcomes[i] = envelope.Outcome{Status: envelope.Valid}
		switch st := item.Standing; {
		case st.State == envelope.StateSent:
			outcomes[i] = AlreadySent(st)
		case st.State.Open():
			outcomes[i].Message = "an earlier run may have sent it and did not learn whether it has: a run looks it up before it sends anything"
		}
	}
	return Result{Outcomes: outcomes, Stopped: context.Cause(ctx)}
}
