// Command batchsend sends DocuSign envelopes in batches from CSV files.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

func main() {
	os.Exit(Main())
}

// Main runs the program and returns its exit code.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // first signal: finish what is in flight; second: die
	return run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr)
}

// run is the program without its process: it parses, wires, works, and maps
// what came of it to an exit code.
func run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	defer func() {
		if p := recover(); p != nil {
			code = crashed(stderr, getenv, p)
		}
	}()
	a := &app{getenv: getenv, stdin: stdin, stdout: stdout, typed: isTerminal(stdin), watched: isTerminal(stderr)}
	a.stderr = &console{w: stderr}
	root := a.rootCommand()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(a.stderr)
	err := root.ExecuteContext(ctx)
	a.explainError(err)
	return exitCode(err)
}

// crashed reports a fault of our own. What was sent stays recorded: the ledger
// is written before and after every call, not at the end.
func crashed(stderr io.Writer, getenv func(string) string, p any) int {
	fmt.Fprintf(stderr, "batchsend: internal error: %v\n", p)
	fmt.Fprintln(stderr, "hint: this is a fault in batchsend; what was sent is in the ledger, and running the same command again goes on from there. BATCHSEND_DEBUG=1 shows where it happened")
	if getenv("BATCHSEND_DEBUG") != "" {
		stderr.Write(debug.Stack())
	}
	return exitCannotRun
}
