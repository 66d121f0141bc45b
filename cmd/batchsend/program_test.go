package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"batchsend/internal/apispec"
	"batchsend/internal/racetest"
	"batchsend/internal/sandbox"
)

// outcome is how a run of the program ended.
type outcome struct {
	code           int
	stdout, stderr string
}

// runHere runs the program in this process with its state in dir, so that it
// can live in virtual time. tune sets up its sandbox; every message is judged.
func runHere(t *testing.T, dir string, tune func(*sandbox.Server), args ...string) outcome {
	t.Helper()
	j, _ := apispec.FromEnv()
	sandboxes.Store(dir, watchedBy(func(s *sandbox.Server) {
		judgedBy(j)(s)
		if tune != nil {
			tune(s)
		}
	}))
	t.Cleanup(func() { sandboxes.Delete(dir) })
	return runAgain(t, dir, args...)
}

// runAgain is runHere with the sandboxes watched as before, if at all; several
// may run at once.
func runAgain(t *testing.T, dir string, args ...string) outcome {
	return runUntil(t.Context(), dir, args...)
}

// runUntil is runAgain until a signal ends ctx.
func runUntil(ctx context.Context, dir string, args ...string) outcome {
	env := map[string]string{"XDG_STATE_HOME": dir, "XDG_CONFIG_HOME": dir}
	return runIn(ctx, env, "", args...)
}

// runIn runs the program in an environment.
func runIn(ctx context.Context, env map[string]string, stdin string, args ...string) outcome {
	var stdout, stderr bytes.Buffer
	p := process{env: env, stdin: strings.NewReader(stdin), stdout: &stdout, stderr: &stderr, sandbox: madeFor}
	code := p.run(ctx, args)
	return outcome{code, stdout.String(), stderr.String()}
}

// sized is how many envelopes a large test sends: all, or only some under the
// race detector. make test runs both.
func sized(t *testing.T, all, some int) int {
	t.Helper()
	if racetest.On(t) {
		return some
	}
	return all
}

// large skips a test that would add to the others only its size.
func large(t *testing.T) {
	t.Helper()
	if racetest.On(t) {
		t.Skip("too large for the race detector: make test runs it without as well")
	}
}

// offer is one envelope of a generated file.
type offer struct {
	label, employee, manager, salary, delay, frequency, expire string
}

// offers makes n different envelopes; every third overrides its reminders,
// every fifth its expiry.
func offers(n int) []offer {
	out := make([]offer, n)
	for i := range out {
		o := offer{label: fmt.Sprintf("E-%05d", i+1), salary: fmt.Sprint(30000 + i)}
		o.employee = fmt.Sprintf("employee.%d@example.test", i+1)
		o.manager = fmt.Sprintf("manager.%d@example.test", i%17)
		if i%3 == 0 {
			o.delay, o.frequency = fmt.Sprint(1+i%5), fmt.Sprint(i%4)
		}
		if i%5 == 0 {
			o.expire = fmt.Sprint(40 + i%50)
		}
		out[i] = o
	}
	return out
}

// writeOffers writes the envelopes as a CSV file in long form and returns its
// path.
func writeOffers(t *testing.T, dir string, all []offer) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("envelope,roleName,routingOrder,name,email,tab:Salary,reminderDelay,reminderFrequency,expireAfter,field:Department\n")
	for _, o := range all {
		fmt.Fprintf(&b, "%s,Employee,1,Employee of %s,%s,%s,%s,%s,,Sales\n", o.label, o.label, o.employee, o.salary, o.delay, o.frequency)
		fmt.Fprintf(&b, "%s,Manager,2,Manager of %s,%s,,,,%s,\n", o.label, o.label, o.manager, o.expire)
	}
	path := filepath.Join(dir, "offers.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// wantEachOnce fails unless the sandbox mailed every offer exactly once.
func wantEachOnce(t *testing.T, all []offer, mailed []sandbox.Envelope) {
	t.Helper()
	times := map[string]int{}
	for _, env := range mailed {
		if env.Status == "sent" {
			times[env.Recipients[0].Email]++
		}
	}
	for _, o := range all {
		if n := times[o.employee]; n != 1 {
			t.Errorf("%s was mailed %d times, want once", o.employee, n)
		}
	}
	sent := 0
	for _, n := range times {
		sent += n
	}
	if sent != len(all) {
		t.Errorf("the sandbox mailed %d envelopes, want %d", sent, len(all))
	}
}
