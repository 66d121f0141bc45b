package ledger

// Crash is called at every point of [CrashPoints] if it was set before a ledger
// was opened, so that a test can kill the process there. In normal use it is
// nil.
var Crash func(point string)

// What is written, by the names that crash points and errors give it.
const (
	opRegister = "register" // names of account and batches
	opSeize    = "seize"    // run and leases
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

	opAddLot    = "add-lot"
	opClaimLot  = "claim-lot"
	opLot       = "lot" // a step of one
	opSettleLot = "settle-lot"
	opBudget    = "budget"
	opFate      = "fate"
)

// The places in each of them.
const (
	atBegin     = "begin"     // in a transaction, nothing said
	atStatement = "statement" // before each statement
	atWritten   = "written"   // all said, not committed
	atCommitted = "committed" // on disk, the caller does not know
)

// CrashPoints are all points at which [Crash] is called, for instance
// "claim:committed".
var CrashPoints = func() (points []string) {
	for _, op := range []string{opRegister, opSeize, opCount, opPlan, opClaim, opSettle, opDraft, opRetry, opBeat, opCheck, opEnd, opTemplate, opAddLot, opClaimLot, opLot, opSettleLot, opAdopt, opLooked} {
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
