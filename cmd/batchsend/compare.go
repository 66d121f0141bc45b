package main

import (
	"context"
	"fmt"
	"slices"

	"batchsend/envelope"
	use "batchsend/internal/job"
)

// compare holds the drafts against what was sent before: what was sent already, with
// which template, and what resembles it.
func (j *job) compare(ctx context.Context) error {
	c := use.Comparison{History: j.db, Account: j.conn.login.AccountID, AllowRepeat: j.o.allowRepeat}
	if j.session == nil {
		overlay := &use.Overlay{History: j.db}
		for _, other := range j.others {
			overlay.Adopted = append(overlay.Adopted, other.Sent...)
		}
		c.History = overlay
	}
	var err error
	if j.standing, err = c.CompareRecords(ctx, j.drafts); err != nil {
		return err
	}
	changes, err := c.CompareTemplates(ctx, j.drafts, j.standing, j.sources)
	if err != nil {
		return err
	}
	var stopped []use.TemplateChange
	for _, change := range changes {
		if change.Harmless() || j.o.allowChanged {
			j.say("%s", change.Notice())
		} else {
			stopped = append(stopped, change)
		}
	}
	if j.changed = len(stopped) > 0; j.changed {
		j.outcomes, j.stopped = use.HoldForTemplates(stopped, j.drafts, j.standing)
		return nil
	}
	warnings, err := c.CompareNeighbours(ctx, j.drafts, j.standing)
	j.warnings = append(j.warnings, warnings...)
	return err
}

// tellRepeats says of each file how many of its envelopes were sent before under
// another name, in a sentence where they are many, and returns the problems that
// this does not tell.
func (j *job) tellRepeats() []envelope.Problem {
	sentences, problems := use.SummarizeRepeats(j.inputs, j.standing)
	for _, s := range sentences {
		fmt.Fprintf(j.stderr, "%s; %s\n", s, j.whole())
	}
	return problems
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

// batchesOf returns the batches of inputs, each once.
func batchesOf(inputs []*envelope.Input) (names []string) {
	for _, in := range inputs {
		if !slices.Contains(names, in.Batch) {
			names = append(names, in.Batch)
		}
	}
	return names
}
