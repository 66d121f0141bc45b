package docusign

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"batchsend/internal/remote"
)

// Kind is what an error means for the one who asked.
type Kind uint8

// The kinds.
const (
	Refused Kind = iota + 1 // DocuSign read the request and said no: nothing was created
	Limited                 // too many calls, nothing created: wait After, then repeat
	Down                    // the request never arrived, or does no harm twice: may be repeated
	Unknown                 // the envelope may exist: look it up, do not repeat
	Halt                    // no further call makes sense before a person has acted
)

var kindNames = [...]string{"none", "refused", "limited", "down", "unknown", "halt"}

// String names the kind, for logs.
func (k Kind) String() string { return kindNames[k] }

// ErrNotReadable is a cause that an [Error] may have. Another is [template.ErrUnknown].
var ErrNotReadable = errors.New("this user may not read it")

// Error says that DocuSign did not do what was asked, or that no answer came.
type Error struct {
	Kind    Kind
	Op      string        // what was asked: "send envelope"
	Status  int           // of the answer, 0 if none came
	Code    string        // DocuSign's errorCode, or an [AuthError]'s reason
	Message string        // DocuSign's own words, on one line
	Trace   string        // what DocuSign Support asks for
	After   time.Duration // how long to wait before a repeat, 0 if nobody said
	Window  Window        // of the account, if that is what is used up
	Cause   error         // why no answer came, or what was wrong with it
	bulk    bool          // it was about lists

	unsent  bool // the call has certainly not left
	deleted bool // what it is about was deleted at DocuSign
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	if e.Code != "" {
		b.WriteString(": " + e.Code)
	}
	if e.Message != "" {
		b.WriteString(": " + strings.TrimSuffix(e.Message, "."))
	}
	if e.Cause != nil {
		b.WriteString(": " + e.Cause.Error())
	}
	switch {
	case e.Status != 0 && e.Trace != "":
		fmt.Fprintf(&b, " (HTTP %d, trace %s)", e.Status, e.Trace)
	case e.Status != 0:
		fmt.Fprintf(&b, " (HTTP %d)", e.Status)
	}
	return b.String()
}

// Unwrap returns the cause, if there is one.
func (e *Error) Unwrap() error { return e.Cause }

// RetryAfter reports whether the same call may be repeated without harm, and
// how long to wait before it; 0 leaves that to the caller.
func (e *Error) RetryAfter() (time.Duration, bool) {
	return e.After, e.Kind == Limited || e.Kind == Down
}

// Effect says what the call has done.
func (e *Error) Effect() remote.Effect {
	switch {
	case e.Kind == Unknown:
		return remote.EffectUnknown
	case e.Kind == Halt:
		return remote.EffectStop
	case e.Kind == Down && e.unsent:
		return remote.EffectNotSent
	case e.Kind == Down, e.Kind == Limited:
		return remote.EffectNotDone
	case e.QueueFull():
		return remote.EffectQueueFull
	case e.BulkForbidden():
		return remote.EffectNoBulk
	case e.Gone():
		return remote.EffectGone
	}
	return remote.EffectRefused
}

// QueueFull reports whether DocuSign queued nothing because the account has too
// many copies in its queue already. The same call may be made again once the
// queue is shorter, which no clock tells: so Kind is Refused, and nobody repeats
// it blindly.
func (e *Error) QueueFull() bool { return e.Kind == Refused && normal(e.Code) == queueFull }

// BulkForbidden reports whether DocuSign refused because account or user may not
// send in bulk at all: no other list will fare better.
func (e *Error) BulkForbidden() bool {
	return e.Kind == Refused && e.bulk && (normal(e.Code) == lacksRight || normal(e.Code) == normal("USER_LACKS_PERMISSIONS") || normal(e.Code) == normal("PLAN_ITEM_NOT_ENABLED"))
}

// ErrorCode returns Code; of an answer that came without one, "HTTP_503" and its
// like, also where the status is a good one; "" if there was no answer.
func (e *Error) ErrorCode() string {
	if e.Code == "" && e.Status != 0 {
		return fmt.Sprintf("HTTP_%d", e.Status)
	}
	return e.Code
}

// NeedsPerson reports whether the same call will be refused until a person has
// acted, so that another run alone does not help.
func (e *Error) NeedsPerson() bool {
	return e.Kind == Halt && e.Status != statusBlocked && !has(e.Code, pauses)
}

// Passes reports whether the same call will be answered another time without anybody's
// help: it met a limit, or a pause that DocuSign demands, or was given up.
func (e *Error) Passes() bool {
	return !e.NeedsPerson() && (e.Kind == Limited || e.Kind == Halt) || errors.Is(e.Cause, context.Canceled) || errors.Is(e.Cause, context.DeadlineExceeded)
}

// Alike reports whether other envelopes will meet the same error: it lies with
// the account, the user, the template or the way there, not with the envelope.
// An account that lacks a right stops all, but for what only some ask for: see
// [ownFault].
func (e *Error) Alike() bool {
	return e.Kind != Refused || normal(e.Code) != lacksRight && Alike(e.ErrorCode())
}

// traceHeader names the header with what DocuSign Support asks for. As [http.Header]
// has it, so that it is found without making it canonical each time.
const traceHeader = "X-Docusign-Tracetoken"

// answer is what came back of one call.
type answer struct {
	status int // 0: no answer came
	header http.Header
	body   []byte
	err    error // why no answer came, or its body broke off
	unsent bool  // no byte of the request left this machine
	at     time.Time
	token  *token // with which the call left
}

// check reads a good answer into into, and turns any other into an error. It is the one
// place that decides what an answer means.
func check(c call, a answer, into any) *Error {
	good := a.status/100 == 2
	var unread error
	if good {
		if unread = read(a, into); unread == nil {
			return nil
		}
	}
	e := &Error{Op: c.op, Status: a.status, Trace: short(a.header.Get(traceHeader))}
	switch {
	case a.status == 0:
		e.Kind, e.Cause = c.unclearKind(), a.err
		if e.unsent = a.unsent; e.unsent {
			e.Kind = Down
		}
		return e
	case good:
		e.Kind, e.Cause = c.unclearKind(), unread
		return e
	}
	var said struct {
		Code    text `json:"errorCode"`
		Message text `json:"message"`
	}
	err := json.Unmarshal(a.body, &said)
	switch {
	case a.err != nil:
		e.Cause = a.err
	case err == nil && said.Code != "":
		e.Code, e.Message = short(string(said.Code)), short(withoutAccessCodes(string(said.Message), c.body))
	default:
		e.Message = describeBody(a)
	}
	e.setKind(c, a)
	return e
}

// setKind sets the kind of the error of an answer whose status is not 2xx. A known code
// decides, whatever the status: DocuSign moved limits from 400 to 429 in 2026.
func (e *Error) setKind(c call, a answer) {
	code := normal(e.Code)
	e.bulk = c.lists()
	limit, limited := limits[code]
	later, _ := retryAfter(a.header, a.at)
	switch {
	case halting[code], suspended(code), has(code, renews), code == lacksRight && c.sends():
		e.Kind = Halt
	case a.status == statusBlocked, a.status == http.StatusUnauthorized, a.status == http.StatusProxyAuthRequired:
		e.Kind = Halt
	case a.status >= 500, a.status == http.StatusRequestTimeout, code == "UNSPECIFIEDERROR":
		e.Kind = c.unclearKind()
		if e.Kind == Down {
			e.After = later
		}
	case code == queueFull:
		e.Kind = Refused
	case code == notStored:
		e.Kind, e.After = Down, later
	case limited:
		e.limit(limit, a)
	case a.status == http.StatusTooManyRequests && code != "RECIPIENTLIMITEXCEEDED":
		w := Burst
		if ReadLimits(a.header, a.at).HourLeft == 0 {
			w = Hour
		}
		e.limit(quota{window: w, account: true}, a)
	case e.Code == "" && !c.repeatable():
		e.Kind = Unknown // who answered, and whether it passed the request on, cannot be told
	default:
		e.Kind = Refused
	}
}

// itemError is the error of one item in the body of a good answer to c.
func itemError(c call, status int, code, message string) *Error {
	e := &Error{Op: c.op, Status: status, Code: short(code), Message: short(message)}
	e.setKind(c, answer{status: http.StatusBadRequest})
	return e
}

// tokenRefused reports whether DocuSign did nothing because it does not take the
// token, so that a new one may help. Its code counts, whatever the status.
func (e *Error) tokenRefused() bool {
	return has(e.Code, renews) || e.Status == http.StatusUnauthorized && !halting[normal(e.Code)]
}

// Gone reports whether DocuSign refused because it does not have, or no longer
// has, what the call was about.
func (e *Error) Gone() bool {
	return e.Kind == Refused && (e.deleted || e.Status == http.StatusNotFound || missing[normal(e.Code)])
}

func (e *Error) limit(q quota, a answer) {
	e.Kind, e.After = Limited, max(wait(q.window, a.header, a.at), time.Second)
	if q.account {
		e.Window = q.window
	}
}

// statusBlocked is what DocuSign's traffic management answers after excess.
const statusBlocked = 444

// read decodes a body that should be JSON.
func read(a answer, into any) error {
	if a.err != nil {
		return a.err
	}
	if into == nil || a.status == http.StatusNoContent {
		return nil
	}
	if raw, ok := into.(*plainText); ok {
		*raw = plainText(a.body)
		return nil
	}
	if err := json.Unmarshal(a.body, into); err != nil {
		if te, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return fmt.Errorf("the answer is not what it should be: %s is a %s", te.Field, te.Value)
		}
		if e, ok := errors.AsType[*noIDError](err); ok {
			return e
		}
		return errors.New(describeBody(a))
	}
	return nil
}

// describeBody describes a body that is not what it should be, without quoting
// it: it may be a page of any length, and hold anything.
func describeBody(a answer) string {
	switch trimmed := strings.TrimSpace(string(a.body[:min(len(a.body), 64)])); {
	case trimmed == "":
		return "the answer is empty"
	case trimmed[0] == '<':
		return "the answer is a web page, not DocuSign's API"
	}
	return "the answer cannot be read"
}

// normal is a code in the form in which codes are compared: DocuSign writes
// some in mixed case, and some in two spellings.
func normal(code string) string {
	return strings.ToUpper(strings.NewReplacer("_", "", "-", "", " ", "").Replace(code))
}

// suspended reports whether a normal code says so of the account. Which code
// DocuSign uses is not documented.
func suspended(code string) bool {
	return strings.Contains(code, "ACCOUNT") && strings.Contains(code, "SUSPENDED")
}

// halting are the codes after which every further call would be refused too, in
// their normal form.
var halting = func() map[string]bool {
	m := make(map[string]bool)
	for _, c := range codes {
		if c.effect == stops || c.effect == pauses {
			m[normal(c.code)] = true
		}
	}
	delete(m, lacksRight) // it depends on the call: see [call.sends]
	return m
}()

// lacksRight is the code for an account that may not do what was asked.
var lacksRight = normal("ACCOUNT_LACKS_PERMISSIONS")

// Codes of Bulk Send after which nothing was queued. Source: REST v2.1
// BulkSend: createBulkSendRequest.
var (
	queueFull = normal("BULK_SEND_ACCOUNT_HAS_TOO_MANY_QUEUED_ENVELOPES")
	notStored = normal("BULK_SEND_BLOB_STORE_ERROR")
)

// missing are the codes that say that something does not exist.
var missing = set("BULK_SEND_LIST_NOT_FOUND", "ENVELOPE_DOES_NOT_EXIST", "ENVELOPE_NOT_IN_FOLDER", "RESOURCE_NOT_FOUND")

func set(codes ...string) map[string]bool {
	m := make(map[string]bool)
	for _, code := range codes {
		m[normal(code)] = true
	}
	return m
}

// quota is what a limit code is about: a window, of the whole account or of
// calls on one envelope.
type quota struct {
	window  Window
	account bool
}

// limits are the codes that ask to wait. Nothing was created.
var limits = map[string]quota{
	normal("HOURLY_APIINVOCATION_LIMIT_EXCEEDED"):          {Hour, true},
	normal("BURST_APIINVOCATION_LIMIT_EXCEEDED"):           {Burst, true},
	normal("API_REQUEST_IS_THROTTLED"):                     {Burst, true},
	normal("Hourly_Envelope_Polling_Limit_Exceeded"):       {Hour, false},
	normal("Burst_Envelope_Polling_Limit_Exceeded"):        {Burst, false},
	normal("Hourly_APIInvocation_Envelope_Limit_Exceeded"): {Hour, false},
	normal("Burst_APIInvocation_Envelope_Limit_Exceeded"):  {Burst, false},
}
