package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"batchsend/envelope"
	"batchsend/internal/report"
)

// fewRepeats is how many envelopes of a file that were sent before are told of one
// by one.
const fewRepeats = 5

// tellRepeats says of each file how many of its envelopes were sent before under
// another name, in a sentence where they are many, and returns the problems that
// this does not tell.
func (j *job) tellRepeats(problems []envelope.Problem) []envelope.Problem {
	for _, in := range j.inputs {
		r := repeats{in: in}
		for _, d := range in.Drafts {
			if len(d.Problems) > 0 && d.Problems[0].Code == envelope.AlreadySentCode && j.standing[d].Twin != nil {
				r.add(*j.standing[d].Twin)
			}
		}
		if r.envelopes <= fewRepeats {
			continue
		}
		fmt.Fprintf(j.stderr, "%s: %s: %s; %s\n", in.Name, envelope.AlreadySentCode, r.sentence(), j.whole())
		problems = slices.DeleteFunc(problems, func(p envelope.Problem) bool {
			return p.Code == envelope.AlreadySentCode && p.File == in.Name
		})
	}
	return problems
}

// repeats are the envelopes of a file that were sent before.
type repeats struct {
	in          *envelope.Input
	envelopes   int
	batches     []string
	first, last time.Time
	doubt       bool // it is not known of all that they were sent
}

func (r *repeats) add(t envelope.Twin) {
	if r.envelopes++; r.envelopes == 1 || t.At.Before(r.first) {
		r.first = t.At
	}
	if t.At.After(r.last) {
		r.last = t.At
	}
	if !slices.Contains(r.batches, t.Batch) {
		r.batches = append(r.batches, t.Batch)
	}
	r.doubt = r.doubt || t.ID == ""
}

// fewBatches is how many batches a sentence names.
const fewBatches = 3

func (r *repeats) sentence() string {
	many, cure := fmt.Sprintf("%s of %s", report.Number(r.envelopes), report.Plural(len(r.in.Drafts), "envelope")), "Remove their rows"
	if r.envelopes == len(r.in.Drafts) {
		many, cure = "all "+report.Plural(r.envelopes, "envelope"), "There is nothing to do"
	}
	var batches []string
	for _, b := range r.batches[:min(len(r.batches), fewBatches)] {
		batches = append(batches, fmt.Sprintf("%q", b))
	}
	if more := len(r.batches) - fewBatches; more > 0 {
		batches = append(batches, fmt.Sprintf("and %s more", report.Number(more)))
	}
	const day = "2006-01-02"
	when := "on " + r.first.Local().Format(day)
	if last := r.last.Local().Format(day); "on "+last != when {
		when = fmt.Sprintf("from %s to %s", r.first.Local().Format(day), last)
	}
	sent := "were sent before"
	if r.doubt {
		sent = "were sent before, or may have been"
	}
	return fmt.Sprintf("%s %s, in %s %s %s. DocuSign would send them again. %s, or give --allow-repeat if they must go out once more",
		many, sent, plural(len(r.batches), "batch", "the batches"), strings.Join(batches, ", "), when, cure)
}

// whole says where all problems of the rows stand.
func (j *job) whole() string {
	switch {
	case j.results != nil:
		return j.o.results + " has them all"
	case j.rejects != nil:
		return j.o.rejects + " has them all"
	}
	return "--results FILE has them all"
}
