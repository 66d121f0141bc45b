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

// Ask asks a question. Where nobody can answer it is not asked, and the answer is yes:
// where the process has no terminal, or runs in the background of one. The error is the
// cause of ctx's end.
func (t *Terminal) Ask(ctx context.Context, q Question) (yes bool, err error) {
	if t.Typed && t.Watched {
		if in, ok := t.Stdin.(*os.File); ok && !inForeground(in) {
			return true, nil
		}
		if t.Quiet {
			q.Explain(t.Stderr)
		}
		return answered(ctx, q.Text, t.Stdin, t.Stderr)
	}
	if !q.Everywhere || !t.ofProcess {
		return true, nil
	}
	tty, err := controllingTerminal()
	if err != nil {
		return true, nil // nobody is there
	}
	defer tty.Close()
	out := censor.Writer(tty)
	if t.Quiet || !t.Watched {
		q.Explain(out)
	}
	return answered(ctx, q.Text, tty, out)
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
