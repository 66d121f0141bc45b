package report

import (
	"fmt"
	"slices"
	"strings"

	"batchsend/envelope"
)

// Reason is why envelopes were not sent, or are in doubt: a code, with all that have
// it.
type Reason struct {
	Status    envelope.Status `json:"status"`
	Code      string          `json:"code,omitempty"`
	Envelopes int             `json:"envelopes"`
	Rows      int             `json:"rows,omitempty"` // of files that were rejected
	Meaning   string          `json:"meaning,omitempty"`
	Cure      string          `json:"cure,omitempty"`
	Cases     []*Case         `json:"cases"`
	More      int             `json:"more,omitempty"` // places of other cases, which are not listed

	last envelope.Position
}

// Name is the code, or the status of what has none.
func (r *Reason) Name() string {
	if r.Code == "" {
		return string(r.Status)
	}
	return r.Code
}

// Case is one message about a reason, and where in a file it applies.
type Case struct {
	File    string `json:"file,omitempty"`
	Column  string `json:"column,omitempty"`
	Message string `json:"message"`
	Places  int    `json:"places"`
	Lines   lines  `json:"lines,omitempty"`
}

// ShortColumn is the heading of the column as a person reads it.
func (c *Case) ShortColumn() string { return envelope.Short(c.Column) }

// mostCases is how many different messages are kept of one reason.
const mostCases = 20

// Reasons collects reasons. It keeps some messages of each code and counts the rest, so
// that it does not grow with the number of envelopes.
type Reasons struct {
	// Explain returns what is known of a code; both are "" if nothing is.
	Explain func(code string) (meaning, cure string)

	all   []*Reason
	index map[reasonKey]*Reason
	cases map[caseKey]*Case
}

type reasonKey struct {
	status envelope.Status
	code   string
}

type caseKey struct {
	of                    *Reason
	file, column, message string
}

// AddRejected adds an envelope that was rejected.
func (rs *Reasons) AddRejected(problems []envelope.Problem) {
	var counted []*Reason
	for _, p := range problems {
		r := rs.reason(envelope.Rejected, string(p.Code))
		if !slices.Contains(counted, r) {
			counted = append(counted, r)
			r.Envelopes++
		}
		if p.File != r.last.File || p.Line != r.last.Line {
			r.Rows++
			r.last = p.Position
		}
		rs.add(r, p.Position, p.Column, p.Message)
	}
}

// Add adds an envelope that failed or is unknown.
func (rs *Reasons) Add(at envelope.Position, out envelope.Outcome) {
	r := rs.reason(out.Status, out.Code)
	r.Envelopes++
	rs.add(r, at, "", out.Message)
}

func (rs *Reasons) reason(status envelope.Status, code string) *Reason {
	key := reasonKey{status, code}
	r := rs.index[key]
	if r == nil {
		if rs.index == nil {
			rs.index, rs.cases = map[reasonKey]*Reason{}, map[caseKey]*Case{}
		}
		r = &Reason{Status: status, Code: code, Cases: []*Case{}}
		if rs.Explain != nil {
			r.Meaning, r.Cure = rs.Explain(r.Name())
		}
		rs.index[key] = r
		rs.all = append(rs.all, r)
	}
	return r
}

// add adds a place to a reason's case.
func (rs *Reasons) add(r *Reason, at envelope.Position, column, message string) {
	key := caseKey{r, at.File, column, message}
	c := rs.cases[key]
	if c == nil {
		if len(r.Cases) == mostCases {
			r.More++
			return
		}
		c = &Case{File: at.File, Column: column, Message: message}
		rs.cases[key] = c
		r.Cases = append(r.Cases, c)
	}
	c.Places++
	c.Lines.add(at.Line)
}

// List returns the reasons: what is in doubt first, then what failed, then what was
// rejected, and of each the most frequent first.
func (rs *Reasons) List() []*Reason {
	slices.SortStableFunc(rs.all, func(a, b *Reason) int {
		if d := slices.Index(urgent, a.Status) - slices.Index(urgent, b.Status); d != 0 {
			return d
		}
		return b.Envelopes - a.Envelopes
	})
	return rs.all
}

// urgent are the statuses that need attention, the most urgent first.
var urgent = []envelope.Status{envelope.Unknown, envelope.Failed, envelope.Rejected}

// mostLines is how many runs of lines are kept of a case.
const mostLines = 30

// lines are runs of lines of a file, the first and the last of each.
type lines [][2]int

func (l *lines) add(line int) {
	if n := len(*l); n > 0 {
		switch last := &(*l)[n-1]; {
		case line >= last[0] && line <= last[1]:
			return
		case line == last[1]+1:
			last[1] = line
			return
		case n == mostLines:
			return
		}
	}
	*l = append(*l, [2]int{line, line})
}

// String lists the lines: "4, 9–12".
func (l lines) String() string {
	var b strings.Builder
	for i, run := range l {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprint(&b, run[0])
		if run[1] > run[0] {
			fmt.Fprintf(&b, "–%d", run[1])
		}
	}
	return b.String()
}

// count is how many lines these are.
func (l lines) count() (n int) {
	for _, run := range l {
		n += run[1] - run[0] + 1
	}
	return n
}

// Where names the lines of the case, as far as they are kept.
func (c *Case) Where() string {
	if c.Places == 0 || len(c.Lines) == 0 {
		return ""
	}
	n := c.Lines.count()
	text := PluralWord(max(n, c.Places), "line") + " " + c.Lines.String()
	if c.Places > n {
		text += fmt.Sprintf(", … (%s in all)", Number(c.Places))
	}
	return text
}
