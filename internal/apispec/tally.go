package apispec

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/text/language"
	printer "golang.org/x/text/message"
)

// Totals counts messages over one process or many.
type Totals struct {
	Requests int // judged
	Answers  int // judged
	Faults   int
	Skipped  int      // messages that could not be judged: HTML, empty errors, cut short
	Lines    []string // the faults in words, each once
}

// String says it in one line: "OpenAPI: 1,234 messages checked, 0 faults".
func (t Totals) String() string {
	p := printer.NewPrinter(language.English)
	line := p.Sprintf("OpenAPI: %d messages checked, %d faults", t.Requests+t.Answers, t.Faults)
	if t.Skipped > 0 {
		line += p.Sprintf(" (%d skipped: HTML or cut short)", t.Skipped)
	}
	return line
}

// Clean tells whether something was judged and nothing found wrong.
func (t Totals) Clean() bool { return t.Requests+t.Answers > 0 && t.Faults == 0 }

// add adds the numbers of n to t.
func (t *Totals) add(n Totals) {
	t.Requests += n.Requests
	t.Answers += n.Answers
	t.Faults += n.Faults
	t.Skipped += n.Skipped
}

const mostLines = 50

type counts struct {
	mu    sync.Mutex
	total Totals
	seen  map[string]bool
}

func (c *counts) add(n Totals, faults []Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total.add(n)
	for _, f := range faults {
		line := f.Error()
		if c.seen[line] || len(c.total.Lines) == mostLines {
			continue
		}
		if c.seen == nil {
			c.seen = make(map[string]bool)
		}
		c.seen[line] = true
		c.total.Lines = append(c.total.Lines, line)
	}
}

// Totals returns what j counted since it was made or flushed, with at most 50
// different faults in words.
func (j *Judge) Totals() Totals {
	if j == nil {
		return Totals{}
	}
	j.counts.mu.Lock()
	defer j.counts.mu.Unlock()
	t := j.counts.total
	t.Lines = append([]string(nil), t.Lines...)
	return t
}

// Flush appends what j counted since the last Flush to the file that
// BATCHSEND_OPENAPI_TALLY names, and does nothing if it names none. Lines of
// processes that flush at once do not mix: each Flush is one write.
func (j *Judge) Flush() error {
	path := os.Getenv(EnvTally)
	if j == nil || path == "" {
		return nil
	}
	j.counts.mu.Lock()
	defer j.counts.mu.Unlock()
	var b strings.Builder
	t := j.counts.total
	for _, line := range t.Lines {
		fmt.Fprintf(&b, "fault %s\n", strings.ReplaceAll(line, "\n", " "))
	}
	name := strings.TrimSuffix(filepath.Base(os.Args[0]), ".test")
	fmt.Fprintf(&b, "requests %d answers %d faults %d skipped %d %s\n", t.Requests, t.Answers, t.Faults, t.Skipped, name)

	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("tally: %w", err)
	}
	_, err = io.WriteString(f, b.String())
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("tally: %w", err)
	}
	j.counts.total, j.counts.seen = Totals{}, nil
	return nil
}

// Tally sums what processes appended to the file path. Each fault stands once
// in Lines, however many processes found it.
func Tally(path string) (Totals, error) {
	f, err := os.Open(path)
	if err != nil {
		return Totals{}, err
	}
	defer f.Close()
	var sum Totals
	seen := make(map[string]bool)
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<20)
	for n := 1; in.Scan(); n++ {
		if fault, ok := strings.CutPrefix(in.Text(), "fault "); ok {
			if !seen[fault] {
				seen[fault] = true
				sum.Lines = append(sum.Lines, fault)
			}
			continue
		}
		var t Totals
		if _, err := fmt.Sscanf(in.Text(), "requests %d answers %d faults %d skipped %d ",
			&t.Requests, &t.Answers, &t.Faults, &t.Skipped); err != nil {
			return Totals{}, fmt.Errorf("%s:%d: not a line of a tally: %w", path, n, err)
		}
		sum.add(t)
	}
	return sum, in.Err()
}

// Tests is a [testing.M] that ends as the [FromEnv] Judge demands: Run runs the
// tests, flushes the tally, and turns a pass into a failure if there were
// faults, which go to standard error. It is for TestMain:
//
//	os.Exit(apispec.Tests{M: m}.Run())
//	testscript.Main(apispec.Tests{M: m}, commands)
type Tests struct{ M interface{ Run() int } }

// Run returns the exit code.
func (t Tests) Run() int {
	code := t.M.Run()
	j, ok := FromEnv()
	if !ok {
		return code
	}
	total := j.Totals()
	for _, line := range total.Lines {
		fmt.Fprintln(os.Stderr, "apispec:", line)
	}
	if err := j.Flush(); err != nil {
		fmt.Fprintln(os.Stderr, "apispec:", err)
		return max(code, 1)
	}
	if total.Faults > 0 {
		return max(code, 1)
	}
	return code
}
