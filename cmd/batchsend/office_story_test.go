package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"
)

// story is some weeks in an office that sends letters: who gives which command
// when, and what goes wrong. It is drawn as a whole before anything happens, so
// that rapid can make it shorter.
type story struct {
	Form    form
	Labels  bool // the file has a column envelope
	Orders  bool // and, in the long form, routingOrder
	Rows    int
	Grows   int      // rows that are added every day
	Usual   []string // flags that are always given
	Account account
	Days    []day
}

// account is DocuSign as the office meets it.
type account struct {
	Hourly, Burst int           // calls that it allows; 0: any number
	Lag           time.Duration // searches do not find an envelope that is younger
	Answer        time.Duration // how long an answer takes
	Settle        time.Duration // what --settle says; 0: it is not given
	Local         bool          // it is reached over a loopback address
	NoBulk        bool          // it does not send in bulk
	BulkRate      float64       // copies of a bulk list that it sends a second; 0: 20
}

// settle is how long the program waits for an envelope to be found.
func (a *account) settle() time.Duration {
	if a.Settle > 0 {
		return a.Settle
	}
	return 10 * time.Minute
}

// day is what happens around one sending command.
type day struct {
	Pause time.Duration // since the day before
	Desk  int           // at which it happens, if there are two
	Acts  []act
}

// The environment variables that choose among actions and among findings, by
// their names: only those, or all but those.
const (
	officeOnly    = "BATCHSEND_OFFICE_ONLY"
	officeWithout = "BATCHSEND_OFFICE_WITHOUT"
)

// enabled lists the names of the actions that stories may have, in groups. What
// names findings only leaves all actions.
func enabled() (groups [][]string) {
	only, without := words(officeOnly), words(officeWithout)
	only = slices.DeleteFunc(only, func(name string) bool { return slices.Contains(findings, name) })
	for _, group := range actions() {
		var names []string
		for _, a := range group {
			if (len(only) == 0 || slices.Contains(only, a.name)) && !slices.Contains(without, a.name) {
				names = append(names, a.name)
			}
		}
		if names != nil {
			groups = append(groups, names)
		}
	}
	if len(groups) == 0 {
		panic(fmt.Sprintf("%s=%q leaves no action", officeOnly, os.Getenv(officeOnly)))
	}
	return groups
}

// words splits what an environment variable lists.
func words(variable string) []string {
	return strings.FieldsFunc(os.Getenv(variable), func(r rune) bool { return r == ',' || r == ' ' })
}

var pauses = []time.Duration{
	time.Minute, 20 * time.Minute, 5 * time.Second, time.Hour, 3 * time.Hour, 24 * time.Hour, 3 * 24 * time.Hour, 8 * 24 * time.Hour,
}

// stories draws stories. Each has some kinds of acts only, so that what happens
// together happens often enough.
func stories() *rapid.Generator[*story] {
	groups := enabled()
	one := rapid.Custom(func(t *rapid.T) string {
		return rapid.SampledFrom(rapid.SampledFrom(groups).Draw(t, "group")).Draw(t, "kind")
	})
	return rapid.Custom(func(t *rapid.T) *story {
		s := &story{
			Form:   rapid.SampledFrom([]form{wide, long, bare}).Draw(t, "form"),
			Labels: rapid.Bool().Draw(t, "labels"),
			Orders: rapid.Bool().Draw(t, "orders"),
			Rows:   rapid.SampledFrom([]int{2, 5, 9, 20}).Draw(t, "rows"),
			Grows:  rapid.SampledFrom([]int{0, 1, 3, 6}).Draw(t, "grows"),
		}
		if via := rapid.SampledFrom([]string{"", "two-step", "bulk", "single"}).Draw(t, "via"); via != "" {
			s.Usual = append(s.Usual, "--via", via)
		}
		if n := rapid.SampledFrom([]string{"", "1", "3"}).Draw(t, "concurrency"); n != "" {
			s.Usual = append(s.Usual, "--concurrency", n)
		}
		s.Account = account{
			Hourly: rapid.SampledFrom([]int{0, 1000, 30, 14}).Draw(t, "calls an hour"),
			Burst:  rapid.SampledFrom([]int{0, 200, 20, 9}).Draw(t, "calls a burst"),
			Answer: rapid.SampledFrom([]time.Duration{100 * time.Millisecond, 2 * time.Second, 20 * time.Second}).Draw(t, "answer"),
			Settle: rapid.SampledFrom([]time.Duration{0, 0, 25 * time.Minute}).Draw(t, "settle"),
			Local:  rapid.SampledFrom([]bool{false, false, false, true}).Draw(t, "local"),
		}
		s.Account.NoBulk = rapid.SampledFrom([]bool{false, false, false, true}).Draw(t, "no bulk")
		s.Account.BulkRate = rapid.SampledFrom([]float64{0, 0, 0.1}).Draw(t, "bulk rate")
		if s.Account.Local {
			s.Account.Settle = rapid.SampledFrom([]time.Duration{time.Minute, 30 * time.Second}).Draw(t, "short settle")
		}
		parts := rapid.SampledFrom([]int{0, 1, 4, 8}).Draw(t, "lag") // eighths of what the program waits
		s.Account.Lag = s.Account.settle() * time.Duration(parts) / 10
		kinds := rapid.SliceOfN(one, 1, 30).Draw(t, "kinds")
		s.Days = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) day { return drawDay(t, kinds) }), 1, 14).Draw(t, "days")
		return s
	})
}

func drawDay(t *rapid.T, kinds []string) day {
	return day{
		Pause: rapid.SampledFrom(pauses).Draw(t, "pause"),
		Desk:  rapid.IntRange(0, 1).Draw(t, "desk"),
		Acts: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) act {
			return act{
				Name: rapid.SampledFrom(kinds).Draw(t, "act"),
				A:    rapid.IntRange(0, 59).Draw(t, "a"), B: rapid.IntRange(0, 59).Draw(t, "b"),
			}
		}), 0, 6).Draw(t, "acts"),
	}
}
