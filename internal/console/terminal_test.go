package console

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
)

// TestOpen: nobody types into a buffer or looks at one, and no view is drawn there.
func TestOpen(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	term := Open(map[string]string{"TERM": "xterm"}, strings.NewReader(""), &stdout, &stderr)
	if term.Typed || term.Watched || term.Plain || term.Files != io.Writer(&stdout) || term.Show(nil) != nil {
		t.Errorf("of buffers: %+v", term)
	}
	yes, err := term.Ask(t.Context(), Question{Text: "Send?", Everywhere: true})
	if !yes || err != nil || stderr.Len() != 0 {
		t.Errorf("Ask = %t, %v, and it says %q; want yes without a question", yes, err, stderr.String())
	}
	for _, env := range []map[string]string{{"NO_COLOR": "1"}, {"TERM": "dumb"}} {
		term := Open(env, os.Stdin, &stdout, &stderr)
		term.Watched = true
		if term.Show(func(int, int) []Line { return nil }) != nil {
			t.Errorf("a view is drawn with %v", env)
		}
	}
}

// TestAsk: only a clear yes is one, and a signal does not wait for an answer.
func TestAsk(t *testing.T) {
	t.Parallel()
	asking := func(in io.Reader) *Terminal {
		return &Terminal{Stdin: in, Stderr: NewWriter(io.Discard), Typed: true, Watched: true}
	}
	for answer, want := range map[string]bool{"y\n": true, " YES \n": true, "y": true, "n\n": false, "\n": false, "": false, "yesterday\n": false} {
		if yes, err := asking(strings.NewReader(answer)).Ask(t.Context(), Question{Text: "Send?"}); yes != want || err != nil {
			t.Errorf("the answer %q: %t, %v; want %t", answer, yes, err, want)
		}
	}
	r, w := io.Pipe()
	defer w.Close()
	signal := errors.New("signal")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(signal)
	if yes, err := asking(r).Ask(ctx, Question{Text: "Send?"}); yes || !errors.Is(err, signal) {
		t.Errorf("after a signal: %t, %v; want the signal", yes, err)
	}
}

// TestWriterHidesSecrets: messages show no secret, and none comes after the end.
func TestWriterHidesSecrets(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	term := &Terminal{Stderr: NewWriter(&out)}
	term.Warn("%s", "postgres://batch:Gr8-Secret@127.0.0.1/sends")
	term.Quiet = true
	term.Say("nothing of importance")
	term.Close()
	term.Warn("too late")
	if got, want := out.String(), "warning: postgres://batch:[hidden]@127.0.0.1/sends\n"; got != want {
		t.Errorf("written: %q, want %q", got, want)
	}
}
