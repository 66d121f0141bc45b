package ledger

// Crash is called at every point of [CrashPoints] if it was set before a ledger
// was opened, so that a test can kill the process there. In normal use it is
// nil.
var Crash func(point string)

// The operations that write, as crash points name them.
const (
	opRegister = "register" // names of account and batches
	opLease    = "lease"    // run and leases
	opCount    = "count"    // the counter of runs
	opAdopt    = "adopt"
	opLooked   = "looked"
	opPlan     = "plan"
	opClaim    = "claim"
	opSettle   = "settle"
	opDraft    = "draft"
	opRetry    = "retry"
	opBeat     = "beat"
	opCheck    = "check" // of the lease
	opEnd      = "end"
	opTemplate = "template"

	opAddLot       = "add-lot"
	opClaimLot     = "claim-lot"
	opLot          = "lot" // a step of one
	opSettleLot    = "settle-lot"
	opEndLot       = "end-lot"
	opBudget       = "budget"
	opCalls        = "calls"
	opRemoteStatus = "remote-status"
)

// The points in each of them.
const (
	atBegin     = "begin"     // in a transaction, before the first statement
	atStatement = "statement" // before each statement
	atWritten   = "written"   // after the last statement, not committed
	atCommitted = "committed" // on disk, before the caller knows
)

// CrashPoints are all points at which [Crash] is called, for instance
// "claim:committed".
var CrashPoints = func() (points []string) {
	for _, op := range []string{opRegister, opLease, opCount, opPlan, opClaim, opSettle, opDraft, opRetry, opBeat, opCheck, opEnd, opTemplate, opAddLot, opClaimLot, opLot, opSettleLot, opEndLot, opAdopt, opLooked} {
		for _, at := range []string{atBegin, atStatement, atWritten, atCommitted} {
			points = append(points, op+":"+at)
		}
	}
	return points
}()

func crash(op, at string) {
	if Crash != nil {
		Crash(op + ":" + at)
	}
}
