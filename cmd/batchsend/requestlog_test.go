package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"batchsend/internal/docusign"
	"batchsend/internal/sandbox"
)

// TestRequestLog: DocuSign is made to log calls, and what it has logged is shown without
// tokens and people. A log that is full is emptied once it was shown.
func TestRequestLog(t *testing.T) {
	t.Parallel()
	kit, err := sandbox.Prepare(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(kit.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	s := newSetUp(t, kit, string(key))
	logged := func(says string) (calls []docusign.LoggedCall) {
		t.Helper()
		got := s.run(t, "doctor", "--request-log", "--json")
		if err := json.Unmarshal([]byte(got.stdout), &calls); err != nil || got.code != exitDone || !strings.Contains(got.stderr, says) {
			t.Errorf("exit code %d, %v, want %q\n%s%s", got.code, err, says, got.stdout, got.stderr)
		}
		return calls
	}
	if calls := logged("DocuSign logs the next 50 calls of this user from now on: run what fails, then type: batchsend doctor --request-log"); len(calls) != 0 {
		t.Errorf("%d calls are logged before it was turned on", len(calls))
	}
	if got := s.run(t, "send", "--yes", writeOffers(t, s.dir, offers(1))); got.code != exitDone {
		t.Fatalf("exit code %d\n%s", got.code, got.stderr)
	}
	calls := logged("DocuSign logs 4")
	last := calls[len(calls)-1]
	if !strings.HasPrefix(last.Description, "POST /restapi/v2.1/accounts/"+sandbox.DefaultAccount+"/envelopes") || !strings.Contains(last.Text, `"roleName":"Employee"`) || !strings.Contains(last.Text, "201 Created") {
		t.Errorf("the last call is %+v", last)
	}
	shown := s.run(t, "doctor", "--request-log")
	if !strings.Contains(shown.stdout, last.Description[:40]) {
		t.Errorf("the call is not shown:\n%s", shown.stdout)
	}
	for _, hidden := range []string{"employee.1@", "manager.", "Employee of", "30000", sandboxUser, "eyJ"} {
		if strings.Contains(shown.stdout, hidden) {
			t.Errorf("%q is shown", hidden)
		}
	}
	for range 12 {
		s.run(t, "doctor")
	}
	if calls := logged("DocuSign logs the next 50 calls"); len(calls) != docusign.LoggedCalls {
		t.Errorf("%d calls are logged, want %d", len(calls), docusign.LoggedCalls)
	}
	if calls := logged("DocuSign logs 50 more"); len(calls) != 0 {
		t.Errorf("%d calls are logged after the log was emptied", len(calls))
	}
}

// TestGoLive: the calls of runs are counted when they have ended, until one is refused.
func TestGoLive(t *testing.T) {
	t.Parallel()
	kit, err := sandbox.Prepare(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(kit.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	s := newSetUp(t, kit, string(key))
	wants := func(code int, says string) {
		t.Helper()
		if got := s.run(t, "doctor", "--go-live"); got.code != code || !strings.Contains(got.stdout, says) {
			t.Errorf("exit code %d, want %d and %q\n%s%s", got.code, code, says, got.stdout, got.stderr)
		}
	}
	wants(exitCannotRun, "0 of the 20 calls in a row")
	file := writeOffers(t, s.dir, offers(25))
	if got := s.run(t, "send", "--yes", "--via", "single", "--limit", "5", file); got.code != exitDone {
		t.Fatalf("exit code %d\n%s", got.code, got.stderr)
	}
	wants(exitCannotRun, "of the 20 calls in a row")
	if got := s.run(t, "send", "--yes", "--via", "single", file); got.code != exitDone {
		t.Fatalf("exit code %d\n%s", got.code, got.stderr)
	}
	wants(exitDone, "the last 20 calls are clean")
	s.server.SendingBlocked = true // after it was asked about: a dry run would have said so
	s.server.Tells = sandbox.TellsNothing
	s.run(t, "send", "--yes", "--batch", "again", "--allow-repeat", "--via", "single", file)
	wants(exitCannotRun, "was answered with HTTP 400")
}

// sandboxUser is the address of the sandbox's user.
const sandboxUser = "sandy.box@example.test"
