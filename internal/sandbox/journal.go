package sandbox

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// Exchange is one request and its answer as the client was to see it.
type Exchange struct {
	Time          time.Time // on the Server's clock
	Method        string
	URL           string // absolute
	RequestHeader http.Header
	RequestBody   []byte
	Status        int // 0: no answer reached the client
	Header        http.Header
	Body          []byte // whole, even where the client got half of it
	Fault         string // the fault that struck, as named in ParseFaults; "client-gone" if the client did not wait; "" = none
}

// LogEntry is one request that reached the Server.
type LogEntry struct {
	Time   time.Time `json:"time"`
	Method string    `json:"method"`
	Path   string    `json:"path"`
	Query  string    `json:"query,omitempty"`
	Status int       `json:"status"` // 0: no answer reached the client
	Fault  string    `json:"fault,omitempty"`
}

// journal keeps the requests seen, in memory and in requests.log.
type journal struct {
	mu   sync.Mutex
	log  []LogEntry
	file *os.File
}

func (j *journal) open(dir string) error {
	file, err := os.OpenFile(filepath.Join(dir, "requests.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	j.file = file
	return err
}

func (j *journal) close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	file := j.file
	j.file = nil
	if file == nil {
		return nil
	}
	return file.Close()
}

func (j *journal) entries() []LogEntry {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.log)
}

func (j *journal) add(e LogEntry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.log = append(j.log, e)
	if j.file == nil {
		return
	}
	target := e.Path
	if e.Query != "" {
		target += "?" + e.Query
	}
	line := fmt.Appendf(nil, "%s %s %s %d", e.Time.Format("2006-01-02T15:04:05.000Z"), e.Method, target, e.Status)
	if e.Fault != "" {
		line = append(append(line, ' '), e.Fault...)
	}
	j.file.Write(append(line, '\n')) // a practice log: a full disk shows in the store
}

// note writes a request down, before its answer can be seen.
func (s *Server) note(r *http.Request, a *answer, lost bool) {
	status := a.code()
	if lost {
		status = 0
	}
	now := s.Now()
	if !lost {
		s.logging.add(r, a, now)
	}
	s.journal.add(LogEntry{now, r.Method, r.URL.EscapedPath(), r.URL.RawQuery, status, string(a.hit)})
	if s.OnRequest == nil {
		return
	}
	x := Exchange{
		Time: now, Method: r.Method, URL: s.absolute(r), Fault: string(a.hit),
		RequestHeader: r.Header.Clone(), RequestBody: a.body, Status: status,
	}
	if !lost {
		x.Header, x.Body = a.header.Clone(), bytes.Clone(a.out.Bytes())
	}
	s.OnRequest(x)
}

func (s *Server) absolute(r *http.Request) string {
	url := *r.URL
	url.Host = r.Host
	if url.Scheme == "" {
		url.Scheme = "http"
		if r.TLS != nil {
			url.Scheme = "https"
		}
	}
	return url.String()
}
