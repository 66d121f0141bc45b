package job

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"sort"

	"batchsend/envelope"
	"batchsend/internal/report"
	"batchsend/internal/rows"
)

// readRows reads the rows of an envelope, wherever they stand.
func (x *Index) readRows(n int, d *envelope.Draft) error {
	e := x.entry(n)
	f := x.files[e.file]
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lookup == nil {
		f.lookup = f.in.Read(f.text.Lookup())
	}
	from := n
	for x.entry(from).is(rest) { // it is found only behind the row that it belongs to
		from--
	}
	f.lookup.Seek(x.position(from))
	for {
		if err := f.lookup.Next(d); err != nil {
			return f.changed(err)
		}
		if d.Position().Offset >= e.offset {
			break
		}
	}
	for _, p := range x.pieces.of(n) {
		f.lookup.Seek(envelope.Position{File: f.in.Name(), Line: int(p.line), Offset: p.offset})
		if err := f.lookup.Join(d); err != nil {
			return f.changed(err)
		}
	}
	if d.Label != x.label(n) || d.Position().Offset != e.offset {
		return f.changed(nil)
	}
	return nil
}

// changed is what is said of a file whose rows are not where they were.
func (f *file) changed(err error) error {
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, rows.ErrShorter) {
		return err
	}
	return &FileChangedError{path: f.in.Name(), begun: true}
}

// Read reads an envelope again and checks it, for it to be sent. It fails with
// [*FileChangedError] if its rows no longer say what they said.
func (x *Index) Read(_ context.Context, n int) (*envelope.Envelope, error) {
	d := new(envelope.Draft)
	if err := x.readRows(n, d); err != nil {
		return nil, err
	}
	s, _ := x.scratch.Get().(*envelope.Scratch)
	if s == nil {
		s = new(envelope.Scratch)
	}
	x.check.Check(d, s)
	x.scratch.Put(s)
	e, env := x.entry(n), d.Envelope
	if env == nil {
		return nil, x.files[e.file].changed(nil)
	}
	if env.TransactionID != e.id || env.Content != e.content {
		return nil, x.files[e.file].changed(nil)
	}
	env.Identity = x.identity(n)
	return env, nil
}

// Entries reads all rows again, and returns with them what became of their
// envelopes, in the order of the files. Of an envelope whose rows are not adjacent it
// returns an entry for each piece.
//
// An entry is valid until the next one.
func (x *Index) Entries() report.Entries {
	return func(yield func(report.Entry, error) bool) {
		for i := range x.files {
			for e, err := range x.entriesOf(i) {
				if !yield(e, err) || err != nil {
					return
				}
			}
		}
	}
}

// entriesOf is [Index.Entries] for the rows of one file.
func (x *Index) entriesOf(i int) report.Entries {
	return func(yield func(report.Entry, error) bool) {
		for at, err := range x.piecesOf(i) {
			if err != nil {
				yield(report.Entry{}, err)
				return
			}
			e, err := x.reportOf(at.number, at.draft)
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// pieceRead is adjacent rows of an envelope.
type pieceRead struct {
	number  int // of the envelope
	further bool
	draft   *envelope.Draft
}

// piecesOf reads the rows of one file again, as far as they are adjacent at once.
// further rows of an envelope say so.
func (x *Index) piecesOf(i int) iter.Seq2[pieceRead, error] {
	return func(yield func(pieceRead, error) bool) {
		enough := errors.New("enough")
		f, pieces := x.files[i], x.pieces.inFiles
		next := sort.Search(x.Len(), func(n int) bool { return int(x.entry(n).file) >= i })
		pieces = pieces[sort.Search(len(pieces), func(n int) bool { return int(x.entry(int(pieces[n].of)).file) >= i }):]
		var work func(*envelope.Draft, *envelope.Scratch)
		if x.check != nil {
			work = func(d *envelope.Draft, s *envelope.Scratch) { x.check.Name(d, x.check.TemplateOf(d), s) }
		}
		read := 0
		err := stream(context.Background(), f.in.Read(f.text.Rows()).Next, work, func(d *envelope.Draft) error {
			read += len(d.Rows)
			n, further := next, false
			if len(pieces) > 0 && pieces[0].offset == d.Position().Offset && int(x.entry(int(pieces[0].of)).file) == i {
				n, pieces, further = int(pieces[0].of), pieces[1:], true
			} else if next++; n >= x.Len() || x.entry(n).offset != d.Position().Offset || int(x.entry(n).file) != i {
				return f.changed(nil)
			}
			if !yield(pieceRead{n, further, d}, nil) {
				return enough
			}
			return nil
		})
		if err == nil && read != f.rows {
			err = f.changed(nil)
		}
		if err != nil && !errors.Is(err, enough) {
			yield(pieceRead{}, fmt.Errorf("reading the rows again: %w", err))
		}
	}
}

// Envelopes reads all rows again, and returns the envelopes with what became of them,
// each once with all its rows, in the order of their first rows.
func (x *Index) Envelopes() report.Listing {
	return func(yield func(*report.Listed, error) bool) {
		var l report.Listed
		for i := range x.files {
			for at, err := range x.piecesOf(i) {
				if err != nil {
					yield(nil, err)
					return
				}
				if at.further {
					continue
				}
				var e report.Entry
				if len(x.pieces.of(at.number)) > 0 {
					e, err = x.Entry(at.number)
				} else {
					e, err = x.reportOf(at.number, at.draft)
				}
				if err != nil {
					yield(nil, err)
					return
				}
				if l.Fill(e); !yield(&l, nil) {
					return
				}
			}
		}
	}
}

// Entry reads the rows of an envelope again, and returns with them what became of it.
func (x *Index) Entry(n int) (report.Entry, error) {
	d := new(envelope.Draft)
	if err := x.readRows(n, d); err != nil {
		return report.Entry{}, err
	}
	return x.reportOf(n, d)
}

// reportOf pairs rows of an envelope with what became of it.
func (x *Index) reportOf(n int, d *envelope.Draft) (report.Entry, error) {
	entry := report.Entry{Draft: d}
	e := x.entry(n)
	if x.check != nil && d.TemplateID != x.templateOf(n) { // rows elsewhere name it
		x.check.Name(d, x.templateOf(n), new(envelope.Scratch))
	}
	if e.is(accepted) {
		entry.TransactionID = x.transactionID(n)
	}
	var err error
	if entry.Outcome, err = x.outcome(n); err != nil {
		return entry, err
	}
	if e.status == rejected {
		entry.Problems, err = x.problems(n)
	}
	return entry, err
}
