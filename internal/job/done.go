package job

import (
	"iter"
	"slices"

	"batchsend/envelope"
	"batchsend/internal/docusign"
	"batchsend/internal/report"
)

// Done is what a run came to. What it did not get to is zero.
type Done struct {
	Planned
	// Stopped says why the run ended before the last envelope; nil if it did not.
	Stopped error
	// Resolving is how many of the envelopes that are unknown or sending need nobody:
	// the next run learns what became of them.
	Resolving int
	// Beyond is how many envelopes the limit leaves for the next run.
	Beyond int
	// Sent is when the run sent what it did.
	Sent report.Timeline
}

// Nothing is what a run came to that has not begun.
func Nothing() (d Done) {
	d.Index = &Index{}
	return d
}

// Tally counts the outcomes of the envelopes that the run has come to, and those of
// them that failed because user or account lack a right.
func (d *Done) Tally() (counts report.Counts, forbidden int, err error) {
	counts = report.Counts{}
	for n := range d.Len() {
		e := d.entry(n)
		switch {
		case d.Aborted && !e.state.Open(), e.status != rejected && !e.is(accepted):
			continue
		case statuses[e.status] == envelope.Failed:
			out, err := d.outcome(n)
			if err != nil {
				return nil, 0, err
			}
			if docusign.Forbids(out.Code) {
				forbidden++
			}
		}
		counts[statuses[e.status]]++
	}
	return counts, forbidden, nil
}

// Counts counts all envelopes by what became of them.
func (x *Index) Counts() report.Counts {
	counts := report.Counts{}
	for n := range x.Len() {
		counts[statuses[x.entry(n).status]]++
	}
	return counts
}

// Statuses returns all envelopes, by their numbers, and what became of them.
func (x *Index) Statuses() iter.Seq2[int, envelope.Status] {
	return func(yield func(int, envelope.Status) bool) {
		for n := range x.Len() {
			if !yield(n, statuses[x.entry(n).status]) {
				return
			}
		}
	}
}

// Outcomes returns where the envelopes stand that came to one of these statuses, and
// what is known of them.
func (x *Index) Outcomes(of ...envelope.Status) iter.Seq2[report.Located, error] {
	return func(yield func(report.Located, error) bool) {
		for n := range x.Len() {
			if !slices.Contains(of, statuses[x.entry(n).status]) {
				continue
			}
			out, err := x.outcome(n)
			if !yield(report.Located{Position: x.position(n), Outcome: out}, err) || err != nil {
				return
			}
		}
	}
}

// Rejected reports whether rows were rejected.
func (x *Index) Rejected() bool { return x.any(func(e *entry) bool { return e.status == rejected }) }

// OnlyRepeats reports whether nothing is wrong with the rejected rows but that they
// were sent before: there is nothing to correct.
func (x *Index) OnlyRepeats() bool {
	return !x.any(func(e *entry) bool { return e.status == rejected && !e.is(onlyRepeats) })
}

func (x *Index) any(is func(*entry) bool) bool {
	for n := range x.Len() {
		if is(x.entry(n)) {
			return true
		}
	}
	return false
}

// Recipients is how many recipients the rows name.
func (x *Index) Recipients() (n int) {
	for i := range x.Len() {
		n += int(x.entry(i).recipients)
	}
	return n
}

// Problems returns what is wrong with rows.
func (x *Index) Problems() iter.Seq2[envelope.Problem, error] {
	return x.problemsOf(func(int, envelope.Problem) bool { return true })
}

// problemsOf returns those problems of envelopes for which want is true.
func (x *Index) problemsOf(want func(n int, p envelope.Problem) bool) iter.Seq2[envelope.Problem, error] {
	return func(yield func(envelope.Problem, error) bool) {
		for n := range x.Len() {
			problems, err := x.problems(n)
			if err != nil {
				yield(envelope.Problem{}, err)
				return
			}
			for _, p := range problems {
				if want(n, p) && !yield(p, nil) {
					return
				}
			}
		}
	}
}

// NotLookedUp is said of every row of a run that ended before it had compared
// them with the ledger. Results are replaced all the same: those of an earlier
// run would be taken for this one's.
const NotLookedUp = "this run ended before it looked into the ledger: an earlier run may have sent it. " + envelope.RunAgainSentence + " to learn it"

// Unchecked says of the rows of a dry run that DocuSign could not be asked: of those
// with which nothing is wrong nobody knows whether they are valid.
func (x *Index) Unchecked(why string) {
	for n := range x.Len() {
		if x.entry(n).status != rejected {
			x.withdrawRejection(n)
		}
	}
	x.progress.lookedUp, x.progress.notReached = true, "not checked: "+why
}
