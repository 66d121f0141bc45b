package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"

	"batchsend/internal/sandbox"
)

// inProduction is the environment variable with the address of a sandbox that stands in
// for DocuSign's production servers, whose names are not looked up then.
const inProduction = "BATCHSEND_TEST_PRODUCTION"

// production carries calls to production servers to a sandbox.
type production struct{ address string }

// RoundTrip implements [http.RoundTripper].
func (p production) RoundTrip(req *http.Request) (*http.Response, error) {
	to, err := url.Parse(p.address)
	if err != nil {
		return nil, err
	}
	req = req.Clone(req.Context())
	req.Host = req.URL.Host
	req.URL.Scheme, req.URL.Host = to.Scheme, to.Host
	return http.DefaultTransport.RoundTrip(req)
}

// asked starts send on a terminal of its own, with messages going to a file, and returns
// what the terminal shows up to the end of the question. answer answers it and returns
// the exit code and all that the terminal shows after.
func asked(t *testing.T, dir string, env []string, args ...string) (question string, answer func(string) (code int, rest, messages string)) {
	t.Helper()
	ours, theirs, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close() })
	messages, err := os.Create(filepath.Join(dir, "messages"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := program(t.Context(), dir, append([]string{"send"}, args...)...)
	cmd.Env = append(cmd.Env, env...)
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = messages, messages, []*os.File{theirs}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 3}
	err = cmd.Start()
	theirs.Close()
	if err != nil {
		t.Fatal(err)
	}
	for b := make([]byte, 1); !strings.HasSuffix(question, "[y/N] "); question += string(b) {
		if _, err := ours.Read(b); err != nil {
			cmd.Wait()
			text, _ := os.ReadFile(messages.Name())
			t.Fatalf("no question: %q\n%s", question, text)
		}
	}
	return strings.ReplaceAll(question, "\r\n", "\n"), func(text string) (int, string, string) {
		if _, err := ours.WriteString(text + "\n"); err != nil {
			t.Fatal(err)
		}
		cmd.Wait()
		rest, _ := io.ReadAll(ours) // it ends with an error when nobody has the terminal any more
		said, err := os.ReadFile(messages.Name())
		if err != nil {
			t.Fatal(err)
		}
		return cmd.ProcessState.ExitCode(), string(rest), string(said)
	}
}

// TestAskedInProduction: a run in production whose messages go to a file asks on its
// terminal, and holds no lease meanwhile. What another run has sent by then is left out.
func TestAskedInProduction(t *testing.T) {
	t.Parallel()
	kit, err := sandbox.Prepare(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	server := kit.Server()
	server.Store, server.BaseURI = "", "https://na3.docusign.net"
	web := httptest.NewServer(server.Handler())
	defer web.Close()
	dir := t.TempDir()
	all := offers(3)
	file := writeOffers(t, dir, all)
	env := []string{
		inProduction + "=" + web.URL, "DOCUSIGN_AUTH_SERVER=production", "DOCUSIGN_INTEGRATION_KEY=" + sandbox.DefaultIntegrationKey,
		"DOCUSIGN_USER_ID=" + sandbox.DefaultUserID, "DOCUSIGN_PRIVATE_KEY=" + kit.KeyFile, "BATCHSEND_TEMPLATE=" + sandbox.DefaultTemplate,
	}
	question, answer := asked(t, dir, env, file)
	for _, want := range []string{
		"environment: PRODUCTION: real people get what is sent\n", "account:     Sandbox (" + sandbox.DefaultAccount + ")\n",
		"envelopes:   0 already sent, 3 to go\n", "PRODUCTION: send 3 envelopes from account Sandbox as Sandy Box\n", "batch offers.csv? [y/N] ",
	} {
		if !strings.Contains(question, want) {
			t.Errorf("%q is missing in the question:\n%s", want, question)
		}
	}
	if code, _, said := answer("n"); code != exitCannotRun || !strings.Contains(said, "not confirmed: nothing was sent") || len(server.Envelopes()) != 0 {
		t.Errorf("no: exit code %d, %d envelopes at DocuSign\n%s", code, len(server.Envelopes()), said)
	}
	if code, _, said := waiting(t, dir, env, file)("y"); code != exitDone || !strings.Contains(said, "1 sent, 2 already sent") {
		t.Errorf("yes after another run has sent two: exit code %d\n%s", code, said)
	}
	wantEachOnce(t, all, server.Envelopes())
	changed := append(offers(3), offer{label: "E-new", salary: "1", employee: "new@example.test", manager: "manager@example.test"})
	changed[1].salary = "31337"
	question, answer = asked(t, dir, env, "--on-invalid", "skip", writeOffers(t, dir, changed))
	if want := "envelopes:   2 already sent, 1 to go, 1 rejected\n"; !strings.Contains(question, want) {
		t.Errorf("%q is missing in the question:\n%s", want, question)
	}
	if code, _, said := answer("y"); code != exitRejected || !strings.Contains(said, "1 sent, 2 already sent, 1 rejected") || strings.Count(said, ": KEY_CONFLICT: ") != 1 {
		t.Errorf("with a row that was changed: exit code %d, want %d, and one KEY_CONFLICT\n%s", code, exitRejected, said)
	}
	writeOffers(t, dir, all)
	cmd := program(t.Context(), dir, "send", file) // without a terminal
	cmd.Env, cmd.SysProcAttr = append(cmd.Env, env...), &syscall.SysProcAttr{Setsid: true}
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "3 already sent") {
		t.Errorf("given again: %v\n%s", err, out)
	}
}

// waiting starts a run that asks, and has another one send two of its envelopes before
// it is answered.
func waiting(t *testing.T, dir string, env []string, file string) (answer func(string) (int, string, string)) {
	t.Helper()
	_, answer = asked(t, dir, env, file)
	cmd := program(t.Context(), dir, "send", "--yes", "--limit", "2", file)
	cmd.Env = append(cmd.Env, env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("another run meanwhile: %v\n%s", err, out)
	}
	return answer
}
