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
	// draftsAChunk is how many drafts go from one goroutine to another at once.
	draftsAChunk = 64
	// chunksInFlight bounds the drafts that are in memory.
	chunksInFlight = 8
)

// stream reads drafts one after the other until read returns [io.EOF], has several
// goroutines work on them at once, and hands them to use in the order in which they
// were read. use must not keep a draft: its memory is used again.
//
// work may be nil. The first error of read or use ends the stream. A panic of any of
// them comes out of it; drafts on which work has panicked are not used.
func stream(ctx context.Context, read func(*envelope.Draft) error, work func(*envelope.Draft, *envelope.Scratch), use func(*envelope.Draft) error) (err error) {
	type chunk struct {
		drafts   [draftsAChunk]envelope.Draft
		used     int
		err      error // after the drafts
		done     chan struct{}
		panicked *panics.Recovered // by work
	}
	free, todo, order := make(chan *chunk, chunksInFlight), make(chan *chunk, chunksInFlight), make(chan *chunk, chunksInFlight)
	for range chunksInFlight {
		free <- &chunk{}
	}
	stop := make(chan struct{})
	p := pool.New()
	defer p.Wait()
	defer close(stop)
	p.Go(func() {
		defer close(order)
		defer close(todo)
		for {
			var c *chunk
			select {
			case <-stop:
				return
			case c = <-free:
			}
			c.used, c.done = 0, make(chan struct{})
			for c.err = nil; c.used < len(c.drafts) && c.err == nil; {
				if c.err = read(&c.drafts[c.used]); c.err == nil {
					c.used++
				}
			}
			last := c.err != nil
			order <- c
			todo <- c
			if last {
				return
			}
		}
	})
	for range runtime.GOMAXPROCS(0) {
		p.Go(func() {
			var s envelope.Scratch
			for c := range todo {
				// The goroutine must go on: somebody waits for the chunks behind this one.
				c.panicked = panics.Try(func() {
					for i := range c.drafts[:c.used] {
						if work != nil {
							work(&c.drafts[i], &s)
						}
					}
				})
				close(c.done)
			}
		})
	}
	for c := range order {
		<-c.done
		if c.panicked != nil {
			panic(c.panicked)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		for i := range c.drafts[:c.used] {
			if err := use(&c.drafts[i]); err != nil {
				return err
			}
		}
		if c.err != nil {
			if errors.Is(c.err, io.EOF) {
				return nil
			}
			return c.err
		}
		free <- c
	}
	return errors.New("a mistake in batchsend: reading has ended without saying so")
}
