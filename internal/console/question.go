package console

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"batchsend/internal/censor"
)

// Question is what a person is asked before something is done that cannot be undone.
type Question struct {
	// Text can be answered with yes or no.
	Text string
	// Explain writes what the person must know to answer. It is called where they have
	// not seen it among the messages.
	Explain func(io.Writer)
	// Everywhere has the question asked on the terminal that the process was started
	// from, also where its streams lead elsewhere.
	Everywhere bool
}

// Asks reports whether somebody can answer a question: not where the process has no
// terminal, or runs in the background of one.
func (t *Terminal) Asks(q Question) bool {
	in, _, done := t.asked(q)
	defer done()
	return in != nil
}

// Ask asks a question. Where nobody can answer it is not asked, and the answer is yes.
// The error is the cause of ctx's end.
func (t *Terminal) Ask(ctx context.Context, q Question) (yes bool, err error) {
	in, out, done := t.asked(q)
	defer done()
	if in == nil {
		return true, nil
	}
	if t.Quiet || !t.Watched {
		q.Explain(out)
	}
	return answered(ctx, q.Text, in, out)
}

// asked returns where a question is asked, nil if nowhere. done must be called.
func (t *Terminal) asked(q Question) (in io.Reader, out io.Writer, done func()) {
	if t.Typed && t.Watched {
		if tty, ok := t.Stdin.(*os.File); ok && !inForeground(tty) {
			return nil, nil, func() {}
		}
		return t.Stdin, t.Stderr, func() {}
	}
	if !q.Everywhere || !t.ofProcess {
		return nil, nil, func() {}
	}
	tty, err := controllingTerminal()
	if err != nil {
		return nil, nil, func() {}
	}
	return tty, censor.Writer(tty), func() { tty.Close() }
}

// answered asks a question and reads the answer: yes only if it is a clear one.
func answered(ctx context.Context, question string, from io.Reader, to io.Writer) (yes bool, err error) {
	fmt.Fprintf(to, "%s [y/N] ", question)
	answer := make(chan string, 1)
	go func() { // a signal must not wait for the answer
		line, _ := bufio.NewReader(from).ReadString('\n')
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(to)
		return false, context.Cause(ctx)
	case text := <-answer:
		return text == "y" || text == "yes", nil
	}
}
