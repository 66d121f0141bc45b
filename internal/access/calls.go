package access

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"batchsend/internal/docusign"
	"batchsend/internal/ledger"
)

// keptCalls is how many of a run's calls are remembered. Go-Live asks for the last 20 of
// an application.
const keptCalls = 50

// recordTimeout is how long recording them may take when a run ends.
const recordTimeout = 5 * time.Second

// callLog counts the calls to the REST API, and remembers the last of them.
type callLog struct {
	base    http.RoundTripper
	refused atomic.Int64 // because a limit was reached

	mu    sync.Mutex
	calls [keptCalls]ledger.Call
	next  int // how many calls there were
}

// RoundTrip implements [http.RoundTripper].
func (l *callLog) RoundTrip(req *http.Request) (*http.Response, error) {
	_, path, rest := strings.Cut(req.URL.Path, "/restapi/v2.1")
	if !rest {
		return l.base.RoundTrip(req)
	}
	call := ledger.Call{At: time.Now().UTC(), Method: req.Method, Path: belowAccount(path)}
	resp, err := l.base.RoundTrip(req)
	if err == nil {
		call.Status = resp.StatusCode
	}
	l.mu.Lock()
	l.calls[l.next%keptCalls] = call
	l.next++
	l.mu.Unlock()
	return resp, err
}

// belowAccount is a path of the API without its account.
func belowAccount(path string) string {
	if rest, ok := strings.CutPrefix(path, "/accounts/"); ok {
		_, below, _ := strings.Cut(rest, "/")
		return "/" + below
	}
	return path
}

// Calls returns how many calls have left through this connection so far, and how many
// of them DocuSign refused because a limit was reached.
func (c *Connection) Calls() (made, refused int) {
	c.calls.mu.Lock()
	defer c.calls.mu.Unlock()
	return c.calls.next, int(c.calls.refused.Load())
}

// last returns the calls that are remembered, the oldest first.
func (l *callLog) last() []ledger.Call {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := min(l.next, keptCalls)
	out := make([]ledger.Call, 0, n)
	for i := l.next - n; i < l.next; i++ {
		out = append(out, l.calls[i%keptCalls])
	}
	return out
}

// Application names who makes a client's calls, as Go-Live sees it: the integration key in
// its environment.
func Application(c *docusign.Client) string {
	return c.Auth.Host() + " " + strings.ToLower(c.IntegrationKey)
}

// recordCalls writes the run's last calls into the ledger, in one transaction. Without
// them nothing is lost but the tally for Go-Live.
func (c *Connection) recordCalls() {
	calls := c.calls.last()
	if len(calls) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), recordTimeout)
	defer cancel()
	if err := c.Ledger.RecordCalls(ctx, Application(c.Client), calls); err != nil {
		c.Client.Log.Info("the run's calls are not recorded", "error", err)
	}
}
