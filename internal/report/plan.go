package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"batchsend/envelope"
)

// Plan is what a run will do and what it costs.
type Plan struct {
	Envelopes  int    `json:"envelopes"`  // to be sent
	Recipients int    `json:"recipients"` // of them
	Calls      int    `json:"calls"`      // that sending them takes
	Engine     string `json:"engine"`
	Why        string `json:"why"`
	// Notes say what else is to be known of the choice, a line each.
	Notes  []string `json:"notes,omitempty"`
	InBulk int      `json:"inBulk,omitempty"` // envelopes that DocuSign makes from lists
	Lists  int      `json:"lists,omitempty"`
	// CallsLeft is what is left of this hour's calls; -1 if not told.
	CallsLeft int `json:"callsLeft"`
	// AllowanceLeft is how many envelopes the account's plan still allows; -1
	// if it is unlimited or not told.
	AllowanceLeft int           `json:"allowanceLeft"`
	Duration      time.Duration `json:"-"` // that the limits, and DocuSign's work on lists, make it take
	Seconds       float64       `json:"seconds"`
	Finish        time.Time     `json:"finish"`
	Settings      []Setting     `json:"settings"`
	// Repeats counts the envelopes that --allow-repeat lets pass, by the code with
	// which they would be rejected.
	Repeats map[envelope.Code]int `json:"repeats,omitempty"`
}

// Setting is what will really apply to some of the envelopes.
type Setting struct {
	Envelopes int    `json:"envelopes"`
	Applies   string `json:"applies"`
	Source    string `json:"source"` // "template" or "override"
}

// settingsShown is how many different settings the plan lists.
const settingsShown = 5

// Write tells the plan to a person.
func (p Plan) Write(w io.Writer) {
	if p.Envelopes == 0 {
		return
	}
	fmt.Fprintf(w, "plan: %s to %s; engine %s (%s), %s\n",
		Plural(p.Envelopes, "envelope"), Plural(p.Recipients, "recipient"), p.Engine, p.Why, Plural(p.Calls, "call"))
	for _, note := range p.Notes {
		fmt.Fprintf(w, "plan: %s\n", note)
	}
	for i, s := range p.Settings {
		if i == settingsShown {
			fmt.Fprintf(w, "plan: ... and %s more settings of reminders and expiry\n", Number(len(p.Settings)-i))
			break
		}
		fmt.Fprintf(w, "plan: %s: %s (%s)\n", Plural(s.Envelopes, "envelope"), s.Applies, s.Source)
	}
	if n, codes := p.repeats(); n > 0 {
		fmt.Fprintf(w, "plan: --allow-repeat lets %s pass that would be rejected (%s)\n", Plural(n, "envelope"), codes)
	}
	left := "calls left this hour not known yet"
	if p.CallsLeft >= 0 {
		left = Plural(p.CallsLeft, "call") + " left this hour"
	}
	if p.AllowanceLeft >= 0 {
		left += ", " + Plural(p.AllowanceLeft, "envelope") + " left in the account's plan"
	}
	if p.Duration < time.Second {
		fmt.Fprintf(w, "plan: %s; no waiting for the limits\n", left)
		return
	}
	as := ""
	if p.Lists > 0 {
		as = ", if DocuSign works through its lists as before"
	}
	fmt.Fprintf(w, "plan: %s; it takes about %s, until %s%s\n", left, Span(p.Duration), p.Finish.Format("2006-01-02 15:04:05"), as)
}

// repeats is how many envelopes --allow-repeat lets pass, in all and by code.
func (p Plan) repeats() (n int, codes string) {
	var each []string
	for _, code := range slices.Sorted(maps.Keys(p.Repeats)) {
		n += p.Repeats[code]
		each = append(each, fmt.Sprintf("%s %s", code, Number(p.Repeats[code])))
	}
	return n, strings.Join(each, ", ")
}

// Span writes a duration as a person would: "2h 5m", "35s".
func Span(d time.Duration) string {
	d = d.Round(time.Second)
	h, m, s := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	switch {
	case h > 0:
		return fmt.Sprintf("%dh %dm", h, m)
	case m > 0:
		return fmt.Sprintf("%dm %ds", m, s)
	}
	return fmt.Sprintf("%ds", s)
}
