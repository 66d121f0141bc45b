package apispec

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// faults collects what a wrapper reports.
type faults struct {
	mu    sync.Mutex
	lines []string
}

func (f *faults) report(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lines = append(f.lines, err.Error())
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

var bothWrong = []string{
	"POST " + template + `: request: unknown property "x" of letter`,
	"POST " + template + ": answer 201: /pages: string, want integer",
}

func answer201(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, `{"pages":"1"}`)
}

func TestTransport(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b, _ := io.ReadAll(r.Body); string(b) != `{"x":1}` {
			t.Errorf("server got %q", b)
		}
		answer201(w, r)
	}))
	defer server.Close()
	for _, test := range []struct {
		name string
		body io.Reader
	}{
		{"body that can be had again", strings.NewReader(`{"x":1}`)},
		{"body that cannot", io.MultiReader(strings.NewReader(`{"x":1}`))},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got faults
			j := small(t)
			client := http.Client{Transport: j.Transport(nil, got.report)}
			res, err := client.Post(server.URL+letters, "application/json", test.body)
			if err != nil {
				t.Fatal(err)
			}
			if b, err := io.ReadAll(res.Body); string(b) != `{"pages":"1"}` || err != nil {
				t.Errorf("client got %q, %v", b, err)
			}
			if diff := gocmp.Diff(bothWrong, got.lines); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
			if diff := gocmp.Diff(Totals{Requests: 1, Answers: 1, Faults: 2, Lines: bothWrong}, j.Totals()); diff != "" {
				t.Errorf("totals (-want +got):\n%s", diff)
			}
		})
	}
}

// An answer that breaks off is no fault of its author, and the client must see
// it break off as it would without a judge.
func TestTransportBrokenAnswer(t *testing.T) {
	broken := errors.New("connection reset")
	j := small(t)
	var got faults
	client := http.Client{Transport: j.Transport(roundTripper(func(*http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: 200, Header: jsonType, ContentLength: -1,
			Body: io.NopCloser(io.MultiReader(strings.NewReader(`{"sub`), failing{broken})),
		}, nil
	}), got.report)}
	res, err := client.Get("https://x.example.test" + letters + "/1")
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(res.Body); string(b) != `{"sub` || !errors.Is(err, broken) {
		t.Errorf("client got %q, %v; want the beginning and %v", b, err, broken)
	}
	if diff := gocmp.Diff(Totals{Requests: 1, Skipped: 1}, j.Totals()); diff != "" {
		t.Errorf("totals (-want +got):\n%s", diff)
	}
}

func TestTransportNoAnswer(t *testing.T) {
	broken := errors.New("connection refused")
	j := small(t)
	rt := j.Transport(roundTripper(func(*http.Request) (*http.Response, error) { return nil, broken }), nil)
	req := httptest.NewRequest("POST", letters, strings.NewReader(`{"x":1}`))
	if _, err := rt.RoundTrip(req); !errors.Is(err, broken) {
		t.Errorf("RoundTrip = %v, want %v", err, broken)
	}
	if got := j.Totals(); got.Requests != 1 || got.Answers != 0 || got.Skipped != 0 {
		t.Errorf("totals = %+v, want one request", got)
	}
}

// The judge waits for an answer in virtual time, and starts nothing that would
// outlive the bubble.
func TestTransportInBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := small(t)
		slow := roundTripper(func(r *http.Request) (*http.Response, error) {
			select {
			case <-time.After(time.Hour):
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
			return &http.Response{StatusCode: 200, Header: jsonType, Body: io.NopCloser(strings.NewReader(`{}`))}, nil
		})
		client := http.Client{Transport: j.Transport(slow, func(err error) { t.Error(err) })}
		res, err := client.Get("https://x.example.test" + letters + "/1")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		req, _ := http.NewRequestWithContext(ctx, "GET", "https://x.example.test"+letters+"/1", nil)
		if _, err := client.Do(req); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Do = %v, want %v", err, context.DeadlineExceeded)
		}
		if diff := gocmp.Diff(Totals{Requests: 2, Answers: 1}, j.Totals()); diff != "" {
			t.Errorf("totals (-want +got):\n%s", diff)
		}
	})
}

func TestHandler(t *testing.T) {
	for _, test := range []struct {
		name    string
		handler http.HandlerFunc
		want    Totals
		clean   bool // the client gets a whole answer
	}{
		{"whole", answer201, Totals{Requests: 1, Answers: 1, Faults: 2, Lines: bothWrong}, true},
		{"flushed", func(w http.ResponseWriter, r *http.Request) {
			answer201(w, r)
			w.(http.Flusher).Flush()
		}, Totals{Requests: 1, Answers: 1, Faults: 2, Lines: bothWrong}, true},
		{"gateway's HTML without a type", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadGateway)
			_, _ = io.WriteString(w, "<html>Bad gateway</html>")
		}, Totals{Requests: 1, Skipped: 1, Faults: 1, Lines: bothWrong[:1]}, true},
		{"aborted", func(w http.ResponseWriter, r *http.Request) {
			answer201(w, r)
			panic(http.ErrAbortHandler)
		}, Totals{Requests: 1, Skipped: 1, Faults: 1, Lines: bothWrong[:1]}, false},
		{"shorter than promised", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "500")
			answer201(w, r)
		}, Totals{Requests: 1, Skipped: 1, Faults: 1, Lines: bothWrong[:1]}, false},
		{"hijacked", func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				err = conn.Close()
			}
			if err != nil {
				t.Error(err)
			}
		}, Totals{Requests: 1, Faults: 1, Lines: bothWrong[:1]}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got faults
			j := small(t)
			server := httptest.NewServer(j.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if b, _ := io.ReadAll(r.Body); string(b) != `{"x":1}` {
					t.Errorf("handler got %q", b)
				}
				test.handler(w, r)
			}), got.report))
			res, err := server.Client().Post(server.URL+letters, "application/json", strings.NewReader(`{"x":1}`))
			if err == nil {
				_, err = io.Copy(io.Discard, res.Body)
				res.Body.Close()
			}
			if (err == nil) != test.clean {
				t.Errorf("client: %v", err)
			}
			server.Close() // waits for the handler
			if diff := gocmp.Diff(test.want, j.Totals()); diff != "" {
				t.Errorf("totals (-want +got):\n%s", diff)
			}
			if diff := gocmp.Diff(test.want.Lines, got.lines); diff != "" {
				t.Errorf("reported (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHandlerWithoutServer(t *testing.T) {
	j := small(t)
	rec := httptest.NewRecorder()
	r := &http.Request{Method: "DELETE", URL: httptest.NewRequest("DELETE", letters+"/1", nil).URL}
	j.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), nil).ServeHTTP(rec, r)
	if diff := gocmp.Diff(Totals{Requests: 1, Answers: 1}, j.Totals()); diff != "" {
		t.Errorf("totals (-want +got):\n%s", diff)
	}
}

func TestUnjudgedPathsPassUntouched(t *testing.T) {
	body := io.NopCloser(bytes.NewReader(nil))
	rt := small(t).Transport(roundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: body}, nil
	}), func(err error) { t.Error(err) })
	res, err := rt.RoundTrip(httptest.NewRequest("POST", "https://account.example.test/oauth/token", strings.NewReader("a=b")))
	if err != nil || res.Body != body {
		t.Errorf("RoundTrip = %v, %v; want the answer as it was", res, err)
	}
}
