package job

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"batchsend/envelope"
)

// counted reads so many drafts, whose labels are their numbers, and then fails.
func counted(n int, end error) func(*envelope.Draft) error {
	i := 0
	return func(d *envelope.Draft) error {
		if i == n {
			return end
		}
		d.Label = strconv.Itoa(i)
		i++
		return nil
	}
}

// many are drafts for more batches than are in memory at once.
const many = 3*draftsAChunk*chunksInFlight + 7

// marked has work mark drafts, in an order of its own.
func marked(d *envelope.Draft, _ *envelope.Scratch) {
	if rand.IntN(draftsAChunk) == 0 {
		time.Sleep(time.Millisecond)
	}
	d.TemplateID = "seen " + d.Label
}

// TestStream: drafts come in the order in which they were read, each after the work on
// it.
func TestStream(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, n := range []int{0, 1, draftsAChunk - 1, draftsAChunk, draftsAChunk + 1, draftsAChunk * chunksInFlight, many} {
		for _, work := range []func(*envelope.Draft, *envelope.Scratch){marked, nil} {
			taken := 0
			err := stream(t.Context(), counted(n, io.EOF), work, func(d *envelope.Draft) error {
				if d.Label != strconv.Itoa(taken) || work != nil && d.TemplateID != "seen "+d.Label {
					return fmt.Errorf("draft %d is %q, %q", taken, d.Label, d.TemplateID)
				}
				taken++
				return nil
			})
			if err != nil || taken != n {
				t.Errorf("of %d drafts %d were taken: %v", n, taken, err)
			}
		}
	}
}

// TestStreamEnds: an error ends a stream, and everything that it has begun. What was
// read before an error of reading is taken.
func TestStreamEnds(t *testing.T) {
	defer goleak.VerifyNone(t)
	broken := errors.New("input/output error")
	for _, n := range []int{0, 1, draftsAChunk, draftsAChunk + 1, many} {
		taken := 0
		if err := stream(t.Context(), counted(n, broken), marked, func(*envelope.Draft) error { taken++; return nil }); !errors.Is(err, broken) || taken != n {
			t.Errorf("reading fails after %d drafts: %v, %d were taken", n, err, taken)
		}
		if n == 0 {
			continue
		}
		taken = 0
		err := stream(t.Context(), counted(2*many, io.EOF), marked, func(*envelope.Draft) error {
			if taken++; taken == n {
				return broken
			}
			return nil
		})
		if !errors.Is(err, broken) || taken != n {
			t.Errorf("taking the draft number %d fails: %v, %d were taken", n, err, taken)
		}
	}
	stopped := errors.New("it must end now")
	ctx, cancel := context.WithCancelCause(t.Context())
	forever := func(d *envelope.Draft) error { return counted(1, nil)(d) }
	taken := 0
	err := stream(ctx, forever, marked, func(*envelope.Draft) error {
		if taken++; taken == many {
			cancel(stopped)
		}
		return nil
	})
	if !errors.Is(err, stopped) || taken > many+draftsAChunk {
		t.Errorf("after the context has ended: %v, %d were taken", err, taken)
	}
}

// TestStreamPanics: a panic comes out of the stream, whoever panics and however often.
// What was not worked on to the end is not taken.
func TestStreamPanics(t *testing.T) {
	defer goleak.VerifyNone(t)
	for name, tt := range map[string]struct{ read, work, take int }{ // the first that panics; -1 none
		"reading":          {100, -1, -1},
		"the first work":   {-1, 0, -1},
		"work":             {-1, 200, -1},
		"the last work":    {-1, many - 1, -1},
		"taking":           {-1, -1, 100},
		"everything":       {300, 200, 100},
		"work and reading": {many - 1, 1, -1},
	} {
		bad := func(d *envelope.Draft, from int) bool {
			n, _ := strconv.Atoi(d.Label)
			return from >= 0 && n >= from
		}
		read := counted(many, io.EOF)
		recovered := func() (v any) {
			defer func() { v = recover() }()
			return stream(t.Context(), func(d *envelope.Draft) error {
				err := read(d)
				if bad(d, tt.read) {
					panic("a mistake of reading")
				}
				return err
			}, func(d *envelope.Draft, _ *envelope.Scratch) {
				if bad(d, tt.work) {
					panic("a mistake of work")
				}
			}, func(d *envelope.Draft) error {
				if bad(d, tt.take) {
					panic("a mistake of taking")
				}
				if bad(d, tt.work) {
					t.Errorf("%s: draft %s was taken", name, d.Label)
				}
				return nil
			})
		}()
		if !strings.Contains(fmt.Sprint(recovered), "a mistake of ") {
			t.Errorf("%s: %v came out", name, recovered)
		}
	}
}
