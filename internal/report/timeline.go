package report

import (
	"fmt"
	"html/template"
	"maps"
	"slices"
	"time"
)

// slot is how finely a [Timeline] tells times: the length of DocuSign's burst window.
const slot = 30 * time.Second

// Timeline is when envelopes were sent, and how many calls the account allowed. The
// zero Timeline is empty; it takes some bytes for every 30 seconds in which something
// was sent. It is not safe for concurrent use.
type Timeline struct {
	Hourly, Burst int // calls allowed in an hour, and in 30 seconds; 0 if that is not known

	slots map[int64]int // envelopes, by the number of the slot since 1970
}

// Add adds an envelope that was sent at a time.
func (t *Timeline) Add(sent time.Time) {
	if t.slots == nil {
		t.slots = map[int64]int{}
	}
	t.slots[sent.Unix()/int64(slot/time.Second)]++
}

// Interval is how many envelopes were sent in a time, for JSON.
type Interval struct {
	From time.Time `json:"from"`
	Sent int       `json:"sent"`
}

// mostIntervals is how many intervals a chart of one length has.
const mostIntervals = 120

// Intervals returns the envelopes in intervals of one length from the first to the last:
// as short as 120 of them allow. limit is how many calls the account allows in one; 0 if
// that is not known, or if they are longer than an hour.
func (t *Timeline) Intervals() (all []Interval, length time.Duration, limit int) {
	if len(t.slots) == 0 {
		return nil, 0, 0
	}
	numbers := slices.Sorted(maps.Keys(t.slots))
	first, last := time.Unix(numbers[0]*int64(slot/time.Second), 0), time.Unix(numbers[len(numbers)-1]*int64(slot/time.Second), 0)
	begins := func(at time.Time) time.Time { return at.Truncate(length) }
	next := func(at time.Time) time.Time { return at.Add(length) }
	switch span := last.Sub(first); {
	case span < mostIntervals*slot:
		length, limit = slot, t.Burst
	case span < mostIntervals*time.Hour:
		length, limit = time.Hour, t.Hourly
	default: // days as the operator's calendar has them, which may have 23 hours
		days := 1
		for span >= time.Duration(days)*mostIntervals*24*time.Hour {
			days *= 7
		}
		length = time.Duration(days) * 24 * time.Hour
		begins = func(at time.Time) time.Time {
			y, m, d := at.Local().Date()
			return time.Date(y, m, d, 0, 0, 0, 0, time.Local)
		}
		next = func(at time.Time) time.Time { return at.AddDate(0, 0, days) }
	}
	for at, i := begins(first), 0; !at.After(last); at = next(at) {
		w := Interval{From: at}
		for end := next(at); i < len(numbers) && time.Unix(numbers[i]*int64(slot/time.Second), 0).Before(end); i++ {
			w.Sent += t.slots[numbers[i]]
		}
		all = append(all, w)
	}
	return all, length, limit
}

// figure is a chart with what it shows in words.
type figure struct {
	Title, Text string
	SVG         []template.HTML // one, or one for wide and one for narrow screens
	Legend      bool            // it has a line for the limit
	Wide        bool
}

// figure draws the timeline; nil if there is nothing to see.
func (t *Timeline) figure() (*figure, error) {
	intervals, length, limit := t.Intervals()
	if len(intervals) < 2 {
		return nil, nil
	}
	values := make([]float64, len(intervals))
	labels := make([]string, len(intervals))
	form, unit := "15:04", "an hour"
	switch {
	case length == slot:
		form, unit = "15:04:05", "30 seconds"
	case length > 24*time.Hour:
		form, unit = "2 Jan", Plural(int(length/(24*time.Hour)), "day")
	case length > time.Hour:
		form, unit = "2 Jan", "a day"
	case len(intervals) > 24:
		form = "2 Jan 15:04"
	}
	peak, total := 0, 0
	for i, w := range intervals {
		values[i], labels[i] = float64(w.Sent), w.From.Local().Format(form)
		total += w.Sent
		if w.Sent > intervals[peak].Sent {
			peak = i
		}
	}
	f := &figure{Title: "Sent in " + unit, Legend: limit > 0, Wide: true}
	f.Text = fmt.Sprintf("%s from %s to %s; the most, %s, from %s on", Plural(total, "envelope"),
		Local(intervals[0].From), Local(intervals[len(intervals)-1].From.Add(length)), Number(intervals[peak].Sent), labels[peak])
	if limit > 0 {
		f.Text += fmt.Sprintf(". The account allows %s calls in %s", Number(limit), unit)
	}
	for _, width := range []int{1060, 400} {
		svg, err := timeChart(width, labels, values, limit)
		if err != nil {
			return nil, err
		}
		f.SVG = append(f.SVG, svg)
	}
	return f, nil
}

// Signing is how many days passed from sending to completion.
type Signing struct {
	Days [15]int // envelopes by whole days; the last counts all from 14 on
}

// Add adds an envelope that was completed.
func (s *Signing) Add(sent, completed time.Time) {
	days := int(completed.Sub(sent) / (24 * time.Hour))
	s.Days[min(max(days, 0), len(s.Days)-1)]++
}

// Total is how many envelopes are known to be completed.
func (s *Signing) Total() (n int) {
	for _, each := range s.Days {
		n += each
	}
	return n
}

// figure draws the days; nil if none is known.
func (s *Signing) figure() (*figure, error) {
	total := s.Total()
	if total == 0 {
		return nil, nil
	}
	var labels []string
	var values []float64
	half, soFar := -1, 0
	for days, n := range s.Days {
		label := fmt.Sprint(days)
		if days == len(s.Days)-1 {
			label += "+"
		}
		labels, values = append(labels, label), append(values, float64(n))
		if soFar += n; half < 0 && 2*soFar >= total {
			half = days
		}
	}
	svg, err := columnsChart(labels, values)
	if err != nil {
		return nil, err
	}
	return &figure{
		Title: "Days to signature",
		Text:  fmt.Sprintf("%s completed; half of them within %s", Plural(total, "envelope"), Plural(half+1, "day")),
		SVG:   []template.HTML{svg},
	}, nil
}
