package main

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"batchsend/internal/console"
	"batchsend/internal/sandbox"
)

// refusals answers requests with errors.
type refusals func(r *http.Request, body []byte, h http.Header) (status int, code, message string)

// creation refuses whatever creates an envelope, or for which want is true.
func creation(status int, code, message string) refusals {
	return func(r *http.Request, _ []byte, _ http.Header) (int, string, string) {
		if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/envelopes") {
			return 0, "", ""
		}
		return status, code, message
	}
}

// of refuses only requests whose body holds a text.
func (f refusals) of(text string) refusals {
	return func(r *http.Request, body []byte, h http.Header) (int, string, string) {
		if !bytes.Contains(body, []byte(text)) {
			return 0, "", ""
		}
		return f(r, body, h)
	}
}

// everything refuses all REST calls.
func everything(status int, code, message string) refusals {
	return func(r *http.Request, _ []byte, _ http.Header) (int, string, string) {
		if !strings.HasPrefix(r.URL.Path, "/restapi/") {
			return 0, "", ""
		}
		return status, code, message
	}
}

// consentTakenBack is what a user does in the middle of a run.
func consentTakenBack() refusals {
	tokens := 0
	return func(r *http.Request, _ []byte, _ http.Header) (int, string, string) {
		switch {
		case r.URL.Path == "/oauth/token":
			if tokens++; tokens > 1 {
				return 400, "consent_required", ""
			}
		case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/envelopes"):
			return 401, "AUTHORIZATION_INVALID_TOKEN", "The access token provided is expired, revoked or malformed."
		}
		return 0, "", ""
	}
}

// TestExitCodes: 5 only if the next run goes on by itself, 1 if a person must act
// first, 4 if single rows were at fault; and the hint stands there.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		refuse refusals
		faults sandbox.Faults
		args   []string
		rows   int
		code   int
		counts string // of the table's last line
		says   string // on stderr
	}{
		{
			name: "key disabled", refuse: creation(401, "PARTNER_AUTHENTICATION_FAILED", "The specified integrator key was not found or is disabled."),
			code: exitCannotRun, counts: "20 pending", says: "hint: the integration key does not exist here or is disabled",
		},
		{
			name: "key disabled, in two steps", refuse: creation(400, "PARTNER_AUTHENTICATION_FAILED", "no"), args: []string{"--via", "two-step"},
			code: exitCannotRun, counts: "20 pending", says: "hint: the integration key does not exist here or is disabled",
		},
		{
			name: "key disabled, in bulk", refuse: creation(400, "PARTNER_AUTHENTICATION_FAILED", "no"), args: []string{"--via", "bulk"},
			code: exitCannotRun, counts: "20 pending", says: "hint: the integration key does not exist here or is disabled",
		},
		{
			name: "consent taken back", refuse: consentTakenBack(), code: exitCannotRun, counts: "20 pending", says: "hint: open this address",
		},
		{
			name: "token refused twice", refuse: creation(401, "AUTHORIZATION_INVALID_TOKEN", "no"),
			code: exitCannotRun, counts: "20 pending", says: "hint: the token was refused twice",
		},
		{
			name: "token refused twice, with another status", refuse: creation(400, "USER_AUTHENTICATION_FAILED", "no"),
			code: exitCannotRun, counts: "20 pending", says: "hint: the token was refused twice",
		},
		{
			name: "token refused twice, in bulk", refuse: creation(400, "AUTHORIZATION_INVALID_TOKEN", "no"), args: []string{"--via", "bulk"},
			code: exitCannotRun, counts: "20 pending", says: "hint: the token was refused twice",
		},
		{
			name: "account suspended", refuse: creation(400, "ACCOUNT_IS_SUSPENDED", "no"),
			code: exitCannotRun, counts: "20 pending", says: "hint: the account is suspended",
		},
		{
			name: "sending blocked", refuse: creation(400, "ACCOUNT_LACKS_PERMISSIONS", "no"),
			code: exitCannotRun, counts: "20 pending", says: "sending is blocked for it",
		},
		{
			name: "the user may not send", refuse: creation(403, "USER_LACKS_PERMISSIONS", "no"), rows: 3,
			code: exitCannotRun, counts: "3 failed", says: "hint: USER_LACKS_PERMISSIONS: ask an administrator",
		},
		{
			name: "the user may not send one row", refuse: creation(403, "USER_LACKS_PERMISSIONS", "no").of("employee.2@"),
			code: exitFailed, counts: "19 sent, 1 failed", says: "hint: USER_LACKS_PERMISSIONS: ask an administrator",
		},
		{
			name: "a template without a field for a signer", refuse: creation(400, "ONESIGNALLSIGN_NOT_SATISFIED", "Freeform signing is not allowed"), rows: 3,
			code: exitFailed, counts: "3 failed", says: "hint: ONESIGNALLSIGN_NOT_SATISFIED: every signer needs a field",
		},
		{
			name: "a template without a field for a signer, many rows", refuse: creation(400, "ONESIGNALLSIGN_NOT_SATISFIED", "no"), args: []string{"--concurrency", "1"},
			code: exitCannotRun, counts: "10 failed, 10 pending", says: "stopped: 10 envelopes in a row failed",
		},
		{
			name: "one wrong address after the other", refuse: creation(400, "INVALID_EMAIL_ADDRESS_FOR_RECIPIENT", "no"), args: []string{"--concurrency", "1"},
			code: exitFailed, counts: "10 failed, 10 pending", says: "hint: INVALID_EMAIL_ADDRESS_FOR_RECIPIENT: correct the e-mail address",
		},
		{
			name: "allowance used up", refuse: creation(400, "ENVELOPE_ALLOWANCE_EXCEEDED", "no"),
			code: exitCannotRun, counts: "20 pending", says: "hint: the plan's envelopes are used up",
		},
		{
			name: "hours of pause", refuse: creation(400, "ENVELOPE_SEND_LIMIT_EXCEEDED", "no"),
			code: exitStopped, counts: "20 pending", says: "hint: DocuSign limits how much this account may send: wait some hours",
		},
		{
			name: "traffic blocked", refuse: creation(444, "", ""),
			code: exitStopped, counts: "20 pending", says: "hint: DocuSign blocks this traffic because of excess use: wait some hours",
		},
		{
			name: "no network", faults: sandbox.Faults{Refuse: 1}, args: []string{"--concurrency", "1"},
			code: exitCannotRun, counts: "20 pending", says: "hint: check the network",
		},
		{
			name: "the first N", args: []string{"--limit", "5"}, code: exitDone, counts: "5 sent, 15 pending", says: "--limit 5 reached",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			all := manyOffers(max(tt.rows, 20))
			if tt.rows > 0 {
				all = all[:tt.rows]
			}
			file := writeOffers(t, dir, all)
			synctest.Test(t, func(t *testing.T) {
				server := shareSandbox(t, dir, func(s *sandbox.Server) { s.Refuse, s.Faults = tt.refuse, tt.faults })
				got := runAgain(t, dir, append([]string{"send", "--sandbox", file}, tt.args...)...)
				if got.code != tt.code || !strings.HasSuffix(strings.TrimSpace(got.stdout), ": "+tt.counts) || !strings.Contains(got.stderr, tt.says) {
					t.Fatalf("exit code %d, want %d, %q and %q\n%s%s", got.code, tt.code, tt.counts, tt.says, got.stdout, got.stderr)
				}
				again := strings.Contains(got.stderr, "run the same command again to go on")
				if again && got.code == exitCannotRun {
					t.Errorf("it says that the same command helps, which it does not:\n%s", got.stderr)
				}
				server.Refuse, server.Faults = nil, sandbox.Faults{}
				if got = runAgain(t, dir, "send", "--sandbox", file); got.code != exitDone {
					t.Errorf("when all is well: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
				}
				wantEachOnce(t, all, server.Envelopes())
			})
		})
	}
}

// TestOtherCommandsExit: the other commands tell the same causes apart.
func TestOtherCommandsExit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := writeOffers(t, dir, manyOffers(2))
	synctest.Test(t, func(t *testing.T) {
		server := shareSandbox(t, dir, func(s *sandbox.Server) { s.Faults.DropAfter = 1 })
		// The run ends before its lost envelopes have had their time to turn up.
		got := runAgain(t, dir, "send", "--sandbox", "--via", "single", "--max-duration", "20s", file)
		server.Faults = sandbox.Faults{}
		if got.code != exitDone && got.code != exitStopped {
			t.Fatalf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		for _, command := range [][]string{{"doctor"}, {"template"}, {"template", sandbox.DefaultTemplate}, {"status", "--refresh"}, {"send", "--dry-run", file}, {"send", file}} {
			for _, tt := range []struct {
				refuse refusals
				code   int
				says   string
			}{
				{everything(400, "PARTNER_AUTHENTICATION_FAILED", "no"), exitCannotRun, "hint: the integration key does not exist here or is disabled"},
				{everything(400, "ENVELOPE_SEND_LIMIT_EXCEEDED", "no"), exitStopped, "hint: DocuSign limits how much this account may send"},
				{everything(444, "", ""), exitStopped, "hint: DocuSign blocks this traffic"},
			} {
				server.Refuse = tt.refuse
				got := runAgain(t, dir, append(slices.Clone(command), "--sandbox")...)
				if got.code != tt.code || !strings.Contains(got.stderr, tt.says) {
					t.Errorf("%q: exit code %d, want %d and %q\n%s%s", command, got.code, tt.code, tt.says, got.stdout, got.stderr)
				}
			}
		}
	})
}

// TestReconcileExits: an envelope that left a moment ago is for the next run, an
// older one for a person.
func TestReconcileExits(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := writeOffers(t, dir, manyOffers(2))
	synctest.Test(t, func(t *testing.T) {
		server := shareSandbox(t, dir, func(s *sandbox.Server) { s.Faults.Hang = 1 })
		notFound := func(r *http.Request, _ []byte, _ http.Header) (int, string, string) {
			if strings.HasSuffix(r.URL.Path, "/envelopes/status") {
				return 400, "PARTNER_AUTHENTICATION_FAILED", "no"
			}
			return 0, "", ""
		}
		server.Refuse = notFound
		got := runAgain(t, dir, "send", "--sandbox", "--via", "single", "--max-errors", "1", file)
		server.Faults = sandbox.Faults{}
		if !strings.Contains(got.stdout, "unknown") {
			t.Fatalf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		got = runAgain(t, dir, "reconcile", "--sandbox")
		if got.code != exitCannotRun || !strings.Contains(got.stderr, "hint: the integration key") {
			t.Errorf("refused: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		server.Refuse = func(r *http.Request, body []byte, h http.Header) (int, string, string) {
			if status, _, _ := notFound(r, body, h); status != 0 {
				return 444, "", ""
			}
			return 0, "", ""
		}
		got = runAgain(t, dir, "reconcile", "--sandbox")
		if got.code != exitStopped || !strings.Contains(got.stderr, "hint: DocuSign blocks this traffic") {
			t.Errorf("blocked, of a moment ago: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		got = runAgain(t, dir, "reconcile", "--sandbox", "--settle", "1s")
		if got.code != exitFailed {
			t.Errorf("blocked, and older than --settle: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		server.Refuse = nil
		if got = runAgain(t, dir, "reconcile", "--sandbox"); got.code != exitDone {
			t.Errorf("when all is well: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
	})
}

// TestUnknownByAge: an envelope that left less than --settle ago is for the next
// run, an older one for a person.
func TestUnknownByAge(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	all := manyOffers(1)
	file := writeOffers(t, dir, all)
	synctest.Test(t, func(t *testing.T) {
		server := shareSandbox(t, dir, func(s *sandbox.Server) { s.Faults.DropBefore = 1 })
		got := runAgain(t, dir, "send", "--sandbox", "--max-duration", "3m", file)
		if got.code != exitStopped || !strings.Contains(got.stdout, "1 unknown") {
			t.Errorf("a moment ago: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		time.Sleep(time.Hour)
		got = runAgain(t, dir, "send", "--sandbox", "--max-duration", "3m", file)
		if got.code != exitFailed || !strings.Contains(got.stdout, "1 unknown") {
			t.Errorf("an hour ago: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		server.Faults = sandbox.Faults{}
		if got = runAgain(t, dir, "send", "--sandbox", file); got.code != exitDone {
			t.Errorf("when all is well: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		wantEachOnce(t, all, server.Envelopes())
	})
}

// TestAnsweredNo: nothing is sent, and nothing goes on by itself.
func TestAnsweredNo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := writeOffers(t, dir, manyOffers(2))
	synctest.Test(t, func(t *testing.T) {
		server := shareSandbox(t, dir, func(*sandbox.Server) {})
		var stdout, stderr bytes.Buffer
		a := &app{
			Terminal: &console.Terminal{Stdin: strings.NewReader("n\n"), Stdout: &stdout, Stderr: console.NewWriter(&stderr), Typed: true, Watched: true, Plain: true},
			env:      map[string]string{"XDG_STATE_HOME": dir, "XDG_CONFIG_HOME": dir}, newSandbox: madeFor,
		}
		root := a.rootCommand()
		root.SetArgs([]string{"send", "--sandbox", file})
		err := root.ExecuteContext(t.Context())
		a.explainError(err)
		if exitCode(err) != exitCannotRun || !strings.Contains(stderr.String(), "not confirmed: nothing was sent") || len(server.Envelopes()) != 0 {
			t.Errorf("exit code %d\n%s%s", exitCode(err), stdout.String(), stderr.String())
		}
	})
}
