package console

import (
	"time"

	"github.com/schollz/progressbar/v3"
)

// Bar shows how far a task has come. A nil Bar shows nothing. It is safe for
// concurrent use.
type Bar struct {
	bar *progressbar.ProgressBar
	on  *Writer
}

// Bar draws a bar for a task of so many steps, or returns nil where none may be
// drawn. It must be closed.
func (t *Terminal) Bar(task string, steps int) *Bar {
	if t.Quiet || t.Plain || !t.Watched || steps == 0 {
		return nil
	}
	bar := progressbar.NewOptions(steps,
		progressbar.OptionSetWriter(canvas{t.Stderr}),
		progressbar.OptionSetDescription(task),
		progressbar.OptionShowCount(),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetPredictTime(true),
	)
	return &Bar{bar, t.Stderr}
}

// Advance shows one step more.
func (b *Bar) Advance() {
	if b != nil {
		_ = b.bar.Add(1) // a bar that cannot be drawn stops nothing
	}
}

// Close takes the bar away.
func (b *Bar) Close() {
	if b != nil {
		_ = b.bar.Exit() // it draws no more
		b.on.Write(nil)  // wipes the line
	}
}
