//go:build unix

package console

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"batchsend/internal/settings"
)

// asker is the environment variable that makes the test's program ask a question on its
// real terminal instead of running tests: "everywhere", "streams", or "background" for
// everywhere in another process group.
const asker = "CONSOLE_TEST_ASKS"

func TestMain(m *testing.M) {
	switch how := os.Getenv(asker); how {
	case "":
		os.Exit(m.Run())
	case "background":
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), asker+"=everywhere")
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := cmd.Run(); err != nil {
			fmt.Println(err)
		}
	default:
		term := Open(settings.Environment(os.Environ()), os.Stdin, os.Stdout, os.Stderr)
		yes, err := term.Ask(context.Background(), Question{
			Text: "Send?", Explain: func(w io.Writer) { fmt.Fprintln(w, "PRODUCTION") }, Everywhere: how == "everywhere",
		})
		fmt.Println("answer:", yes, err)
	}
}

// TestQuestionOnTerminal asks on a real pseudo-terminal, which may be reached by the
// streams, by its name alone, or not at all.
func TestQuestionOnTerminal(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		how                             string
		noTerminal, noStdin, noMessages bool
		answer                          string
		shown                           string // on the terminal
		yes                             bool
	}{
		"yes":                         {how: "everywhere", answer: "y", shown: "Send? [y/N] ", yes: true},
		"no":                          {how: "everywhere", answer: "n", shown: "Send? [y/N] "},
		"enter":                       {how: "everywhere", answer: "", shown: "Send? [y/N] "},
		"messages redirected":         {how: "everywhere", noMessages: true, answer: "n", shown: "PRODUCTION\nSend? [y/N] "},
		"messages redirected, yes":    {how: "everywhere", noMessages: true, answer: "yes", shown: "PRODUCTION\nSend? [y/N] ", yes: true},
		"rows from a pipe":            {how: "everywhere", noStdin: true, answer: "n", shown: "Send? [y/N] "},
		"both redirected":             {how: "everywhere", noStdin: true, noMessages: true, answer: "n", shown: "PRODUCTION\nSend? [y/N] "},
		"only on streams":             {how: "streams", answer: "n", shown: "Send? [y/N] "},
		"only on streams, redirected": {how: "streams", noMessages: true, yes: true},
		"background":                  {how: "background", yes: true},
		"background, redirected":      {how: "background", noMessages: true, yes: true},
		"no terminal":                 {how: "everywhere", noTerminal: true, noStdin: true, noMessages: true, yes: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ours, theirs, err := pty.Open()
			if err != nil {
				t.Fatal(err)
			}
			defer ours.Close()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // a question that nobody expects would wait
			defer cancel()
			cmd := exec.CommandContext(ctx, os.Args[0])
			cmd.Env = append(os.Environ(), asker+"="+tt.how)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
			if !tt.noTerminal {
				cmd.ExtraFiles = []*os.File{theirs}
				cmd.SysProcAttr.Setctty, cmd.SysProcAttr.Ctty = true, 3
			}
			if !tt.noStdin {
				cmd.Stdin = theirs
			}
			if !tt.noMessages {
				cmd.Stderr = theirs
			}
			if tt.shown != "" {
				if _, err := ours.WriteString(tt.answer + "\n"); err != nil { // the terminal keeps it until it is read
					t.Fatal(err)
				}
			}
			out, err := cmd.Output()
			theirs.Close()
			if want := fmt.Sprintf("answer: %t <nil>\n", tt.yes); err != nil || string(out) != want {
				t.Errorf("%v, %q; want %q", err, out, want)
			}
			text, _ := io.ReadAll(ours) // it ends with an error when nobody has the terminal any more
			shown := strings.ReplaceAll(string(text), "\r\n", "\n")
			if tt.shown != "" {
				shown = strings.Replace(shown, tt.answer+"\n", "", 1) // the terminal's echo
			}
			if shown != tt.shown {
				t.Errorf("shown: %q, want %q", shown, tt.shown)
			}
		})
	}
}
