package main

import (
	"fmt"
	"strings"
	"time"
)

// tell adds a line to the tale, with the time at which it happens; "" ends a
// paragraph.
func (w *world) tell(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if blank := strings.TrimPrefix(text, "\n"); blank != text || text == "" {
		w.tale = append(w.tale, "")
		text = blank
	}
	if text != "" {
		w.tale = append(w.tale, w.when(time.Now())+"  "+text)
	}
}

// when is a time as people in the office say it.
func (w *world) when(t time.Time) string {
	days := int(t.Sub(w.began)/(24*time.Hour)) + 1
	return fmt.Sprintf("day %d, %s", days, t.UTC().Format("15:04:05"))
}

// tellStart says how the story begins.
func (w *world) tellStart(d *desk) {
	a := &w.story.Account
	limit := func(n int) string {
		if n == 0 {
			return "any number of calls"
		}
		return fmt.Sprint(n, " calls")
	}
	w.tell("DocuSign allows %s an hour and %s in 30 s. An answer takes %v, searches lag by %v, --settle is %v.",
		limit(a.Hourly), limit(a.Burst), a.Answer, a.Lag, a.settle())
	switch {
	case a.NoBulk:
		w.tell("It does not send in bulk.")
	case a.BulkRate > 0:
		w.tell("Of bulk lists it sends %v copies a second.", a.BulkRate)
	}
	labels := "without a column envelope"
	if w.story.Labels {
		labels = "with a column envelope"
	}
	w.tell("%s has %s: %d letters, %s form, %s.", d.who, d.file, len(d.sheet.letters), d.sheet.form, labels)
}

// tellEnd says how a run ended.
func (w *world) tellEnd(v *visit) {
	if v.cut {
		w.tell("    nobody saw how it ended; %s", w.mailed(v))
		return
	}
	counts, order := map[string]int{}, []string{}
	seen := map[string]bool{}
	for _, r := range v.results {
		what := r[6]
		if r[9] != "" {
			what += " " + r[9]
		}
		if key := r[1] + what; !seen[key] && !seen[r[2]+what+" of "+r[2]] {
			if counts[what] == 0 {
				order = append(order, what)
			}
			counts[what]++
			seen[key] = true
			if r[2] != "" {
				seen[r[2]+what+" of "+r[2]] = true
			}
		}
	}
	var parts []string
	for _, what := range order {
		parts = append(parts, fmt.Sprint(counts[what], " ", what))
	}
	w.tell("    exit code %d after %v, %d calls; %s; %s", v.code, v.ended.Sub(v.began).Round(time.Second), len(v.calls), strings.Join(parts, ", "), w.mailed(v))
}

// mailed says who got mail during a visit.
func (w *world) mailed(v *visit) string {
	var who []string
	for _, e := range w.server.Envelopes() {
		if !e.Sent.IsZero() && !e.Sent.Before(v.began) {
			who = append(who, w.contractOf(&e).values)
		}
	}
	if len(who) == 0 {
		return "nobody got mail"
	}
	if len(who) > 4 {
		return fmt.Sprintf("%d got mail: %s, ...", len(who), strings.Join(who[:4], "; "))
	}
	return fmt.Sprintf("%d got mail: %s", len(who), strings.Join(who, "; "))
}
