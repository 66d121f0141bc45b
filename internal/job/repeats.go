package job

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"batchsend/envelope"
	"batchsend/internal/history"
	"batchsend/internal/report"
)

// fewRepeats is how many envelopes of a file that were sent before are told of one
// by one.
const fewRepeats = 5

// SentBefore counts the envelopes of a file that were sent before under another name.
type SentBefore struct {
	Of          int // so many envelopes of the file
	envelopes   int
	batches     []string
	first, last time.Time
	unresolved  bool // it is not known of all that they were sent
}

func (r *SentBefore) add(t history.SameContent) {
	if r.envelopes++; r.envelopes == 1 || t.At.Before(r.first) {
		r.first = t.At
	}
	if t.At.After(r.last) {
		r.last = t.At
	}
	if !slices.Contains(r.batches, t.Batch) {
		r.batches = append(r.batches, t.Batch)
	}
	r.unresolved = r.unresolved || t.ID == ""
}

// many reports whether a sentence tells of all of them.
func (r *SentBefore) many() bool { return r.envelopes > fewRepeats }

// SumUp says of each file how many of its envelopes were sent before under another
// name, in a sentence where they are many. It returns the problems that these
// sentences do not tell.
func (c *Compared) SumUp() (sentences []string, problems iter.Seq2[envelope.Problem, error]) {
	for i, r := range c.SentBefore {
		if r.many() {
			sentences = append(sentences, fmt.Sprintf("%s: %s: %s", c.files[i].in.Name(), envelope.AlreadySentCode, r.sentence()))
		}
	}
	return sentences, c.problemsOf(func(n int, p envelope.Problem) bool {
		return p.Code != envelope.AlreadySentCode || len(c.SentBefore) == 0 || !c.SentBefore[c.entry(n).file].many()
	})
}

// fewBatches is how many batches a sentence names.
const fewBatches = 3

func (r *SentBefore) sentence() string {
	many, cure := fmt.Sprintf("%s of %s", report.Number(r.envelopes), report.Plural(r.Of, "envelope")), "Remove their rows"
	if r.envelopes == r.Of {
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
	if r.unresolved {
		sent = "were sent before, or may have been"
	}
	return fmt.Sprintf("%s %s, in %s %s %s. DocuSign would send them again. %s, or give --allow-repeat if they must go out once more",
		many, sent, oneOrMany(len(r.batches), "batch", "the batches"), strings.Join(batches, ", "), when, cure)
}

// oneOrMany is one or many, as n wants it.
func oneOrMany(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
