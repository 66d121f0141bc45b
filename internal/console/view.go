package console

import (
	"sync"
	"time"
)

// Tone is how a line of a view is meant.
type Tone int

// The tones.
const (
	Neutral Tone = iota
	Warning      // something to know, such as a wait
	Alarm        // something that went wrong
)

func (t Tone) begin() string {
	switch t {
	case Warning:
		return warningTone
	case Alarm:
		return errorTone
	}
	return ""
}

func (t Tone) end() string {
	if t == Neutral {
		return ""
	}
	return plain
}

// Line is a line of a view. It has no control characters and fits the width that was
// asked for.
type Line struct {
	Text string
	Tone Tone
}

// View is a few lines that stay below all messages and are painted again and again. A
// nil View shows nothing.
type View struct {
	on    *Writer
	size  func() (width, height int)
	lines func(width, height int) []Line
	quit  chan struct{}
	done  sync.WaitGroup
}

// repaint is how often a view is painted.
const repaint = 200 * time.Millisecond

// Show shows a view of the lines that a function returns for a size, or returns nil
// where none may be drawn. The function must be quick and write no messages; it is
// called until the view is closed, which it must be.
func (t *Terminal) Show(lines func(width, height int) []Line) *View {
	if t.Quiet || t.Plain || !t.Watched {
		return nil
	}
	v := &View{on: t.Stderr, size: t.size, lines: lines, quit: make(chan struct{})}
	t.Stderr.mu.Lock()
	t.Stderr.hide()
	t.Stderr.view = v
	_ = t.Stderr.paint() // a view that cannot be drawn stops nothing
	t.Stderr.mu.Unlock()
	v.done.Go(v.refresh)
	return v
}

// refresh paints the view until it is closed.
func (v *View) refresh() {
	tick := time.NewTicker(repaint)
	defer tick.Stop()
	resized, resumed, end := terminalSignals()
	defer end()
	for {
		select {
		case <-v.quit:
			return
		case <-tick.C:
		case <-resized:
		case <-resumed: // the shell has written where the view was
			v.on.mu.Lock()
			v.on.painted = nil
			v.on.mu.Unlock()
		}
		v.on.mu.Lock()
		_ = v.on.paint()
		v.on.mu.Unlock()
	}
}

// Close takes the view off the screen.
func (v *View) Close() {
	if v == nil {
		return
	}
	close(v.quit)
	v.done.Wait()
	v.on.mu.Lock()
	defer v.on.mu.Unlock()
	if v.on.view == v {
		v.on.hide()
	}
}
