package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"batchsend/internal/apispec"
	"batchsend/internal/ledger"
	"batchsend/internal/sandbox"
	"batchsend/internal/settings"
)

// asProgram makes the test binary behave as batchsend itself, so that tests
// can run, interrupt and kill real processes.
const asProgram = "BATCHSEND_TEST_AS_PROGRAM"

// noExitSleep spares every process of a race build the second that it would
// sleep at its end, for other goroutines' races to show.
const noExitSleep = "atexit_sleep_ms=0"

func TestMain(m *testing.M) {
	program := func() { os.Exit(judged()) }
	if os.Getenv(asProgram) != "" {
		program()
	}
	testscript.Main(apispec.Tests{M: m}, map[string]func(){"batchsend": program, "xdg-open": asBrowser})
}

// judged is the program with every message of the sandbox held against the official
// description, where that is at hand. A fault ends in an exit code of its own.
func judged() int {
	ledger.Crash = crashAt(os.Getenv("BATCHSEND_TEST_CRASH"))
	p := process{env: settings.Environment(os.Environ()), stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	if address := os.Getenv(inProduction); address != "" {
		p.transport = production{address}
	}
	if os.Getenv("BATCHSEND_OPENAPI") == "" {
		return p.main()
	}
	j, _ := apispec.FromEnv()
	p.sandbox = watchedBy(judgedBy(j))
	code := p.main()
	if totals := j.Totals(); totals.Faults > 0 {
		fmt.Fprintf(os.Stderr, "%v\n%s\n", totals, strings.Join(totals.Lines, "\n"))
		code = 99
	}
	j.Flush()
	return code
}

// crashAt returns a ledger.Crash that kills the process, as a power cut would,
// at the nth passing of a crash point: "claim:committed 3".
func crashAt(where string) func(string) {
	point, times, ok := strings.Cut(where, " ")
	if !ok {
		return nil
	}
	left, _ := strconv.Atoi(times)
	var mu sync.Mutex
	return func(passed string) {
		mu.Lock()
		defer mu.Unlock()
		if passed == point {
			left--
		}
		if left == 0 {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
}

// judgedBy returns what has a sandbox hand every exchange to j.
func judgedBy(j *apispec.Judge) func(*sandbox.Server) {
	return func(s *sandbox.Server) {
		s.OnRequest = func(x sandbox.Exchange) {
			if u, err := url.Parse(x.URL); err == nil {
				j.Exchange(x.Method, u, x.RequestHeader, x.RequestBody, x.Status, x.Header, x.Body)
			}
		}
	}
}

// TestScript runs the scripts in testdata/script, which use the program as an
// operator would.
func TestScript(t *testing.T) {
	t.Parallel()
	samples, err := filepath.Abs("../../samples")
	if err != nil {
		t.Fatal(err)
	}
	cases, err := filepath.Abs("../../testdata/cases")
	if err != nil {
		t.Fatal(err)
	}
	workbooks, err := filepath.Abs("../../testdata/xlsx")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "../../testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("SAMPLES", samples)
			env.Setenv("CASES", cases)
			env.Setenv("XLSX", workbooks)
			env.Setenv("GORACE", noExitSleep)
			env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
			for _, name := range []string{"BATCHSEND_OPENAPI", "BATCHSEND_OPENAPI_TALLY"} {
				env.Setenv(name, os.Getenv(name))
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":   cmdExits,
			"source":  cmdSource,
			"appears": cmdAppears,
			"count":   cmdCount,
		},
	})
}

// cmdExits runs a command and holds it to its exit code: exits 3 batchsend ...
func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE command [args...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// cmdSource sets the variables that a file of "export NAME='value'" lines has.
func cmdSource(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: source FILE")
	}
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		name, value, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
		if ok {
			ts.Setenv(name, strings.Trim(value, "'"))
		}
	}
}

// cmdAppears waits for a file, which another process writes when it is ready.
func cmdAppears(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: appears FILE")
	}
	path := ts.MkAbs(args[0])
	for range 500 {
		if _, err := os.Stat(path); err == nil {
			return
		}
		time.Sleep(20 * time.Millisecond) // a real process has real time
	}
	ts.Fatalf("%s did not appear", args[0])
}

// cmdCount counts the lines of a file that contain a text: count 3 'POST' FILE
func cmdCount(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: count N TEXT FILE")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	for scanner := bufio.NewScanner(bytes.NewReader([]byte(ts.ReadFile(args[2])))); scanner.Scan(); {
		if strings.Contains(scanner.Text(), args[1]) {
			got++
		}
	}
	if got != want {
		ts.Fatalf("%d lines of %s contain %q, want %d", got, args[2], args[1], want)
	}
}
