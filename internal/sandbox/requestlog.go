package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// diagnosticsPath is below the API's version, not below an account.
const diagnosticsPath = "/diagnostics"

// maxLogged is how many requests DocuSign logs before it stops by itself.
const maxLogged = 50

// requestLog is DocuSign's log of the user's requests. The zero requestLog is off.
type requestLog struct {
	mu      sync.Mutex
	on      bool
	entries []loggedCall
}

// loggedCall is an entry, as the OpenAPI's apiRequestLog.
type loggedCall struct {
	ID          string `json:"requestLogId"`
	Created     string `json:"createdDateTime"`
	Status      string `json:"status"`
	Description string `json:"description"`
	text        string
}

// add logs a REST request, if logging is on. Those that failed authentication, and those
// about the log, are left out.
func (l *requestLog) add(r *http.Request, a *answer, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	about := strings.HasPrefix(r.URL.Path, restRoot+diagnosticsPath)
	if !l.on || !isREST(r) || about || a.code() == http.StatusUnauthorized {
		return
	}
	var b strings.Builder
	target := r.URL.RequestURI()
	fmt.Fprintf(&b, "%s %s\r\nAccept: %s\r\nAuthorization: Bearer [omitted]\r\nUser-Agent: %s\r\n\r\n%s\r\n\r\n", r.Method, target, r.Header.Get("Accept"), r.UserAgent(), a.body)
	fmt.Fprintf(&b, "%d %s\r\n", a.code(), http.StatusText(a.code()))
	for _, name := range []string{"Content-Type", "X-DocuSign-TraceToken", "X-RateLimit-Remaining"} {
		if value := a.header.Get(name); value != "" {
			fmt.Fprintf(&b, "%s: %s\r\n", name, value)
		}
	}
	fmt.Fprintf(&b, "\r\n%s\r\n", a.out.Bytes())
	l.entries = append(l.entries, loggedCall{uuid.NewString(), wireTime(now), "Created", r.Method + " " + target, b.String()})
	l.on = len(l.entries) < maxLogged
}

// loggedIn guards an endpoint that needs a token and no account.
func (s *Server) loggedIn(w http.ResponseWriter, r *http.Request) bool {
	if s.tokens.valid(bearer(r), s.Now()) {
		return true
	}
	writeJSON(w, http.StatusUnauthorized, errorBody{"AUTHORIZATION_INVALID_TOKEN", "The access token provided is expired, revoked or malformed."})
	return false
}

// ofLog serves the log to who is logged in, one request at a time.
func (s *Server) ofLog(serve func(*requestLog, http.ResponseWriter, *http.Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.loggedIn(w, r) {
			return
		}
		l := &s.logging
		l.mu.Lock()
		defer l.mu.Unlock()
		serve(l, w, r)
	}
}

func (l *requestLog) serveLogging(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPut {
		var request struct {
			On text `json:"apiRequestLogging"`
		}
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			writeJSON(w, http.StatusBadRequest, errorBody{"INVALID_REQUEST_BODY", "The request body is missing or improperly formatted."})
			return
		}
		l.on = request.On.yes() && len(l.entries) < maxLogged
	}
	writeJSON(w, http.StatusOK, map[string]string{
		"apiRequestLogging": flag(l.on), "apiRequestLogMaxEntries": strconv.Itoa(maxLogged),
		"apiRequestLogRemainingEntries": strconv.Itoa(maxLogged - len(l.entries)),
	})
}

func (l *requestLog) serveLoggedCalls(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodDelete {
		l.entries = nil
		w.WriteHeader(http.StatusOK)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"apiRequestLogs": append([]loggedCall{}, l.entries...)})
}

func (l *requestLog) serveLoggedCall(w http.ResponseWriter, r *http.Request) {
	for _, e := range l.entries {
		if e.ID == r.PathValue("log") {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			fmt.Fprint(w, e.text)
			return
		}
	}
	writeJSON(w, http.StatusBadRequest, errorBody{"INVALID_REQUEST_PARAMETER", "The request log does not exist."})
}
