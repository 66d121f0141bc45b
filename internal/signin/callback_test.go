package signin

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// visit opens an address as a browser would.
func visit(t *testing.T, address string) (status int, text string) {
	t.Helper()
	resp, err := http.Get(address)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer resp.Body.Close()
	defer http.DefaultClient.CloseIdleConnections()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	if resp.StatusCode != http.StatusNotFound && resp.StatusCode != http.StatusMethodNotAllowed {
		h := resp.Header
		if !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") || h.Get("Referrer-Policy") != "no-referrer" || h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: headers %v", address, h)
		}
		if !strings.Contains(string(body), `<html lang="en"`) || strings.Count(string(body), "<h1>") != 1 || strings.Contains(string(body), "<script") {
			t.Errorf("%s: %s", address, body)
		}
	}
	return resp.StatusCode, string(body)
}

func listen(t *testing.T) *Callback {
	t.Helper()
	c, err := Listen(t.Context(), "http://localhost:0/callback")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// TestCallback: the first answer with the right state counts. What is wrong is said in
// the browser as well, and never shows the code.
func TestCallback(t *testing.T) {
	for _, tt := range []struct {
		name   string
		query  string // after a wrong state was refused
		fails  error  // of exchange
		status int
		page   string
		err    string
		cure   string
	}{
		{"allowed", "state=right&code=c0de", nil, 200, "You can close this window and go back to the terminal.", "", ""},
		{"not taken", "state=right&code=c0de", errors.New("DocuSign says no"), 400, "DocuSign says no", "DocuSign says no", ""},
		{"denied", "state=right&error=access_denied&error_message=The+user+did+not+consent", nil, 400, "access was declined", "access_denied", "allow access"},
		{"denied without a state", "error=access_denied", nil, 400, "access was declined", "access_denied", ""},
		{"another error", "state=right&error=server_error&error_description=%3Cscript%3E%1b[2J", nil, 400, "server_error: &lt;script&gt;?[2J", "server_error: <script>?[2J", "integration key"},
		{"no code", "state=right", nil, 400, "without a code", "without a code", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := listen(t)
			visited := make(chan struct{})
			go func() {
				defer close(visited)
				for _, wrong := range []string{"state=wrong&code=c0de", "code=c0de", "", "state=wrong&error=access_denied"} {
					if status, text := visit(t, c.URI()+"?"+wrong); status != 400 || !strings.Contains(text, "not the login that is waiting") {
						t.Errorf("%q: %d %s", wrong, status, text)
					}
				}
				if status, _ := visit(t, strings.Replace(c.URI(), "callback", "favicon.ico", 1)); status != 404 {
					t.Errorf("another path: %d", status)
				}
				status, text := visit(t, c.URI()+"?"+tt.query)
				if status != tt.status || !strings.Contains(text, tt.page) || strings.Contains(text, "c0de") {
					t.Errorf("%d %s, want %d %q", status, text, tt.status, tt.page)
				}
			}()
			err := c.Wait(t.Context(), "right", time.Minute, func(_ context.Context, code string) ([]string, error) {
				if code != "c0de" {
					t.Errorf("code %q", code)
				}
				return []string{"Ann Ek"}, tt.fails
			})
			<-visited
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("Wait: %v, want %q", err, tt.err)
			}
			if e, ok := errors.AsType[*Error](err); tt.cure != "" && (!ok || !strings.Contains(e.Hint(), tt.cure)) {
				t.Errorf("cure of %v: want %q", err, tt.cure)
			}
		})
	}
}

// TestVisits: a page that is loaded again shows what came of the first, and the code is
// not exchanged again.
func TestVisits(t *testing.T) {
	exchanged := 0
	v := &visits{path: "/callback", state: "right", ctx: t.Context(), done: make(chan error, 1), exchange: func(context.Context, string) ([]string, error) {
		exchanged++
		return []string{"Ann Ek"}, nil
	}}
	for range 3 {
		p := v.visit(url.Values{"state": {"right"}, "code": {"c0de"}})
		if p.Failed || p.Title != "You are signed in" || p.Lines[0] != "Ann Ek" {
			t.Errorf("page %+v", p)
		}
	}
	if exchanged != 1 {
		t.Errorf("exchanged %d times", exchanged)
	}
}

// TestWaitEnds: nobody waits for ever, and a signal ends the waiting.
func TestWaitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // no listener: nobody comes
		c := &Callback{uri: url.URL{Scheme: "http", Host: "localhost:8721", Path: "/callback"}}
		begun := time.Now()
		err := c.Wait(t.Context(), "right", 5*time.Minute, nil)
		e, ok := errors.AsType[*Error](err)
		if !ok || !strings.Contains(e.Text, "nobody has logged in within 5m0s") || !strings.Contains(e.Hint(), "must have the redirect URI http://localhost:8721/callback") || time.Since(begun) != 5*time.Minute {
			t.Errorf("after %v: %v", time.Since(begun), err)
		}
		ctx, stop := context.WithCancelCause(t.Context())
		cause := errors.New("a signal")
		stop(cause)
		if err := c.Wait(ctx, "right", time.Hour, nil); err != cause {
			t.Errorf("a signal: %v", err)
		}
	})
}

// TestListen: the URI says where to wait; a port in use is an error with its cure.
func TestListen(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, host := range []string{"127.0.0.1", "localhost"} {
		_, port, _ := net.SplitHostPort(taken.Addr().String())
		_, err := Listen(t.Context(), "http://"+host+":"+port+"/callback")
		e, ok := errors.AsType[*Error](err)
		if !ok || !strings.Contains(e.Text, "address already in use") || !strings.Contains(e.Hint(), "--redirect-uri") || !strings.Contains(e.Hint(), port) {
			t.Errorf("%s: %v", host, err)
		}
	}
	c := listen(t)
	u, err := url.Parse(c.URI())
	if err != nil || u.Port() == "0" || u.Hostname() != "localhost" || u.Path != "/callback" {
		t.Errorf("URI %s: %v", c.URI(), err)
	}
	for uri, ok := range map[string]bool{
		"http://localhost:8721/callback": true, "http://127.0.0.1:8721": true, "http://[::1]:8721/": true, "http://localhost/cb": true,
		"": false, "localhost:8721": false, "https://localhost:8721/callback": false, "http://example.test:8721/": false,
		"http://ann@localhost:8721/": false, "http://localhost:8721/#x": false, "http://localhost:8721/?x=1": false,
	} {
		if err := CheckRedirectURI(uri); (err == nil) != ok {
			t.Errorf("%q: %v", uri, err)
		}
	}
}

// TestBrowser: the browser gets no secret of ours, and no terminal is taken for one.
func TestBrowser(t *testing.T) {
	env := map[string]string{
		"HOME": "/home/ann", "DOCUSIGN_PRIVATE_KEY": "key", "BATCHSEND_LEDGER": "x", "HTTPS_PROXY": "http://ann:secret@proxy.example.test:3128",
	}
	if got := harmless(env); len(got) != 1 || got[0] != "HOME=/home/ann" {
		t.Errorf("harmless: %q", got)
	}
	for system, want := range map[string]string{"linux": "xdg-open", "freebsd": "xdg-open", "darwin": "open", "windows": "rundll32"} {
		if name, args := browserCommand(system, "http://x"); name != want || args[len(args)-1] != "http://x" {
			t.Errorf("%s: %s %q", system, name, args)
		}
	}
	if runtime.GOOS == "linux" {
		if err := OpenBrowser("http://x", env); err == nil || !strings.Contains(err.Error(), "DISPLAY") {
			t.Errorf("without a desktop: %v", err)
		}
		for text, want := range map[string]bool{"": false, "DBUS_SESSION_BUS_ADDRESS=unix:path=/x": true, "XDG_RUNTIME_DIR=" + t.TempDir(): false} {
			name, value, _ := strings.Cut(text, "=")
			if got := HasKeyring(map[string]string{name: value}); got != want {
				t.Errorf("HasKeyring with %q: %t", text, got)
			}
		}
	}
}
