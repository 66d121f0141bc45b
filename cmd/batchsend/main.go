// Command batchsend sends DocuSign envelopes in batches from CSV files.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"batchsend/internal/censor"
	"batchsend/internal/cmdline"
	"batchsend/internal/console"
	"batchsend/internal/report"
	"batchsend/internal/sandbox"
	"batchsend/internal/settings"
)

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	os.Exit(process{env: settings.Environment(os.Environ()), stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}.main())
}

// main runs the program until it is done or interrupted, and returns its exit
// code.
func (p process) main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // first signal: finish what is in flight; second: die
	return p.run(ctx, os.Args[1:])
}

// collectAt makes the garbage collector run when the heap has grown by so many
// percent. Most of a large run's heap has no pointers, so that collecting it takes
// little time, and memory is what there is less of.
const collectAt = 10

// process is what surrounds the program: what the system gives it, or a test in
// the system's place.
type process struct {
	env            map[string]string
	stdin          io.Reader
	stdout, stderr io.Writer
	transport      http.RoundTripper // carries all calls; nil: the network
	sandbox        sandboxMaker      // makes the embedded sandbox; nil: sandbox.In
}

// run is the program: it parses, wires, works, and maps what came of it to an
// exit code.
func (p process) run(ctx context.Context, args []string) (code int) {
	defer func() {
		if fault := recover(); fault != nil {
			code = crashed(censor.Writer(p.stderr), p.env, fault)
		}
	}()
	a := &app{Terminal: console.Open(p.env, p.stdin, p.stdout, p.stderr), env: p.env, transport: p.transport, newSandbox: p.sandbox}
	defer a.Close()
	if a.newSandbox == nil {
		a.newSandbox = sandbox.In
	}
	root := a.rootCommand()
	root.SetArgs(args)
	root.SetIn(p.stdin)
	root.SetOut(a.Stdout)
	root.SetErr(a.Stderr)
	err := cmdline.CheckSecrets(args, schema.Cures)
	if err == nil {
		err = cmdline.CheckCommand(root, args, "send")
	}
	cmd := root
	if err == nil {
		cmd, err = root.ExecuteContextC(ctx)
		a.verb = cmd.Name()
	}
	a.explainError(err)
	if exitCode(err) != exitDone && !a.Printed() && cmdline.Given(cmd, args, "json") {
		failure := report.Failure{ExitCode: exitCode(err), Error: strings.TrimSpace(err.Error()), Hint: a.hintOf(err)}
		_ = report.WriteJSON(a.Stdout, failure) // it was said on standard error
	}
	return exitCode(err)
}

// debugVariable names the environment variable that makes crashed tell more.
const debugVariable = "BATCHSEND_DEBUG"

// crashed reports a fault of our own. What was sent stays recorded: the ledger
// is written before and after every call, not at the end.
func crashed(stderr io.Writer, env map[string]string, p any) int {
	fmt.Fprintf(stderr, "batchsend: internal error: %v\n", p)
	fmt.Fprintln(stderr, "hint: this is a fault in batchsend; what was sent is in the ledger, and running the same command again goes on from there. "+debugVariable+"=1 shows where it happened")
	if env[debugVariable] != "" {
		stderr.Write(debug.Stack())
	}
	return exitCannotRun
}
