// Package console is what a person at a terminal sees and types: messages, a
// question, and a view of a few lines that stays below the messages.
//
// It decides whether somebody is there, whether a view may be drawn, and that no
// message lands on the view or shows a secret. What is said, it leaves to others.
//
// The view is painted with a handful of ECMA-48 sequences and no library. It has to count
// again the rows into which a narrower terminal has broken its lines, and to show
// messages of others above itself at once. Libraries for progress bars (mpb, progressbar)
// were left out after reading how they draw; none was tried at a terminal that is resized.
package console

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"golang.org/x/term"

	"batchsend/internal/censor"
)

// Terminal is the streams of a process, and who is at their other ends. The zero
// Terminal cannot be used: its streams are nil.
type Terminal struct {
	Stdin  io.Reader
	Stdout io.Writer // for results; it shows no secrets
	Files  io.Writer // standard output for the content of files; unless it is a terminal it changes nothing
	Stderr *Writer   // for messages

	Typed   bool // somebody may type on Stdin
	Watched bool // somebody may look at Stderr
	Plain   bool // nothing is drawn, whoever looks: NO_COLOR, TERM=dumb
	Quiet   bool // only problems are said
	Columns int  // of the terminal that Stdout is; 0 if it is none
	UTF8    bool // the terminal shows more than ASCII

	printed   bool                       // something was written to Stdout
	size      func() (width, height int) // of the terminal at Stderr
	ofProcess bool                       // the streams are those of the process, so that its controlling terminal is the person's
}

// Open returns the terminal of a process. env is its environment, by names.
func Open(env map[string]string, stdin io.Reader, stdout, stderr io.Writer) *Terminal {
	t := &Terminal{
		Stdin: stdin, Stdout: censor.Writer(stdout), Files: stdout, Stderr: NewWriter(stderr),
		Typed: isTerminal(stdin), Watched: isTerminal(stderr),
		Plain: env["NO_COLOR"] != "" || env["TERM"] == "dumb",
		UTF8:  isUTF8(env),
		size:  func() (width, height int) { return sizeOf(stderr) },
	}
	_, t.ofProcess = stderr.(*os.File)
	if isTerminal(stdout) {
		if t.Watched {
			t.Stdout = beside{t.Stderr, stdout}
		}
		t.Files = t.Stdout
		t.Columns, _ = sizeOf(stdout)
	}
	t.Stdout = noted{t.Stdout, &t.printed}
	return t
}

// Printed reports whether anything was written to Stdout.
func (t *Terminal) Printed() bool { return t.printed }

// noted is a writer that notes whether anything was written to it.
type noted struct {
	io.Writer
	used *bool
}

// Write implements [io.Writer].
func (n noted) Write(p []byte) (int, error) {
	*n.used = *n.used || len(p) > 0
	return n.Writer.Write(p)
}

// isUTF8 reports whether the locale's encoding is UTF-8. Windows Terminal sets no
// locale and shows UTF-8.
func isUTF8(env map[string]string) bool {
	locale := strings.ToLower(cmp.Or(env["LC_ALL"], env["LC_CTYPE"], env["LANG"]))
	return strings.Contains(locale, "utf-8") || strings.Contains(locale, "utf8") || env["WT_SESSION"] != ""
}

// sizeOf returns the size of a terminal, and a usual one if it does not tell.
func sizeOf(stream any) (width, height int) {
	if f, ok := stream.(*os.File); ok {
		if width, height, err := term.GetSize(int(f.Fd())); err == nil && width > 0 && height > 0 {
			return width, height
		}
	}
	return 80, 24
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Close ends the messages: a timer may still have something to say when the
// program is done. It closes none of the streams.
func (t *Terminal) Close() { t.Stderr.end() }

// Say says what may be missed. It is silent if the terminal is Quiet.
func (t *Terminal) Say(format string, args ...any) {
	if !t.Quiet {
		fmt.Fprintf(t.Stderr, format+"\n", args...)
	}
}

// Warn says what must not be missed.
func (t *Terminal) Warn(format string, args ...any) {
	fmt.Fprintf(t.Stderr, "warning: "+format+"\n", args...)
}

// Logger returns a log among the messages, in a format, text or json: of warnings, or
// of everything if it is verbose. With json the messages are lines of the log from then
// on, so that all of Stderr is JSON. known is false if the format is another.
func (t *Terminal) Logger(format string, verbose bool) (log *slog.Logger, known bool) {
	options := &slog.HandlerOptions{Level: slog.LevelWarn}
	if verbose {
		options.Level = slog.LevelDebug
	}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(t.Stderr, options)), true
	case "json":
		t.Stderr.toJSON()
		return slog.New(slog.NewJSONHandler(t.Stderr, options)), true
	}
	return nil, false
}

// Emphasize returns a text that stands out among the messages, if somebody may look.
func (t *Terminal) Emphasize(text string) string {
	if !t.Watched || t.Plain {
		return text
	}
	return "\x1b[1;31m" + text + plain
}
