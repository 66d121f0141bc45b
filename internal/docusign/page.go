package docusign

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"batchsend/envelope"
)

// The most items that one page of a list may hold.
const (
	perPage        = 1000 // envelopes or templates
	batchesPerPage = 100
)

// page is where in a longer list an answer stands.
type page struct {
	End   text `json:"endPosition"`
	Total text `json:"totalSetSize"`
	Next  text `json:"nextUri"`
}

// next is where the page after this one begins, and whether there is one; this
// one begins at start and has n items.
func (p page) next(start, n int) (int, bool) {
	if n == 0 {
		return 0, false
	}
	next := start + n
	if p.End != "" {
		next = max(next, p.End.int()+1)
	}
	return next, next < p.Total.int() || p.Total == "" && p.Next != ""
}

// identifiable is a page whose items have keys, which differ from those of other pages.
type identifiable interface{ keys() []string }

// errRepeatedPage says that DocuSign answers with the same page again and again. What is
// not on that page may exist all the same.
var errRepeatedPage = errors.New("DocuSign repeats a page of its list and does not come to an end")

// each makes a call, and repeats it for each further page of the list that it asks for.
// It calls see with each page; see returns where the page is in the list and how many
// items it has, or 0 items to end the loop. If more pages should follow, but the items
// of an [identifiable] page are all known, the error's cause is errRepeatedPage.
func each[P any](ctx context.Context, c *Client, look call, see func(*P) (page, int)) error {
	seen := make(map[string]bool)
	for start := 0; ; {
		got := new(P)
		if err := c.do(ctx, look, got); err != nil {
			return err
		}
		at, n := see(got)
		next, more := at.next(start, n)
		if !more {
			return nil
		}
		if k, ok := any(got).(identifiable); ok && !anyNew(seen, k.keys()) {
			return &Error{Kind: Refused, Op: look.op, Status: http.StatusOK, Cause: errRepeatedPage}
		}
		start = next
		look.query.Set("start_position", strconv.Itoa(start))
	}
}

// anyNew reports whether some of keys are not in seen, and adds all to seen.
func anyNew(seen map[string]bool, keys []string) (fresh bool) {
	for _, key := range keys {
		fresh = fresh || !seen[key]
		seen[key] = true
	}
	return fresh
}

// eachEnvelope calls see with every envelope in the answer to look, one call a page.
func (c *Client) eachEnvelope(ctx context.Context, look call, see func(*wireStatus)) error {
	return each(ctx, c, look, func(got *wireStatuses) (page, int) {
		all := slices.Concat(got.Statuses, got.Envelopes)
		for i := range all {
			see(&all[i])
		}
		return got.page, max(len(got.Statuses), len(got.Envelopes))
	})
}

// from is an instant as a list's from_date takes it. DocuSign would read a date
// without an offset in a time zone of its own.
func from(since time.Time) string { return since.UTC().Format(time.RFC3339) }

// byField is the call that lists the envelopes with a value in a text custom field, among
// those created or changed since. The caller must check each with [wireStatus.holds]:
// DocuSign might ignore the filter.
func byField(op, name, value string, since time.Time) call {
	return call{
		op: op, method: http.MethodGet, path: "/envelopes",
		query: url.Values{
			"from_date":    {from(since)},
			"custom_field": {name + "=" + value},
			"include":      {"custom_fields"},
			"count":        {strconv.Itoa(perPage)},
		},
	}
}

// byIDs is the call that lists envelopes by the IDs in its body; the parameter kind says
// which IDs these are. DocuSign limits how often an envelope may be asked about, and the
// call may count for each of them, so its answer is always waited for.
func byIDs(kind string, ids wireIDs) call {
	return call{
		op: "look up envelopes", method: http.MethodPut, path: "/envelopes/status",
		query: url.Values{kind: {"request_body"}}, body: ids,
	}
}

// wireIDs names envelopes in a request: the schema "envelopeIdsRequest".
type wireIDs struct {
	Envelopes    []envelope.ID            `json:"envelopeIds,omitempty"`
	Transactions []envelope.TransactionID `json:"transactionIds,omitempty"`
}

// What a list of envelopes says: the schema "envelopesInformation" and those
// that it refers to.
type (
	wireStatuses struct {
		Statuses  []wireStatus `json:"envelopeTransactionStatuses"`
		Envelopes []wireStatus `json:"envelopes"`
		page
	}

	wireStatus struct {
		TransactionID text             `json:"transactionId"`
		EnvelopeID    envelopeID       `json:"envelopeId"`
		Status        text             `json:"status"`
		Created       text             `json:"createdDateTime"`
		Sent          text             `json:"sentDateTime"`
		StatusChanged text             `json:"statusChangedDateTime"`
		StatusAt      text             `json:"statusDateTime"`
		Error         errorDetails     `json:"errorDetails"`
		CustomFields  wireCustomFields `json:"customFields"`
		Recipients    wireAddressees   `json:"recipients"`
	}
)

// mailing is whether an envelope was sent to anybody. If two entries of an answer
// disagree the greater counts.
type mailing int

const (
	unmailed mailing = iota // it is a draft, or was one when it was deleted
	unclear                 // DocuSign does not say
	mailed                  // it was sent
)

// mailing looks at the time when the envelope was sent. The status is not enough: an
// envelope can be "deleted" before it is sent and after.
func (w *wireStatus) mailing() mailing {
	switch {
	case w.Sent != "":
		return mailed
	case w.status() == statusDraft, w.status() == statusDeleted, w.status() == statusTemplate:
		return unmailed
	}
	return unclear
}

// keys returns a key for each envelope of the page.
func (w *wireStatuses) keys() (keys []string) {
	for _, list := range [][]wireStatus{w.Statuses, w.Envelopes} {
		for i := range list {
			keys = append(keys, string(list[i].EnvelopeID)+" "+string(list[i].TransactionID))
		}
	}
	return keys
}

// id is the envelope's ID, "" if the entry is an error.
func (w *wireStatus) id() envelope.ID {
	if w.Error.failed() {
		return ""
	}
	return envelope.ID(w.EnvelopeID)
}

// status is in lower case.
func (w *wireStatus) status() string { return strings.ToLower(strings.TrimSpace(string(w.Status))) }

// holds reports whether a text custom field has a value; neither case nor space
// around it count.
func (w *wireStatus) holds(name, value string) bool {
	return slices.ContainsFunc(w.CustomFields.Text, func(f wireField) bool {
		return string(f.Name) == name && f.Value.guid() == text(value).guid()
	})
}

// field is the value of a text custom field, "" if there is none.
func (w *wireStatus) field(name string) text {
	for _, f := range w.CustomFields.Text {
		if string(f.Name) == name && f.Value != "" {
			return f.Value
		}
	}
	return ""
}
