package job

import (
	"io"
	"iter"

	"batchsend/envelope"
	"batchsend/internal/report"
	"batchsend/internal/rows"
)

// Summary is what the run came to, in short, with limit the most that it was to send.
// What the run does not know, such as the time that it took, is left for others to add.
func (d *Done) Summary(limit int) *report.Summary {
	sum := &report.Summary{
		Batches: d.BatchOfEach(), Rows: d.Rows(), Counts: d.Counts(), Envelopes: d.Len(), Recipients: d.Recipients(),
		Warnings: report.Problems(d.Warnings), Stopped: d.WhyStopped(limit),
	}
	if sum.Stopped == "" && len(d.TooFresh) > 0 {
		sum.Stopped = d.LeftAlone().Error()
	}
	return sum
}

// Detail adds to a summary what is wrong with rows, of a long list only the first most
// ones, and what DocuSign said of envelopes that failed or are unknown.
func (d *Done) Detail(s *report.Summary, most int) (err error) {
	if s.Troubles, err = report.ByCode(d.Outcomes(envelope.Failed, envelope.Unknown)); err == nil {
		s.Problems, err = report.Collect(first(most, d.Problems()))
	}
	return err
}

// first yields the first n of problems, and what keeps more from being read.
func first(n int, problems iter.Seq2[envelope.Problem, error]) iter.Seq2[envelope.Problem, error] {
	return func(yield func(envelope.Problem, error) bool) {
		left := n
		for p, err := range problems {
			if left--; left < 0 || !yield(p, err) {
				return
			}
		}
	}
}

// Content is what the run's files are made of. s says which are wanted.
func (d *Done) Content(s *report.Summary) report.Content {
	c := report.Content{Entries: d.Entries()}
	switch {
	case len(d.files) == 0, s.Rejects == "":
	case d.together() == nil:
		c.Rejects = append(c.Rejects, d.rejectsFile(s.Rejects, d.files[0], c.Entries))
	default:
		for i, f := range d.files {
			apart := d.rejectsFile(s.Rejects, f, d.entriesOf(i))
			apart.Input = f.in.Name()
			c.Rejects = append(c.Rejects, apart)
		}
	}
	return c
}

// rejectsFile is the file of that name for the rejected ones of entries, written as a
// file of the input is.
func (d *Done) rejectsFile(name string, f *file, entries report.Entries) report.RejectsFile {
	if !d.Rejected() {
		entries = func(func(report.Entry, error) bool) {} // none need be read again
	}
	return report.RejectsFile{Entries: entries, Begin: func(w io.Writer) (report.RowWriter, error) {
		return rows.NewRejectWriterFor(name, w, f.in.Format)
	}}
}

// Notable returns the envelopes that a table on the terminal shows.
func (x *Index) Notable() (shown []report.Entry, err error) {
	for _, n := range report.Notable(x.Statuses()) {
		e, err := x.Entry(n)
		if err != nil {
			return nil, err
		}
		shown = append(shown, e)
	}
	return shown, nil
}
