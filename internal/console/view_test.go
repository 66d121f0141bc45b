package console

import (
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// screen is a terminal: lines, which it breaks again when its width changes, as most
// do, and a cursor.
type screen struct {
	mu     sync.Mutex
	width  int
	height int
	lines  []string
	row    int // of the cursor, in lines
	column int
	text   string // all that was written
	astray string // what went wrong
}

func newScreen(width, height int) *screen {
	return &screen{width: width, height: height, lines: []string{""}}
}

var sequence = regexp.MustCompile(`^\x1b\[(\d*)([A-Za-z])`)

// Write implements io.Writer.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := string(p)
	s.text += text
	for text != "" {
		if m := sequence.FindStringSubmatch(text); m != nil {
			n, _ := strconv.Atoi(m[1])
			s.steer(m[2], n)
			text = text[len(m[0]):]
			continue
		}
		r := text[:1]
		text = text[1:]
		switch r {
		case "\r":
			s.column = 0
		case "\n":
			s.row++
			if s.row == len(s.lines) {
				s.lines = append(s.lines, "")
			}
			s.column = 0
		default:
			line := s.lines[s.row]
			line += strings.Repeat(" ", max(s.column-len(line), 0))
			s.lines[s.row] = line[:s.column] + r + line[min(s.column+1, len(line)):]
			s.column++
		}
	}
	return len(p), nil
}

func (s *screen) steer(command string, n int) {
	switch command {
	case "A":
		for n > 0 && s.row > 0 {
			s.row--
			n -= s.rows(s.row)
		}
		if n != 0 {
			s.astray = fmt.Sprintf("the cursor ends %d rows from the begin of a line", n)
		}
	case "J":
		s.lines = slices.Clone(s.lines[:s.row+1])
		s.lines[s.row] = s.lines[s.row][:min(s.column, len(s.lines[s.row]))]
	case "K":
		s.lines[s.row] = s.lines[s.row][:min(s.column, len(s.lines[s.row]))]
	case "m":
	default:
		s.astray = "unexpected sequence " + command
	}
}

// rows is how many rows of the screen a line takes.
func (s *screen) rows(line int) int {
	return max(1, (len(s.lines[line])+s.width-1)/s.width)
}

func (s *screen) resize(width, height int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.width, s.height = width, height
}

func (s *screen) size() (width, height int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.width, s.height
}

// want demands these lines on the screen.
func (s *screen) want(t *testing.T, when string, want ...string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if diff := cmp.Diff(append(want, ""), s.lines); diff != "" || s.astray != "" {
		t.Errorf("%s: on the screen (-want +got):\n%s%s", when, diff, s.astray)
	}
}

func (s *screen) terminal() *Terminal {
	return &Terminal{Watched: true, Stderr: NewWriter(s), size: s.size}
}

// TestView: messages stand above the view, a resize leaves nothing behind, a question
// is not painted over, and in the end nothing is left.
func TestView(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScreen(30, 10)
		term := s.terminal()
		term.Say("plan")
		n := 0
		view := term.Show(func(width, height int) []Line {
			n++
			return []Line{{Text: strings.Repeat("#", width)}, {fmt.Sprintf("count %d", n), Warning}, {Text: "third"}}[:min(3, height)]
		})
		bar := strings.Repeat("#", 29)
		s.want(t, "at first", "plan", bar, "count 1", "third")
		term.Say("message")
		s.want(t, "after a message", "plan", "message", bar, "count 2", "third")
		time.Sleep(repaint + time.Millisecond)
		synctest.Wait()
		s.want(t, "after a while", "plan", "message", bar, "count 3", "third")
		s.resize(10, 10)
		time.Sleep(repaint)
		synctest.Wait()
		s.want(t, "on a narrow terminal", "plan", "message", "#########", "count 4", "third")
		s.resize(40, 3)
		term.Warn("odd")
		s.want(t, "on a wide and low terminal", "plan", "message", "warning: odd", strings.Repeat("#", 39), "count 5")
		fmt.Fprint(term.Stderr, "Sure? ")
		time.Sleep(5 * repaint)
		synctest.Wait()
		s.mu.Lock()
		if got := s.lines[len(s.lines)-1]; got != "Sure? " {
			t.Errorf("the last line is %q, want the question", got)
		}
		s.mu.Unlock()
		fmt.Fprintln(term.Stderr)
		view.Close()
		s.want(t, "in the end", "plan", "message", "warning: odd", "Sure? ")
		term.Say("table")
		s.want(t, "after the end", "plan", "message", "warning: odd", "Sure? ", "table")
	})
}

// TestViewEnds: the end of the program takes a view away that nobody has closed, and a
// secret or a control character in it is not shown.
func TestViewEnds(t *testing.T) {
	t.Parallel()
	s := newScreen(80, 24)
	term := s.terminal()
	view := term.Show(func(int, int) []Line { return []Line{{"postgres://me:Gr8-Secret@db/x \x1b[2J", Alarm}} })
	s.want(t, "at first", "postgres://me:[hidden]@db/x ?[2J")
	term.Close()
	s.want(t, "in the end")
	view.Close()
	if strings.Contains(s.text, "Secret") {
		t.Error("the secret was written")
	}
}

// TestMessagesBesideTheView: messages of several goroutines and log lines stand on
// lines of their own, whatever the view is doing.
func TestMessagesBesideTheView(t *testing.T) {
	t.Parallel()
	s := newScreen(100, 200)
	term := s.terminal()
	log := slog.New(slog.NewTextHandler(term.Stderr, &slog.HandlerOptions{ReplaceAttr: func(_ []string, attr slog.Attr) slog.Attr {
		if attr.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return attr
	}}))
	view := term.Show(func(int, int) []Line { return []Line{{Text: "sending"}, {Text: "waiting"}} })
	var want []string
	var working sync.WaitGroup
	for worker := range 4 {
		for i := range 20 {
			want = append(want, fmt.Sprintf("message %d of worker %d", i, worker))
		}
		want = append(want, fmt.Sprintf("level=WARN msg=odd worker=%d", worker))
		working.Go(func() {
			for i := range 20 {
				fmt.Fprintf(beside{term.Stderr, s}, "message %d of worker %d\n", i, worker)
			}
			log.Warn("odd", "worker", worker)
		})
	}
	working.Wait()
	view.Close()
	slices.Sort(want)
	got := s.lines[:len(s.lines)-1]
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" || s.astray != "" {
		t.Errorf("on the screen (-want +got):\n%s%s", diff, s.astray)
	}
}
