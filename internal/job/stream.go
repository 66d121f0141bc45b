package job

import (
	"context"
	"errors"
	"io"
	"runtime"

	"github.com/sourcegraph/conc/panics"
	"github.com/sourcegraph/conc/pool"

	"batchsend/envelope"
)

const (
	// draftsABatch is how many drafts go from one goroutine to another at once.
	draftsABatch = 64
	// batchesInFlight bounds the drafts that are in memory.
	batchesInFlight = 8
)

// stream reads drafts one after the other until read returns [io.EOF], has several
// goroutines work on them at once, and hands them to take in the order in which they
// were read. take must not keep a draft: its memory is used again.
//
// work may be nil. The first error of read or take ends the stream. A panic of any of
// them comes out of it; drafts on which work has panicked are not taken.
func stream(ctx context.Context, read func(*envelope.Draft) error, work func(*envelope.Draft, *envelope.Scratch), take func(*envelope.Draft) error) (err error) {
	type batch struct {
		drafts   [draftsABatch]envelope.Draft
		used     int
		err      error // after the drafts
		done     chan struct{}
		panicked *panics.Recovered // by work
	}
	free, todo, order := make(chan *batch, batchesInFlight), make(chan *batch, batchesInFlight), make(chan *batch, batchesInFlight)
	for range batchesInFlight {
		free <- &batch{}
	}
	stop := make(chan struct{})
	p := pool.New()
	defer p.Wait()
	defer close(stop)
	p.Go(func() {
		defer close(order)
		defer close(todo)
		for {
			var b *batch
			select {
			case <-stop:
				return
			case b = <-free:
			}
			b.used, b.done = 0, make(chan struct{})
			for b.err = nil; b.used < len(b.drafts) && b.err == nil; {
				if b.err = read(&b.drafts[b.used]); b.err == nil {
					b.used++
				}
			}
			last := b.err != nil
			order <- b
			todo <- b
			if last {
				return
			}
		}
	})
	for range runtime.GOMAXPROCS(0) {
		p.Go(func() {
			var s envelope.Scratch
			for b := range todo {
				// The goroutine must go on: somebody waits for the batches behind this one.
				b.panicked = panics.Try(func() {
					for i := range b.drafts[:b.used] {
						if work != nil {
							work(&b.drafts[i], &s)
						}
					}
				})
				close(b.done)
			}
		})
	}
	for b := range order {
		<-b.done
		if b.panicked != nil {
			panic(b.panicked)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		for i := range b.drafts[:b.used] {
			if err := take(&b.drafts[i]); err != nil {
				return err
			}
		}
		if b.err != nil {
			if errors.Is(b.err, io.EOF) {
				return nil
			}
			return b.err
		}
		free <- b
	}
	return errors.New("a mistake in batchsend: reading has ended without saying so")
}
