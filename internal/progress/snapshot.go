package progress

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"batchsend/internal/console"
	"batchsend/internal/report"
	"batchsend/throttle"
)

// Snapshot is how far a run has come at one moment.
type Snapshot struct {
	Now          time.Time
	Plan         report.Plan    // of the run
	Limits       throttle.State // of the call budget
	Sent, Failed int
	Recent       int // envelopes that were done with in the last RecentSpan
	RecentSpan   time.Duration
	Rate         float64 // envelopes a second, without the times of waiting; 0 if not known yet
	Lists        Lists
	Waits        []Wait // that last, in the order in which they began
	Problem      Problem
	Stopping     bool
}

// Lists is what DocuSign has been handed over in bulk lists.
type Lists struct {
	Count     int
	Envelopes int
	Made      int       // of these, as far as was seen or can be expected
	Through   time.Time // when DocuSign should have made all
}

// Done is how many envelopes are done with.
func (s Snapshot) Done() int { return s.Sent + s.Failed }

// Left is how many envelopes are not done with.
func (s Snapshot) Left() int { return max(s.Plan.Envelopes-s.Done(), 0) }

// End is when the run should be done, the waiting included; zero if that cannot be told
// yet, or the run is being stopped.
func (s Snapshot) End() time.Time {
	left := s.Left()
	if left == 0 || s.Stopping {
		return time.Time{}
	}
	var end time.Time
	if s.Plan.InBulk > 0 {
		end = s.Lists.Through
		if s.Lists.Envelopes < s.Plan.InBulk {
			end = latest(end, s.Plan.Finish)
		}
	}
	if singly := left - s.Plan.InBulk; s.Plan.InBulk == 0 || singly > 0 {
		if s.Done() == 0 {
			return time.Time{}
		}
		perEnvelope := float64(s.Plan.Calls) / float64(s.Plan.Envelopes)
		end = latest(end, s.sentSingly(int(float64(left)*perEnvelope+0.5), s.Rate*perEnvelope))
	}
	for _, w := range s.Waits {
		end = latest(end, w.Until)
	}
	if !end.After(s.Now) {
		return time.Time{}
	}
	return end.Round(time.Second)
}

// sentSingly is when so many calls will have been answered, if so many are a second and
// the limits let them go.
func (s Snapshot) sentSingly(calls int, rate float64) time.Time {
	took := func(n int) time.Duration { return time.Duration(float64(n) / rate * float64(time.Second)) }
	hour := s.Limits.Hour
	from, last := s.Now, calls // the last calls are made in one hour, from then on
	if over := calls - hour.Open; hour.Share > 0 && over > 0 {
		hours := (over - 1) / hour.Share
		from, last = hour.Ends.Add(time.Duration(hours)*time.Hour), over-hours*hour.Share
	}
	return latest(from.Add(took(last)), s.Limits.Finish(calls, s.Now))
}

// wide is from how many columns on lines are written in full.
const wide = 64

// lastRank is that of the lines which are left out first.
const lastRank = 6

// View returns the lines that a terminal shows, which fit so many columns and rows. If
// there are too few rows, the least important lines are left out.
func (s Snapshot) View(width, height int, utf8 bool) []console.Line {
	type ranked struct {
		lines []console.Line
		rank  int // the higher is left out first
	}
	var all []ranked
	add := func(rank int, tone console.Tone, long, short string) {
		text := long
		if width < wide {
			text = short
		}
		if text == "" {
			return
		}
		var lines []console.Line
		for _, part := range wrap(text, width) {
			lines = append(lines, console.Line{Text: part, Tone: tone})
		}
		all = append(all, ranked{lines, rank})
	}
	bar := s.bar(width, utf8)
	add(0, console.Neutral, bar, bar)
	add(1, console.Neutral, s.counts(), s.counts())
	pace, briefly := s.pace()
	add(3, console.Neutral, pace, briefly)
	calls, briefly := s.calls()
	add(5, console.Neutral, calls, briefly)
	lists, briefly := s.lists()
	add(4, console.Neutral, lists, briefly)
	for i, w := range s.Waits {
		long, short := w.text(s.Now)
		rank := 2 // the last is the one to see
		if i < len(s.Waits)-1 {
			rank = lastRank
		}
		add(rank, console.Warning, long, short)
	}
	if s.Stopping {
		add(2, console.Warning, "stopping: what is under way is finished and recorded; Ctrl-C again stops at once", "stopping; Ctrl-C again stops at once")
	}
	problem, briefly := s.lastProblem()
	add(lastRank, console.Alarm, problem, briefly)
	var lines []console.Line
	for most := 0; most <= lastRank; most++ {
		var fit []console.Line
		for _, l := range all {
			if l.rank <= most {
				fit = append(fit, l.lines...)
			}
		}
		if len(fit) > height {
			break
		}
		lines = fit
	}
	return lines
}

// wrap breaks a text that is wider than so many columns into two lines, of which the
// second may be cut.
func wrap(text string, width int) []string {
	first := text
	for report.Width(first) > width {
		i := strings.LastIndexByte(first, ' ')
		if i < 0 { // a word that fills a line
			return []string{report.Cut(text, width)}
		}
		first = first[:i]
	}
	if first == text {
		return []string{text}
	}
	return []string{first, report.Cut(text[len(first)+1:], width)}
}

// bar is a bar of what is done, and of what DocuSign has made of lists.
func (s Snapshot) bar(width int, utf8 bool) string {
	signs := [...]string{"#", "+", "-"}
	if utf8 {
		signs = [...]string{"█", "▒", "░"}
	}
	total := max(s.Plan.Envelopes, 1)
	done := min(s.Done(), total)
	percent := fmt.Sprintf("%3d%%", 100*done/total)
	label, of := "sending ", fmt.Sprintf("  %s of %s", report.Number(done), report.Number(s.Plan.Envelopes))
	if width < wide {
		label = ""
	}
	room := max(width-len(label)-len(percent)-len(of)-3, 0)
	full := room * done / total
	made := max(min(room*max(s.Lists.Made, done)/total, room)-full, 0)
	return label + "[" + strings.Repeat(signs[0], full) + strings.Repeat(signs[1], made) + strings.Repeat(signs[2], room-full-made) + "] " + percent + of
}

func (s Snapshot) counts() string {
	return fmt.Sprintf("%s sent, %s failed, %s left", report.Number(s.Sent), report.Number(s.Failed), report.Number(s.Left()))
}

// pace says how fast it goes and when it will be done.
func (s Snapshot) pace() (long, short string) {
	in := report.Span(s.RecentSpan)
	if s.RecentSpan >= recentSpan {
		in = "minute"
	}
	if s.RecentSpan > 0 {
		long = fmt.Sprintf("%s in the last %s", report.Number(s.Recent), in)
	}
	if end := s.End(); !end.IsZero() {
		if long != "" {
			long += "; "
		}
		clock := throttle.Clock(end, s.Now)
		short = fmt.Sprintf("done about %s (in %s)", clock, report.Span(end.Sub(s.Now)))
		long += short
	}
	return long, cmp.Or(short, long)
}

// calls says what is left of the call budget.
func (s Snapshot) calls() (long, short string) {
	hour, burst := s.Limits.Hour, s.Limits.Burst
	long, short = "calls left: ", "calls: "
	if hour.Share > 0 {
		long += fmt.Sprintf("%s of %s until %s", report.Number(hour.Open), report.Number(hour.Share), throttle.Clock(hour.Ends, s.Now))
		short += fmt.Sprintf("%s until %s", report.Number(hour.Open), hour.Ends.Local().Format("15:04"))
		if !hour.Told {
			long += " (assumed)"
		}
	} else {
		long, short = long+"any number an hour", short+"any number"
	}
	if burst.Share > 0 {
		long += fmt.Sprintf("; %s of %s in 30 s", report.Number(burst.Open), report.Number(burst.Share))
		short += fmt.Sprintf("; %s in 30 s", report.Number(burst.Open))
	}
	return long, short
}

// lists says how far DocuSign has come with bulk lists.
func (s Snapshot) lists() (long, short string) {
	l := s.Lists
	if l.Count == 0 {
		return "", ""
	}
	long = fmt.Sprintf("DocuSign: about %s of %s made from %s", report.Number(l.Made), report.Plural(l.Envelopes, "envelope"), report.Plural(l.Count, "list"))
	short = fmt.Sprintf("DocuSign made about %s of %s", report.Number(l.Made), report.Number(l.Envelopes))
	if l.Through.After(s.Now) {
		long += ", done about " + throttle.Clock(l.Through, s.Now)
	}
	return long, short
}

func (w Wait) text(now time.Time) (long, short string) {
	if w.Until.IsZero() {
		return "waiting: " + w.Reason, "waiting: " + w.Reason
	}
	clock, in := throttle.Clock(w.Until, now), report.Span(w.Until.Sub(now))
	return fmt.Sprintf("waiting until %s (%s): %s", clock, in, w.Reason), fmt.Sprintf("waiting until %s (%s): %s", clock, in, w.Reason)
}

func (s Snapshot) lastProblem() (long, short string) {
	p := s.Problem
	switch {
	case p.Text == "":
		return "", ""
	case p.Again.After(s.Now):
		clock := throttle.Clock(p.Again, s.Now)
		return "trying again at " + clock + ": " + p.Text, "again " + clock + ": " + p.Text
	}
	return "last problem: " + p.Text, "last: " + p.Text
}

// Line returns all that in one line, for a log.
func (s Snapshot) Line() string {
	parts := []string{s.counts()}
	if pace, _ := s.pace(); pace != "" {
		parts = append(parts, pace)
	}
	calls, _ := s.calls()
	parts = append(parts, calls)
	if lists, _ := s.lists(); lists != "" {
		parts = append(parts, lists)
	}
	if n := len(s.Waits); n > 0 {
		wait, _ := s.Waits[n-1].text(s.Now)
		parts = append(parts, wait)
	}
	return fmt.Sprintf("sending: %s", strings.Join(parts, "; "))
}
