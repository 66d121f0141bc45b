package access_test

import (
	"context"
	"errors"
	"html"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"batchsend/internal/access"
	"batchsend/internal/docusign"
	"batchsend/internal/sandbox"
	"batchsend/internal/signin"
)

// serve serves a sandbox on this machine.
func serve(t *testing.T, s *sandbox.Server) (auth docusign.AuthServer) {
	t.Helper()
	url, stop, err := s.Start(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	if auth, err = docusign.ParseAuthServer(url); err != nil {
		t.Fatal(err)
	}
	return auth
}

func loginClient(auth docusign.AuthServer) *docusign.Client {
	return &docusign.Client{Auth: auth, IntegrationKey: sandbox.DefaultIntegrationKey, Log: slog.New(slog.DiscardHandler)}
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)

// press opens the consent page, fills in its form as a browser would, presses a button
// and returns the page that the person sees at the end.
func press(address, decision string) (text string, err error) {
	page, err := read(http.Get(address))
	if err != nil {
		return "", err
	}
	if !strings.Contains(page, `<button name="decision" value="`+decision+`">`) {
		return page, errors.New("there is no such button")
	}
	form := url.Values{"decision": {decision}}
	for _, m := range hidden.FindAllStringSubmatch(page, -1) {
		form.Set(html.UnescapeString(m[1]), html.UnescapeString(m[2]))
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	return read(http.PostForm(u.ResolveReference(&url.URL{Path: "/oauth/auth"}).String(), form))
}

func read(resp *http.Response, err error) (string, error) {
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

// logIn has somebody log in and press a button. It returns what they see.
func logIn(t *testing.T, l access.LogIn, decision string) (done access.LoggedIn, seen string, err error) {
	t.Helper()
	l.RedirectURI, l.Wait, l.Server = "http://localhost:0/callback", time.Minute, l.Client.Auth.URL("")
	pressed := make(chan struct{})
	l.Open = func(address string) {
		go func() {
			defer close(pressed)
			text, err := press(address, decision)
			if err != nil {
				t.Errorf("the browser: %v\n%s", err, text)
			}
			seen = text
		}()
	}
	done, err = l.Run(t.Context())
	<-pressed
	return done, seen, err
}

// TestLogIn: who has logged in is signed in by all runs at that server with that
// integration key, and by no others.
func TestLogIn(t *testing.T) {
	t.Parallel()
	s := &sandbox.Server{}
	auth := serve(t, s)
	store := &signin.Store{Dir: filepath.Join(t.TempDir(), "logins")}
	done, seen, err := logIn(t, access.LogIn{Client: loginClient(auth), Store: store}, "allow")
	if err != nil || done.Login.UserID != sandbox.DefaultUserID || !strings.Contains(seen, "You can close this window") || !strings.Contains(seen, html.EscapeString(done.Who())) {
		t.Fatalf("%v, %v; the browser shows\n%s", done, err, seen)
	}
	var text strings.Builder
	if err := done.Write(&text, "batchsend doctor"); err != nil || !strings.Contains(text.String(), done.Who()) || !strings.Contains(text.String(), store.Dir) {
		t.Errorf("told: %s, %v", &text, err)
	}

	run := func() error {
		client := loginClient(auth)
		if found, err := access.UseLogin(client, &signin.Store{Dir: store.Dir}, auth.URL("")); err != nil || found == nil {
			return errors.Join(errors.New("no login"), err)
		}
		_, err := client.Connect(context.Background())
		return err
	}
	var all sync.WaitGroup
	for range 6 { // at once
		all.Go(func() {
			if err := run(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()

	for _, other := range []docusign.AuthServer{docusign.Demo, docusign.Production} {
		if found, err := access.UseLogin(loginClient(other), store, other.URL("")); found != nil || err != nil {
			t.Errorf("at %v: %v, %v", other, found, err)
		}
	}
	another := loginClient(auth)
	another.UserID = "11111111-0000-4000-8000-000000000000"
	if _, err := access.UseLogin(another, store, auth.URL("")); err == nil || !strings.Contains(err.Error(), "the user ID to send as is 1111") {
		t.Errorf("as another user: %v", err)
	}

	if err := s.RevokeLogins(); err != nil {
		t.Fatal(err)
	}
	err = run()
	if e, ok := errors.AsType[*docusign.AuthError](err); !ok || e.Reason != docusign.LoginEnded || !strings.Contains(e.Hint(), "`batchsend login`") {
		t.Errorf("revoked: %v", err)
	}
}

// TestLogInFails: what goes wrong is said in the browser and here, and nothing is kept.
func TestLogInFails(t *testing.T) {
	t.Parallel()
	auth := serve(t, &sandbox.Server{})
	barred := serve(t, &sandbox.Server{NoAccounts: true})
	for name, tt := range map[string]struct {
		client   func() *docusign.Client
		decision string
		says     string
	}{
		"declined":   {func() *docusign.Client { return loginClient(auth) }, "deny", "access was declined"},
		"no account": {func() *docusign.Client { return loginClient(barred) }, "allow", "the user belongs to no account"},
		"another user": {func() *docusign.Client {
			c := loginClient(auth)
			c.UserID = "11111111-0000-4000-8000-000000000000"
			return c
		}, "allow", "the user ID to send as is 1111"},
		"no such account": {func() *docusign.Client {
			c := loginClient(auth)
			c.Account = "22222222-0000-4000-8000-000000000000"
			return c
		}, "allow", "is not one of the user"},
	} {
		store := &signin.Store{Dir: filepath.Join(t.TempDir(), "logins")}
		client := tt.client()
		_, seen, err := logIn(t, access.LogIn{Client: client, Store: store}, tt.decision)
		if err == nil || !strings.Contains(err.Error(), tt.says) || !strings.Contains(seen, "Not signed in") || !strings.Contains(seen, tt.says) {
			t.Errorf("%s: %v; the browser shows\n%s", name, err, seen)
		}
		if found, err := store.Find(client.Auth.URL(""), client.IntegrationKey); found != nil || err != nil {
			t.Errorf("%s: kept %v, %v", name, found, err)
		}
	}
}

// TestNoSecretLeaves: neither codes nor tokens stand in what the operator and the log
// are told.
func TestNoSecretLeaves(t *testing.T) {
	t.Parallel()
	secrets := map[string]bool{}
	value := regexp.MustCompile(`(?:code|code_verifier|refresh_token|access_token)(?:=|":")([^&"]+)`)
	var mu sync.Mutex
	s := &sandbox.Server{OnRequest: func(x sandbox.Exchange) {
		mu.Lock()
		defer mu.Unlock()
		for _, text := range []string{string(x.RequestBody), string(x.Body), x.Header.Get("Location")} {
			for _, m := range value.FindAllStringSubmatch(text, -1) {
				secrets[m[1]] = true
			}
		}
	}}
	var told strings.Builder
	client := loginClient(serve(t, s))
	client.Log = slog.New(slog.NewTextHandler(&told, &slog.HandlerOptions{Level: slog.LevelDebug}))
	store := &signin.Store{Dir: filepath.Join(t.TempDir(), "logins")}
	for range 2 {
		done, seen, err := logIn(t, access.LogIn{Client: client, Store: store}, "allow")
		told.WriteString(seen)
		if err != nil {
			t.Fatal(err)
		}
		if err := done.Write(&told, "batchsend doctor"); err != nil {
			t.Fatal(err)
		}
		stored, err := access.UseLogin(client, store, client.Auth.URL(""))
		if err != nil {
			t.Fatal(err)
		}
		told.WriteString(stored.String())
		_, err = client.Connect(t.Context())
		if err := errors.Join(err, s.RevokeLogins()); err != nil {
			t.Fatal(err)
		}
		s.ExpireTokens()
		_, err = client.AccountInfo(t.Context())
		told.WriteString(err.Error())
		client.Refresh = nil
	}
	mu.Lock()
	defer mu.Unlock()
	if len(secrets) < 8 || !strings.Contains(told.String(), "has ended") {
		t.Fatalf("only %d secrets were seen, told:\n%s", len(secrets), &told)
	}
	for _, secret := range slices.Collect(maps.Keys(secrets)) {
		if strings.Contains(told.String(), secret) {
			t.Errorf("told of %s:\n%s", secret, &told)
		}
	}
}
