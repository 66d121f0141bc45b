package signin

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"batchsend/internal/censor"
)

// Callback waits on this machine for the browser that DocuSign sends back. It must be
// closed.
type Callback struct {
	uri       url.URL
	listeners []net.Listener
}

// CheckRedirectURI finds mistakes in a redirect URI at which this program is to wait for
// the browser.
func CheckRedirectURI(uri string) error {
	u, err := url.Parse(uri)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.RawQuery != "":
		return errors.New("it must be an address such as http://localhost:8721/callback")
	case u.Scheme != "http" || !loopback(u.Hostname()):
		return errors.New("the browser must come back to this machine: it must begin with http://localhost: or http://127.0.0.1: and a port")
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// Listen begins to wait at a redirect URI. Port 0 takes a free one.
func Listen(ctx context.Context, uri string) (*Callback, error) {
	if err := CheckRedirectURI(uri); err != nil {
		return nil, err
	}
	u, err := url.Parse(uri)
	if err != nil {
		return nil, err
	}
	c := &Callback{uri: *u}
	port := u.Port()
	if port == "" {
		port = "80"
	}
	hosts := []string{u.Hostname()}
	if strings.EqualFold(u.Hostname(), "localhost") {
		hosts = []string{"127.0.0.1", "::1"} // browsers take either
	}
	for i, host := range hosts {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, port))
		if err != nil && i > 0 && noSuchAddress(err) {
			break // this machine has no IPv6
		}
		if err != nil {
			c.Close()
			return nil, &Error{
				Text:  fmt.Sprintf("cannot wait for the browser at %s: %v", uri, withoutAddress(err)),
				Cure:  "end the program that uses port " + port + " (another `batchsend login`?), or register a redirect URI with another port, from 1024 on, for the integration key and give it with --redirect-uri",
				Cause: err,
			}
		}
		c.listeners = append(c.listeners, l)
		port = strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	}
	if u.Port() != "" {
		c.uri.Host = net.JoinHostPort(u.Hostname(), port)
	}
	return c, nil
}

// noSuchAddress reports whether a machine does not have the address at all, rather than
// somebody else using it.
func noSuchAddress(err error) bool {
	return errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT) ||
		strings.Contains(err.Error(), "not valid in its context") // Windows
}

func withoutAddress(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	return err
}

// URI returns the redirect URI, with the port that is used.
func (c *Callback) URI() string { return c.uri.String() }

// Close ends the waiting.
func (c *Callback) Close() {
	for _, l := range c.listeners {
		l.Close()
	}
}

// NewState returns a text that nobody can guess: only the browser that was sent to
// DocuSign brings it back.
func NewState() string { return rand.Text() }

// Wait waits until the browser brings a code for the state. It hands the code to
// exchange and shows in the browser what came of it: the lines that exchange returns, or
// its error. Answers with another state are refused, with a page that says so, and do
// not end the waiting. It returns exchange's error, an [*Error] if the person has said no
// or wait is over, or ctx's cause.
func (c *Callback) Wait(ctx context.Context, state string, wait time.Duration, exchange func(ctx context.Context, code string) (lines []string, err error)) error {
	v := &visits{path: c.uri.EscapedPath(), state: state, exchange: exchange, ctx: ctx, done: make(chan error, 1)}
	server := &http.Server{
		Handler: v, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 20 * time.Second, IdleTimeout: 20 * time.Second,
		MaxHeaderBytes: 64 << 10, ErrorLog: log.New(io.Discard, "", 0),
	}
	var serving sync.WaitGroup
	for _, l := range c.listeners {
		serving.Go(func() { _ = server.Serve(l) })
	}
	defer serving.Wait()
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if server.Shutdown(end) != nil { // the last page is on its way
			server.Close()
		}
	}()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case err := <-v.done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		text := fmt.Sprintf("nobody has logged in within %v", wait)
		if v.strange() > 0 {
			text += "; a browser came back from another login, which was refused"
		}
		return &Error{
			Text: text,
			Cure: "run `batchsend login` again and log in; if DocuSign showed an error instead, the integration key must have the redirect URI " + c.URI() + ", to the letter",
		}
	}
}

// visits answers the browser.
type visits struct {
	path, state string
	exchange    func(ctx context.Context, code string) ([]string, error)
	ctx         context.Context // of the one who waits: a browser that leaves ends nothing
	done        chan error

	mu       sync.Mutex
	decided  bool
	page     page // once it is decided
	refusals int
}

// page is what the browser shows.
type page struct {
	Failed bool
	Title  string
	Lines  []string
}

//go:embed page.html
var pageSource string

var pageTemplate = template.Must(template.New("page").Parse(pageSource))

func (v *visits) strange() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.refusals
}

// ServeHTTP implements [http.Handler].
func (v *visits) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.EscapedPath() != v.path && r.URL.EscapedPath() != v.path+"/" {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	p := v.visit(r.URL.Query())
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer") // the address has the code
	h.Set("X-Content-Type-Options", "nosniff")
	if p.Failed {
		w.WriteHeader(http.StatusBadRequest)
	}
	_ = pageTemplate.Execute(w, p) // a browser that is gone sees nothing
}

// visit decides what comes of a visit. Only the first with the right state counts; a
// page that is loaded again shows the same.
func (v *visits) visit(q url.Values) page {
	v.mu.Lock()
	defer v.mu.Unlock()
	right := subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(v.state)) == 1
	refused := q.Get("error")
	switch {
	case !right && (refused == "" || q.Has("state")):
		v.refusals++
		return page{true, "This is not the login that is waiting", []string{
			"The answer belongs to another login, or to none: it was not used, and nobody is signed in by it.",
			"Go on in the tab that batchsend has opened, or run batchsend login again.",
		}}
	case v.decided:
		return v.page
	}
	v.decided = true
	err := v.decide(q, refused)
	if err != nil {
		v.page.Failed, v.page.Title = true, "Not signed in"
		v.page.Lines = append(v.page.Lines, censor.Line(err.Error(), 500), "You can close this window. The terminal says what to do.")
	}
	v.done <- err
	return v.page
}

func (v *visits) decide(q url.Values, refused string) error {
	switch {
	case refused == "access_denied":
		return &Error{
			Text: "access was declined in the browser (access_denied)",
			Cure: "run `batchsend login` again and allow access; who may not decide that themselves needs an administrator of DocuSign",
		}
	case refused != "":
		said := refused
		for _, name := range []string{"error_description", "error_message"} {
			if text := q.Get(name); text != "" {
				said += ": " + text
			}
		}
		return &Error{
			Text: "DocuSign did not let the person log in: " + censor.Line(said, 300),
			Cure: "check the integration key and what it may do on the page Apps and Keys, then run `batchsend login` again",
		}
	case q.Get("code") == "":
		return &Error{Text: "DocuSign sent the browser back without a code", Cure: "run `batchsend login` again"}
	}
	lines, err := v.exchange(v.ctx, q.Get("code"))
	v.page.Title, v.page.Lines = "You are signed in", append(lines, "You can close this window and go back to the terminal.")
	if err != nil {
		v.page.Lines = nil
	}
	return err
}
