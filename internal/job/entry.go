package job

import (
	"slices"

	"batchsend/envelope"
	"batchsend/internal/history"
	"batchsend/internal/report"
	"batchsend/internal/spool"
	"batchsend/reminders"
)

// entry is what is remembered of one envelope. There may be millions, so the parts are
// ordered such that no byte lies between them.
type entry struct {
	digests
	label   textRef   // its envelope value
	message spool.Ref // []envelope.Problem of a rejected one, else envelope.Outcome
	rowsAt
	common
	findings
}

// digests say which envelope it is.
type digests struct {
	id            envelope.TransactionID
	content       envelope.Content
	people, names envelope.Digest
}

// rowsAt is where an envelope's first row stands, and how many people the rows name.
type rowsAt struct {
	offset     int64 // where it begins
	line       int32
	file       uint16
	recipients uint16
}

// common is what an envelope has in common with others, by number.
type common struct {
	template int32 // of values.templates
	setting  int32 // of values.settings
	group    int32 // see [batch.Item]
}

// findings are what the run has found out so far.
type findings struct {
	status status
	state  history.State // in the ledger
	repeat repeat
	flags  flags
}

// flags are what is known of an entry, a bit each.
type flags uint8

const (
	identified  flags = 1 << iota // its rows can be read, so it has an identity
	accepted                      // nothing is wrong with it
	twice                         // it was rejected because the files say the same twice
	onlyRepeats                   // it was rejected only because it was sent before
	legacyName                    // it goes by the name that an earlier release has given to it
	rest                          // its row is the rest of a torn one, see [envelope.Row]
)

func (e *entry) is(f flags) bool { return e.flags&f != 0 }

// status is an [envelope.Status] in a byte.
type status uint8

// statuses are all that there are, in the reverse of the report's order: the zero status
// is Pending, that of an envelope to which the run has not come.
var statuses = func() []envelope.Status {
	all := report.Statuses()
	slices.Reverse(all)
	return all
}()

var rejected = statusOf(envelope.Rejected)

func statusOf(s envelope.Status) status { return status(slices.Index(statuses, s)) }

// repeat is the code for which an envelope would have been rejected, had the
// operator not allowed repeats.
type repeat uint8

var repeats = [...]envelope.Code{"", envelope.DuplicateEnvelope, envelope.AlreadySentCode, envelope.KeyConflict}

func repeatOf(code envelope.Code) repeat { return repeat(slices.Index(repeats[:], code)) }

// setting is what applies to an envelope: reminders and expiration.
type setting struct {
	applies   reminders.Settings
	overrides bool // it does not come from the template
}
