package job

import (
	"context"
	"io"
	"sync/atomic"

	"batchsend/envelope"
)

// survey finds out where envelopes stand, and checks only what needs no template.
func (x *Index) survey(ctx context.Context) error {
	x.reset()
	return x.readAll(ctx, envelope.CheckRows, new(envelope.Unsignable), new(atomic.Int64))
}

// checkAll checks all envelopes, and adds the tabs that they leave empty. It counts the
// rows in read.
func (x *Index) checkAll(ctx context.Context, c *envelope.Checker, empty *envelope.Unsignable, read *atomic.Int64) error {
	x.reset()
	x.check = c
	return x.readAll(ctx, c.Check, empty, read)
}

// reset forgets all but the files.
func (x *Index) reset() {
	files, account := x.files, x.account
	x.messages.Close()
	*x = Index{files: files, account: account, numbers: numbers{byLabel: make([]envelope.Numbers, len(files))}}
}

// readAll reads all rows, which it counts in read, and remembers what work makes of
// them.
func (x *Index) readAll(ctx context.Context, work func(*envelope.Draft, *envelope.Scratch), empty *envelope.Unsignable, read *atomic.Int64) error {
	for i, f := range x.files {
		f.rows = 0
		err := stream(ctx, f.in.Read(f.text.Rows()).Next, work, func(d *envelope.Draft) error {
			f.rows += len(d.Rows)
			read.Add(int64(len(d.Rows)))
			f.last = d.Rows[len(d.Rows)-1].Position
			x.oddities.Add(d) // here only: of joined drafts it has seen every row
			n, more, err := x.add(i, d)
			if !more {
				empty.Add(n, d)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	x.numbers.byLabel = nil
	if err := x.join(ctx, work, empty); err != nil {
		return err
	}
	x.progress.indexed = true
	return nil
}

// join checks the envelopes again whose rows do not all stand together, now with all
// of them.
func (x *Index) join(ctx context.Context, work func(*envelope.Draft, *envelope.Scratch), empty *envelope.Unsignable) error {
	of := x.pieces.sort()
	if len(of) == 0 {
		return nil
	}
	empty.Forget(func(n int) bool { return len(x.pieces.of(n)) > 0 })
	next := 0
	read := func(d *envelope.Draft) error {
		if next == len(of) {
			return io.EOF
		}
		next++
		return x.readRows(of[next-1], d)
	}
	taken := 0
	return stream(ctx, read, work, func(d *envelope.Draft) error {
		n := of[taken]
		taken++
		empty.Add(n, d)
		return x.update(n, d)
	})
}
