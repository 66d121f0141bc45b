package sandbox_test

import (
	"bufio"
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"batchsend/internal/sandbox"
)

// sdkTimeout is how long the official SDK may take; its program gives up before.
const sdkTimeout = 2 * time.Minute

// TestOfficialSDK runs DocuSign's own SDK for Node against a Server, by the
// program in sdkcheck, which judges the answers as its users see them. What the
// SDK's requests came to is judged here.
func TestOfficialSDK(t *testing.T) {
	node := needSDK(t)
	ctx, cancel := context.WithTimeout(t.Context(), sdkTimeout)
	defer cancel()
	kit, err := sandbox.Prepare(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := kit.Server()
	s.HourlyLimit, s.BurstLimit = 3000, 500 // with limits there are headers about them
	s.BulkRate = 100                        // the program waits for its copies
	s.OnRequest = func(x sandbox.Exchange) {
		u, err := url.Parse(x.URL)
		if err != nil {
			t.Error(err)
			return
		}
		for _, fault := range official().Exchange(x.Method, u, x.RequestHeader, x.RequestBody, x.Status, x.Header, x.Body) {
			t.Error(fault)
		}
	}

	cmd := exec.CommandContext(ctx, node, "check.mjs")
	cmd.Dir = "sdkcheck"
	cmd.WaitDelay = time.Second
	cmd.Env = append(os.Environ(),
		"NODE_EXTRA_CA_CERTS="+filepath.Join(kit.Dir, "ca.pem"),
		"DOCUSIGN_AUTH_SERVER="+serveTLS(t, s, kit.Dir),
		"DOCUSIGN_INTEGRATION_KEY="+s.IntegrationKey,
		"DOCUSIGN_USER_ID="+s.UserID,
		"DOCUSIGN_PRIVATE_KEY="+kit.KeyFile,
		"DOCUSIGN_ACCOUNT_ID="+s.Account,
		"BATCHSEND_TEMPLATE="+sandbox.DefaultTemplate,
	)
	last, err := logLines(t, cmd)
	switch {
	case ctx.Err() != nil:
		t.Fatalf("sdkcheck: %v: %v", ctx.Err(), err)
	case err != nil:
		t.Fatalf("sdkcheck: %v", err)
	case !regexp.MustCompile(`^[1-9][0-9]* checks passed$`).MatchString(last):
		t.Errorf("sdkcheck ended with %q, want the number of checks passed", last)
	}

	if n := s.Refused(); n > 0 {
		t.Errorf("%d calls met a limit, want 0", n)
	}
	if len(s.Envelopes()) == 0 {
		t.Error("no envelope was created")
	}
	for _, e := range s.Envelopes() {
		if len(e.DroppedRoles) > 0 {
			t.Errorf("envelope %q: roles %q got nobody", e.EmailSubject, e.DroppedRoles)
		}
		for _, r := range e.Recipients {
			if r.Added != "" {
				t.Errorf("envelope %q: %s stands beside the template's roles: %s", e.EmailSubject, r.Name, r.Added)
			}
			if !r.Mailed && e.Status != "deleted" { // but for the draft of a bulk send
				t.Errorf("envelope %q: %s is not mailed", e.EmailSubject, r.Name)
			}
		}
	}
}

// needSDK returns the path of node, or skips the test if node or the SDK is not
// there.
func needSDK(t *testing.T) string {
	t.Helper()
	const install = "\n\n\t(cd internal/sandbox/sdkcheck && npm ci --ignore-scripts --no-audit --no-fund)" +
		"\n\tgo test -v -run TestOfficialSDK ./internal/sandbox\n"
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("THE OFFICIAL SDK WAS NOT RUN AGAINST THE SANDBOX: there is no node; install Node.js 20 or later, then type" + install)
	}
	sdk := filepath.Join("sdkcheck", "node_modules", "docusign-esign", "package.json")
	if _, err := os.Stat(sdk); errors.Is(err, fs.ErrNotExist) {
		t.Skip("THE OFFICIAL SDK WAS NOT RUN AGAINST THE SANDBOX: it is not installed; type" + install)
	}
	// go test forgets a result it has kept when a file changes that was asked for.
	if _, err := os.Stat(filepath.Join("sdkcheck", "check.mjs")); err != nil {
		t.Fatal(err)
	}
	return node
}

// serveTLS serves s until the test ends, and returns its URL.
func serveTLS(t *testing.T, s *sandbox.Server, dir string) string {
	t.Helper()
	ctx := t.Context() // ends before Cleanup waits
	ready := make(chan string, 1)
	done := make(chan error, 1)
	go func() {
		done <- s.ListenAndServeTLS(ctx, "127.0.0.1:0", dir, func(url string) error { ready <- url; return nil })
	}()
	select {
	case url := <-ready:
		t.Cleanup(func() {
			if err := <-done; err != nil {
				t.Errorf("the sandbox's listener: %v", err)
			}
		})
		return url
	case err := <-done:
		t.Fatalf("the sandbox does not listen: %v", err)
		return ""
	}
}

// logLines runs a command, logs what it writes as it comes, and returns the
// last line.
func logLines(t *testing.T, cmd *exec.Cmd) (last string, err error) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return "", err
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		last = lines.Text()
		t.Log(last)
	}
	return last, cmd.Wait()
}
