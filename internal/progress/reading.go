package progress

import (
	"sync"
	"time"

	"batchsend/internal/console"
	"batchsend/internal/report"
)

// longReading is after how long it is shown how many rows were read.
const longReading = time.Second

// Reading shows on a terminal how many rows were read, if that takes long. What it
// returns ends that.
func Reading(on *console.Terminal, rows func() int) (end func()) {
	begun := time.Now()
	var mu sync.Mutex
	var view *console.View
	ended := false
	late := time.AfterFunc(longReading, func() {
		mu.Lock()
		defer mu.Unlock()
		if !ended {
			view = on.Show(func(width, _ int) []console.Line {
				return []console.Line{{Text: report.Cut(readingLine(rows(), time.Since(begun)), width)}}
			})
		}
	})
	return func() {
		late.Stop()
		mu.Lock()
		defer mu.Unlock()
		ended = true
		view.Close()
	}
}

// readingLine says how many rows were read in a time.
func readingLine(rows int, took time.Duration) string {
	text := "reading and checking: " + report.Plural(rows, "row")
	if perSecond := int(float64(rows) / took.Seconds()); perSecond > 0 {
		text += ", " + report.Number(perSecond) + " a second"
	}
	return text
}
