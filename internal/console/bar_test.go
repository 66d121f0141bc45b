package console

import (
	"bytes"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// onScreen returns the lines that a terminal shows of what was written to it.
func onScreen(text string) (lines []string) {
	var line []rune
	column := 0
	for len(text) > 0 {
		if strings.HasPrefix(text, "\x1b[2K") {
			line, text = nil, text[len("\x1b[2K"):]
			continue
		}
		var r rune
		for _, r = range text {
			break
		}
		text = text[len(string(r)):]
		switch r {
		case '\r':
			column = 0
		case '\n':
			lines = append(lines, strings.TrimRight(string(line), " "))
			line, column = nil, 0
		default:
			for len(line) <= column {
				line = append(line, ' ')
			}
			line[column] = r
			column++
		}
	}
	return append(lines, strings.TrimRight(string(line), " "))
}

// slowScreen is a terminal that shows what is written at the same time as two.
type slowScreen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *slowScreen) Write(p []byte) (int, error) {
	for i := range p {
		s.mu.Lock()
		s.text.WriteByte(p[i])
		s.mu.Unlock()
		if i%8 == 0 {
			runtime.Gosched() // others get their turn
		}
	}
	return len(p), nil
}

// TestMessagesBesideTheBar: messages of several goroutines and log lines stand on
// lines of their own, whatever the bar is doing, and nothing of it is left.
func TestMessagesBesideTheBar(t *testing.T) {
	t.Parallel()
	screen := &slowScreen{}
	term := &Terminal{Watched: true, Stderr: NewWriter(screen)}
	log := slog.New(slog.NewTextHandler(term.Stderr, &slog.HandlerOptions{ReplaceAttr: func(_ []string, attr slog.Attr) slog.Attr {
		if attr.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return attr
	}}))
	const each = 20
	bar := term.Bar("sending", 10*each)
	if bar == nil {
		t.Fatal("no bar is drawn on a terminal")
	}
	var want []string
	var working sync.WaitGroup
	for worker := range 4 {
		for i := range each {
			want = append(want, fmt.Sprintf("message %d of worker %d, such as may come at any time", i, worker))
		}
		want = append(want, fmt.Sprintf("level=WARN msg=odd worker=%d", worker))
		working.Go(func() {
			for i := range each {
				bar.Advance()
				_ = bar.bar.RenderBlank() // it would wait, not to draw too often
				term.Say("message %d of worker %d, such as may come at any time", i, worker)
			}
			log.Warn("odd", "worker", worker)
		})
	}
	working.Wait()
	bar.Close()
	term.Say("the table")
	got := onScreen(screen.text.String())
	slices.Sort(got)
	want = append(want, "the table", "")
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("on the screen (-want +got):\n%s", diff)
	}
	if !strings.Contains(screen.text.String(), "sending") {
		t.Error("the bar was never drawn")
	}
}

func TestOnScreen(t *testing.T) {
	t.Parallel()
	got := onScreen("one\r\x1b[2Ktwo\nthree\rfo\n")
	if diff := cmp.Diff([]string{"two", "foree", ""}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
