package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"batchsend/internal/censor"
	"batchsend/internal/report"
)

// outcome is what a run means for whoever watches that runs happen.
type outcome int

const (
	finished outcome = iota // all is done
	failed                  // a person is needed
	underway                // the next run goes on by itself
)

// goesOn is the exit code of a run that the next one goes on from by itself.
const goesOn = 5

func outcomeOf(exitCode int) outcome {
	switch exitCode {
	case 0:
		return finished
	case goesOn:
		return underway
	}
	return failed
}

// pingLimit is how long one try of a call may take, and pingTries how many there are.
const (
	pingLimit = 5 * time.Second
	pingTries = 2
)

// CheckPing demands what the URL to be called must be, if there is one. Nothing of it is
// in the error: it may be a secret.
func CheckPing(text string) error {
	if text == "" {
		return nil
	}
	_, err := parsePing(text)
	return err
}

func parsePing(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil, u.Host == "":
		return nil, errors.New("it must be a URL such as https://hc-ping.com/...")
	case u.User != nil:
		return nil, errors.New("it must not hold a user or password")
	case u.Scheme == "https", u.Scheme == "http" && local(u.Hostname()):
		return u, nil
	case u.Scheme == "http":
		return nil, errors.New("http is for addresses of this machine only: it must begin with https://")
	}
	return nil, errors.New("it must begin with https://")
}

// local reports whether a host is this machine.
func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// ping is a call of the URL.
type ping struct {
	url       string // with what it tells of at the end of its path
	shown     string // what may be shown of it
	body      string
	program   string
	transport http.RoundTripper
}

// ping returns the call that tells of an event, "" of success. Healthchecks.io has
// defined these ends of a path, and other services have them as well.
func (n *Notifier) ping(event string) ping {
	p := ping{shown: censor.Address(n.Ping), program: n.Program, transport: n.Transport}
	if u, err := parsePing(n.Ping); err == nil { // it was checked
		if event != "" {
			u = u.JoinPath(event)
		}
		p.url = u.String()
	}
	return p
}

// describe is what the service is told of a run: no names, addresses, or batches.
func describe(sum *report.Summary) string {
	return strings.TrimSpace(fmt.Sprintf("exit code %d\n%v", sum.ExitCode, sum.Counts))
}

// call makes the call, and makes it once more if no answer came or the service has
// trouble of its own.
func (p ping) call(ctx context.Context) (err error) {
	for range pingTries {
		var again bool
		if again, err = p.try(ctx); err == nil || !again {
			return err
		}
	}
	return err
}

// try makes the call once. again says whether another try may fare better.
func (p ping) try(ctx context.Context) (again bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, pingLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, strings.NewReader(p.body))
	if err != nil {
		return false, fmt.Errorf("--ping-url %s: it cannot be called", p.shown)
	}
	request.Header.Set("User-Agent", p.program)
	request.Header.Set("Content-Type", "text/plain; charset=utf-8")
	client := http.Client{
		Transport:     p.transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	answer, err := client.Do(request)
	if e, ok := errors.AsType[*url.Error](err); ok { // it would show the URL
		err = e.Err
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return true, fmt.Errorf("--ping-url %s: no answer within %v", p.shown, pingLimit)
	case err != nil:
		return ctx.Err() == nil, fmt.Errorf("--ping-url %s: %w", p.shown, err)
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, 1<<10) // so that the connection can be used again
	if answer.StatusCode/100 != 2 {
		return answer.StatusCode >= 500, fmt.Errorf("--ping-url %s: it answered %d %s", p.shown, answer.StatusCode, http.StatusText(answer.StatusCode))
	}
	return false, nil
}
