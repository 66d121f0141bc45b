package batch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"batchsend/envelope"
	"batchsend/internal/history"
	"batchsend/internal/remote"
)

// AlreadySent is the outcome of an envelope that an earlier run has sent.
func AlreadySent(record history.Record) envelope.Outcome {
	out := envelope.Outcome{Status: envelope.AlreadySent, ID: record.ID}
	if record.RemoteStatus == "voided" {
		out.Message = "it was voided in DocuSign since: to send it anew, give --allow-repeat and another --batch"
	}
	return out
}

// SameContentMessage says where the content of an envelope went out already.
func SameContentMessage(same history.SameContent) string {
	what := fmt.Sprintf("was sent on %s as envelope %s", date(same.At), same.ID)
	if same.ID == "" {
		what = fmt.Sprintf("may have been sent on %s (not known yet: batchsend reconcile asks DocuSign)", date(same.At))
	}
	return fmt.Sprintf("the same envelope %s in batch %q. DocuSign would send it again; remove the rows, or give --allow-repeat if it must go out once more", what, same.Batch)
}

// outcomeOf says what an attempt that ended with err came to.
func outcomeOf(ctx context.Context, id envelope.ID, err error) envelope.Outcome {
	if err == nil {
		return envelope.Outcome{Status: envelope.Sent, ID: id}
	}
	out := envelope.Outcome{Status: envelope.Failed, Code: code(err), Message: err.Error()}
	_, unrecorded := errors.AsType[*LedgerError](err)
	_, withheld := errors.AsType[*withheldError](err)
	_, harmless := errors.AsType[harmlessError](err)
	switch {
	case effectOf(err) == remote.EffectUnknown:
		out.Status = envelope.Unknown
	case harmless && isOwnCode(out.Code) && ctx.Err() == nil:
		// DocuSign gives this answer however often it is asked, and no draft is mailed.
	case unrecorded, withheld, !refused(ctx, err):
		out.Status = envelope.Pending // nothing is wrong with this one
	}
	return out
}

// isOwnCode reports whether a code is one of DocuSign's own, which it has said of
// this envelope, and not that of a server in between: "HTTP_503" and its like.
func isOwnCode(code string) bool { return code != "" && !strings.HasPrefix(code, "HTTP_") }

// lookedUpFirst says what the next run does with an unresolved envelope.
const lookedUpFirst = ": it is looked up before anything is sent"

// said returns what is known of the attempt, as the beginning of a text.
func (a Answer) said() string {
	if a.Message == "" {
		return "sent, and no answer is recorded"
	}
	return strings.TrimSuffix(a.Message, ".")
}

// again says that several attempts got this answer and that the envelope was not sent.
func (a Answer) again() string {
	return fmt.Sprintf("%s. This was the answer %d times, and DocuSign has sent no such envelope", a.said(), a.Times)
}

// found says how it is known that the envelope was sent.
func (a Answer) found() string {
	switch {
	case a.Code == "":
		return "the answer was lost; found at DocuSign"
	case !isOwnCode(a.Code):
		return "the answer (" + a.Code + ") did not tell; found at DocuSign"
	}
	return "DocuSign answered " + a.Code + " and has sent it all the same"
}

// list names envelopes.
func list(ids []envelope.ID) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = string(id)
	}
	return strings.Join(names, ", ")
}

func date(t time.Time) string { return t.Local().Format("2006-01-02 15:04") }
