package main

import (
	"time"

	"github.com/schollz/progressbar/v3"

	"batchsend/envelope"
)

// progress draws a bar on a terminal; elsewhere it is nil and silent.
type progress struct {
	bar *progressbar.ProgressBar
	on  *console // on which it is drawn
}

func (a *app) progress(envelopes int) *progress {
	if !a.animate() || envelopes == 0 {
		return nil
	}
	bar := progressbar.NewOptions(envelopes,
		progressbar.OptionSetWriter(canvas{a.stderr}),
		progressbar.OptionSetDescription("sending"),
		progressbar.OptionShowCount(),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetPredictTime(true),
	)
	return &progress{bar, a.stderr}
}

// Outcome advances the bar by one envelope that was tried.
func (p *progress) Outcome(out envelope.Outcome) {
	// One whose answer was lost counts when it is cleared up.
	if p != nil && out.Status != envelope.AlreadySent && out.Status != envelope.Unknown {
		_ = p.bar.Add(1) // a bar that cannot be drawn stops nothing
	}
}

// Close takes the bar away.
func (p *progress) Close() {
	if p != nil {
		_ = p.bar.Exit() // which draws no more
		p.on.Write(nil)  // wipes it
	}
}
