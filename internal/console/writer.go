package console

import (
	"io"
	"sync"

	"batchsend/internal/censor"
)

// Writer lets several goroutines write, a message at a time, each on a line from
// which the progress bar has been wiped. It shows no secrets.
type Writer struct {
	mu    sync.Mutex
	w     io.Writer
	drawn bool // the bar is on the line of the cursor
	ended bool // nothing is written any more
}

// NewWriter returns a Writer that writes to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// wipeLine goes to the start of the line and clears it, on every terminal on
// which a bar is drawn.
const wipeLine = "\r\x1b[2K"

// Write implements [io.Writer].
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return len(p), nil
	}
	if w.drawn {
		if _, err := io.WriteString(w.w, wipeLine); err != nil {
			return 0, err
		}
		w.drawn = false
	}
	if _, err := io.WriteString(w.w, censor.Text(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (w *Writer) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
}

// canvas is the Writer as the bar writes to it: unchanged, and never while a
// message is being written.
type canvas struct{ *Writer }

// Write implements [io.Writer].
func (c canvas) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drawn = true
	return c.w.Write(p)
}
