package report

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Limits is what is left of an account's call budget and of its plan.
type Limits struct {
	Account string `json:"account"`
	Name    string `json:"name,omitempty"` // of the account
	Hour    Window `json:"hour"`
	Burst   Window `json:"burst"` // 30 seconds
	// Asked is true if DocuSign has told it now; else it is what runs have remembered.
	Asked bool `json:"asked"`
	// At is when it was so; null if nothing is known of this hour.
	At *time.Time `json:"at"`
	// Why says why DocuSign was not asked.
	Why       string     `json:"why,omitempty"`
	Allowance *Allowance `json:"allowance"` // null if it is not told
	Sharing   []Sharing  `json:"sharing"`   // never null
}

// Window is the calls of one window.
type Window struct {
	Limit int       `json:"limit"` // 0 if there is none
	Told  bool      `json:"told"`  // by DocuSign; else it is assumed
	Left  int       `json:"left"`
	Ends  time.Time `json:"ends"` // of the 30 seconds: when all calls come free
}

// Allowance is how many envelopes an account's plan allows in a billing period.
type Allowance struct {
	Unlimited bool `json:"unlimited"`
	Allowed   int  `json:"allowed"`
	Left      int  `json:"left"`
	DaysLeft  int  `json:"daysLeft"`
}

// Sharing is a run that shares the call budget.
type Sharing struct {
	Host     string    `json:"host"`
	Process  int       `json:"process"`
	Since    time.Time `json:"since"`
	LastSeen time.Time `json:"lastSeen"`
	Batches  []string  `json:"batches"`
}

// WriteLimits tells limits to a person.
func WriteLimits(w io.Writer, l *Limits) error {
	rows := [][]string{
		{"account", strings.TrimSpace(Dash(l.Name) + " " + l.Account)},
		{"this hour", l.Hour.text("until")},
		{"30 seconds", l.Burst.text("all free at")},
		{"known", l.source()},
		{"allowance", l.Allowance.text()},
	}
	for i, s := range l.Sharing {
		rows = append(rows, []string{[]string{"shared with", ""}[min(i, 1)], fmt.Sprintf("process %d on %s since %s, last seen %s: %s",
			s.Process, Dash(s.Host), Local(s.Since), Local(s.LastSeen), Dash(strings.Join(s.Batches, ", ")))})
	}
	if len(l.Sharing) == 0 {
		rows = append(rows, []string{"shared with", "no other run on this ledger"})
	}
	return Columns(w, rows)
}

// text says what is left of a window.
func (w Window) text(ends string) string {
	if w.Limit == 0 {
		return "no limit is known"
	}
	text := fmt.Sprintf("%s of %s left", Plural(w.Left, "call"), Number(w.Limit))
	if w.Left < w.Limit {
		text += fmt.Sprintf(", %s %s", ends, Local(w.Ends))
	}
	if !w.Told {
		text += " (DocuSign has not told: assumed)"
	}
	return text
}

// source says where the limits are known from.
func (l *Limits) source() string {
	switch {
	case l.Asked:
		return "DocuSign has told it now"
	case l.At == nil:
		return "nothing was heard of this hour yet; not asked now: " + l.Why
	}
	return "remembered from " + Local(*l.At) + "; not asked now: " + l.Why
}

// text says what is left of an allowance; nil is one that is not known.
func (a *Allowance) text() string {
	switch {
	case a == nil:
		return "not known"
	case a.Unlimited:
		return "unlimited"
	}
	text := fmt.Sprintf("%s of %s left", Plural(a.Left, "envelope"), Number(a.Allowed))
	if a.DaysLeft > 0 {
		text += ", for " + Plural(a.DaysLeft, "day")
	}
	return text
}
