package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"time"

	"batchsend/internal/censor"
	"batchsend/internal/report"
)

// commandLimit is how long the command may take.
const commandLimit = time.Minute

// pipeLimit is how long what the command has left behind may keep its output open.
const pipeLimit = 2 * time.Second

// command is a command line for the system's shell, which gets the summary of a run on
// its standard input.
type command struct {
	line   string
	env    []string  // each "NAME=value"
	output io.Writer // of standard output and standard error: the run's standard output is for its result
	limit  time.Duration
}

// run runs the command. The error does not show the command, which may hold a secret.
func (c command) run(ctx context.Context, sum *report.Summary) error {
	var input bytes.Buffer
	if err := sum.Write(&input); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	cmd := shell(ctx, c.line)
	cmd.Env, cmd.Stdin = c.env, strings.NewReader(censor.Text(input.String()))
	cmd.Stdout, cmd.Stderr = c.output, c.output
	cmd.WaitDelay = pipeLimit
	err := cmd.Run()
	exit, exited := errors.AsType[*exec.ExitError](err)
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("the command took longer than %v and was ended", c.limit)
	case errors.Is(err, exec.ErrWaitDelay): // it has ended well, and left something running
		return nil
	case exited:
		return fmt.Errorf("the command failed: %v", exit)
	case err != nil:
		return fmt.Errorf("the command could not be run: %w", err)
	}
	return nil
}

// held are the environment variables that are never handed on, whatever they hold.
var held = []string{"PGPASSWORD", "BATCHSEND_PING_URL", "BATCHSEND_NOTIFY_COMMAND"}

// withoutSecrets returns an environment for the command. It lacks what signs in and
// whatever is seen to be a secret. The proxy's address stays, with its password: the
// command may have no other way out.
func withoutSecrets(env map[string]string) (pairs []string) {
	for _, name := range slices.Sorted(maps.Keys(env)) {
		upper := strings.ToUpper(name) // Windows knows no case
		switch {
		case name == "", strings.HasPrefix(upper, "DOCUSIGN_"), slices.Contains(held, upper):
			continue
		case censor.Find(env[name]) != censor.None && !strings.HasSuffix(upper, "_PROXY"):
			continue
		}
		pairs = append(pairs, name+"="+env[name])
	}
	return pairs
}
