package sandbox_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"batchsend/internal/sandbox"
)

func TestPrepare(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "sand box's")
	kit, err := sandbox.Prepare(dir)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{"": 0o700, "private.pem": 0o600, "template.json": 0o600} {
		if got := mode(t, filepath.Join(dir, path)); got != want {
			t.Errorf("%q has mode %o, want %o", path, got, want)
		}
	}
	pem, _ := os.ReadFile(kit.KeyFile)
	if !bytes.HasPrefix(pem, []byte("-----BEGIN RSA PRIVATE KEY-----")) {
		t.Errorf("private.pem: %.40s", pem)
	}

	// A second time, everything is found, and a key too open is closed.
	os.Chmod(kit.KeyFile, 0o644)
	again, err := sandbox.Prepare(dir)
	if err != nil || !again.Key.Equal(kit.Key) || mode(t, kit.KeyFile) != 0o600 {
		t.Errorf("second Prepare: %v", err)
	}
	s := kit.Server()
	if err := s.Open(); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Account == "" || s.UserID == "" || s.IntegrationKey == "" {
		t.Error("the kit's Server must say who it is")
	}

	env, err := sandbox.WriteEnv(dir, "http://127.0.0.1:8400/", s)
	if err != nil || mode(t, env) != 0o600 {
		t.Fatal(err)
	}
	out, err := exec.Command("sh", "-c", `. "$0"; printf '%s\n' "$DOCUSIGN_AUTH_SERVER" "$DOCUSIGN_INTEGRATION_KEY" "$DOCUSIGN_USER_ID" "$DOCUSIGN_PRIVATE_KEY" "$DOCUSIGN_ACCOUNT_ID" "$BATCHSEND_TEMPLATE" "$BATCHSEND_LEDGER"`, env).Output()
	want := strings.Join([]string{
		"http://127.0.0.1:8400", sandbox.DefaultIntegrationKey, sandbox.DefaultUserID, kit.KeyFile,
		sandbox.DefaultAccount, sandbox.DefaultTemplate, filepath.Join(dir, "ledger.db"),
	}, "\n") + "\n"
	if err != nil || string(out) != want {
		t.Errorf("the shell reads %s, %v; want %s", out, err, want)
	}

	os.WriteFile(kit.KeyFile, []byte("nonsense"), 0o600)
	if _, err := sandbox.Prepare(dir); err == nil || !strings.Contains(err.Error(), "delete the file") {
		t.Errorf("a damaged key: %v", err)
	}
}

func TestTemplatesAreReadAgain(t *testing.T) {
	kit, err := sandbox.Prepare(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := &sandbox.Server{TemplateDir: kit.Dir}
	c := newClient(t, s)
	names := func() string { return c.do("GET", "/templates", "").body }
	write := func(name, content string, age time.Duration) {
		path := filepath.Join(kit.Dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		os.Chtimes(path, time.Time{}, time.Now().Add(-age))
	}
	if !strings.Contains(names(), "Offer letter") {
		t.Fatal(names())
	}
	const lease = `{"templateId":"1ea5e000-0000-4000-8000-000000000001","name":"Lease","emailSubject":"Lease","shared":false,"pageCount":3}`
	write("template-lease.json", lease, time.Hour)
	if got := names(); !strings.Contains(got, "Lease") || !strings.Contains(got, `"pageCount":"3"`) || !strings.Contains(got, `"shared":"false"`) {
		t.Errorf("a new file: %s", got)
	}
	write("template-lease.json", strings.ReplaceAll(lease, "Lease", "Let it"), time.Minute)
	if got := names(); !strings.Contains(got, "Let it") {
		t.Errorf("a changed file: %s", got)
	}
	write("template-lease.json", `{"templateId":`, 0)
	if got := names(); !strings.Contains(got, "Let it") {
		t.Errorf("a damaged file: %s", got)
	}
	if page := c.do("GET", root+"/", "").body; !strings.Contains(page, "were not taken") || !strings.Contains(page, "template-lease.json") {
		t.Error("the page does not tell about the damaged file")
	}
	for name, content := range map[string]string{
		"no JSON": "x", "no ID": `{"name":"x"}`, "no template": `{"templateId":"x","name":"y","recipients":[]}`,
		"ID twice":  `{"templateId":"` + sandbox.DefaultTemplate + `","name":"y"}`,
		"bad order": `{"templateId":"x","name":"y","recipients":{"signers":[{"routingOrder":"first"}]}}`,
	} {
		write("template-lease.json", content, 0)
		if err := (&sandbox.Server{TemplateDir: kit.Dir}).Open(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestListenAndServe(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, addr := range []string{"0.0.0.0:0", ":0", "192.0.2.1:80", "example.test:80", "127.0.0.1"} {
		if err := (&sandbox.Server{}).ListenAndServe(t.Context(), addr, nil); err == nil || !strings.Contains(err.Error(), "127.0.0.1") {
			t.Errorf("%q: %v", addr, err)
		}
	}
	dir := t.TempDir()
	s := &sandbox.Server{Faults: sandbox.Faults{Hang: 1}}
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan string, 1), make(chan error, 1)
	go func() {
		done <- s.ListenAndServeTLS(ctx, "localhost:0", dir, func(url string) error { ready <- url; return nil })
	}()
	url := <-ready
	if !strings.HasPrefix(url, "https://127.0.0.1:") && !strings.HasPrefix(url, "https://[::1]:") {
		t.Errorf("url %q", url)
	}
	ca, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		t.Fatal("ca.pem holds no certificate")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	defer transport.CloseIdleConnections()
	c := newClient(t, s)
	c.http.Transport = transport
	if got := c.do("GET", url+"/oauth/userinfo", ""); got.status != 200 || !strings.Contains(got.body, `"base_uri":"`+url+`"`) {
		t.Errorf("userinfo: %d %s", got.status, got.body)
	}

	rebound, err := http.NewRequest("GET", url+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	rebound.Host = "elsewhere.example.test"
	resp, err := transport.RoundTrip(rebound)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("under a name from elsewhere: %s", resp.Status)
	}

	// Stopping does not wait for an answer that hangs on purpose.
	var stopped time.Time
	s.OnRequest = func(sandbox.Exchange) { stopped = time.Now(); cancel() }
	if _, err := c.send(t.Context(), "POST", url+strings.TrimPrefix(rest, root)+"/envelopes", offer); err == nil {
		t.Error("the hanging request was answered")
	}
	if err := <-done; err != nil {
		t.Errorf("ListenAndServeTLS: %v", err)
	}
	if took := time.Since(stopped); took > 4*time.Second {
		t.Errorf("it took %v to stop", took)
	}
}
