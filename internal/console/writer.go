package console

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/rivo/uniseg"

	"batchsend/internal/censor"
)

// Writer is the only way to the terminal. Several goroutines may write, a message at
// a time; each stands above the lines of the view, which are painted again below it.
// It shows no secrets.
type Writer struct {
	mu    sync.Mutex
	w     io.Writer
	ended bool // nothing is written any more
	json  bool // messages become lines of JSON

	view    *View // nil: none is shown
	painted []int // how many columns each line of the view takes that is on the screen
	open    bool  // the last message has not ended its line: the view must wait
}

// NewWriter returns a Writer that writes to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Write implements [io.Writer].
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	asJSON := w.json
	w.mu.Unlock()
	if !asJSON {
		return w.writeTo(w.w, p)
	}
	if _, err := w.writeTo(w.w, []byte(jsonLines(string(p)))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// writeTo writes a message to one of the streams that end at the terminal.
func (w *Writer) writeTo(stream io.Writer, p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return len(p), nil
	}
	if w.view == nil {
		_, err := io.WriteString(stream, censor.Text(string(p)))
		return len(p), err
	}
	if err := w.put(w.erasure()); err != nil {
		return 0, err
	}
	if _, err := io.WriteString(stream, censor.Text(string(p))); err != nil {
		return 0, err
	}
	if len(p) > 0 {
		w.open = !bytes.HasSuffix(p, []byte("\n"))
	}
	return len(p), w.paint()
}

func (w *Writer) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hide()
	w.ended = true
}

// The sequences of ECMA-48 that are used. Every terminal has them on which a view is
// shown.
const (
	toLineStart = "\r"
	cursorUp    = "\x1b[%A"  // so many lines
	clearBelow  = "\x1b[J"   // from the cursor to the end of the screen
	clearRight  = "\x1b[K"   // from the cursor to the end of the line
	plain       = "\x1b[0m"  // ends a tone
	warningTone = "\x1b[33m" // yellow
	errorTone   = "\x1b[31m" // red
)

// toTop returns what moves the cursor from below the view to its first column. A
// terminal that has become narrower has broken the lines that are on it.
func (w *Writer) toTop(width int) string {
	rows := 0
	for _, columns := range w.painted {
		rows += max(1, (columns+width-1)/max(width, 1))
	}
	if rows == 0 {
		return toLineStart
	}
	return toLineStart + strings.Replace(cursorUp, "%", strconv.Itoa(rows), 1)
}

// erasure returns what takes the view off the screen, "" if it is not there.
func (w *Writer) erasure() string {
	if len(w.painted) == 0 {
		return ""
	}
	width, _ := w.view.size()
	text := w.toTop(width) + clearBelow
	w.painted = nil
	return text
}

// paint paints the view over itself, or anew if it is not on the screen. The cursor
// is left on the line below: whatever ends the program, the next prompt stands there.
func (w *Writer) paint() error {
	if w.view == nil || w.ended || w.open {
		return nil
	}
	width, height := w.view.size()
	var b strings.Builder
	if len(w.painted) > 0 {
		b.WriteString(w.toTop(width))
	}
	w.painted = w.painted[:0]
	lines := w.view.lines(width-1, height-1) // the last column and the line of the cursor stay free
	for _, line := range lines[:min(len(lines), max(height-1, 0))] {
		text := censor.Visible(censor.Text(line.Text))
		w.painted = append(w.painted, uniseg.StringWidth(text))
		b.WriteString(line.Tone.begin() + text + line.Tone.end() + clearRight + "\r\n")
	}
	b.WriteString(clearBelow)
	return w.put(b.String())
}

// hide takes the view away for good.
func (w *Writer) hide() {
	if w.view != nil && !w.ended {
		_ = w.put(w.erasure()) // a view that cannot be drawn stops nothing
	}
	w.view, w.open = nil, false
}

// put writes what steers the terminal, in one piece.
func (w *Writer) put(text string) error {
	if text == "" {
		return nil
	}
	_, err := io.WriteString(w.w, text)
	return err
}

// beside is another stream that ends at the same terminal.
type beside struct {
	*Writer
	stream io.Writer
}

// Write implements [io.Writer].
func (b beside) Write(p []byte) (int, error) { return b.writeTo(b.stream, p) }
