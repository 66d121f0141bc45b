package apispec

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
)

// Transport returns base, wrapped so that each request and its answer are
// judged; a nil base is http.DefaultTransport. Each fault is given to report,
// as a [Fault], before RoundTrip returns; a nil report only counts.
//
// To be judged, an answer is read to its end before it is handed on; an error
// in the middle of it comes to the reader where it came before. What is cut
// short is skipped. A request without an answer is judged alone. Paths that are
// [Unjudged] pass untouched.
func (j *Judge) Transport(base http.RoundTripper, report func(error)) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	if j == nil {
		return base
	}
	return &transport{judge: j, base: base, report: report}
}

type transport struct {
	judge  *Judge
	base   http.RoundTripper
	report func(error)
}

func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if Unjudged(req.URL.Path) {
		return t.base.RoundTrip(req)
	}
	method, u := req.Method, *req.URL
	if method == "" {
		method = http.MethodGet
	}
	request := message{header: req.Header.Clone()}
	if req.GetBody != nil {
		if body, err := req.GetBody(); err != nil {
			request.cut = true
		} else {
			request = read(request.header, body)
		}
	} else if req.Body != nil && req.Body != http.NoBody {
		var again io.ReadCloser
		request, again = reread(request.header, req.Body)
		req = req.Clone(req.Context())
		req.Body = again
	}
	res, err := t.base.RoundTrip(req)
	if err != nil {
		tell(t.report, t.judge.exchange(method, &u, request, 0, message{}))
		return res, err
	}
	var answer message
	answer, res.Body = reread(res.Header, res.Body)
	answer.cut = answer.cut || res.ContentLength > int64(len(answer.body))
	tell(t.report, t.judge.exchange(method, &u, request, res.StatusCode, answer))
	return res, nil
}

func tell(report func(error), faults []Fault) {
	if report == nil {
		return
	}
	for _, f := range faults {
		report(f)
	}
}

func read(header http.Header, body io.ReadCloser) message {
	m, again := reread(header, body)
	again.Close()
	return m
}

// reread reads and closes body and returns the message together with a body
// that gives the same bytes and the same error once more.
func reread(header http.Header, body io.ReadCloser) (message, io.ReadCloser) {
	if body == nil {
		body = http.NoBody
	}
	b, err := io.ReadAll(body)
	body.Close()
	if err == nil {
		err = io.EOF
	}
	again := io.NopCloser(io.MultiReader(bytes.NewReader(b), failing{err}))
	return message{header: header, body: b, cut: !errors.Is(err, io.EOF)}, again
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// Handler returns next, wrapped so that each request and its answer are judged.
// Each fault is given to report, as a [Fault]: those of the request before next
// is called, those of the answer when it has returned. A nil report only counts.
// The client may have its answer by then: close the server before the test ends.
//
// What is sent on a hijacked connection is no answer. One that ends in a panic
// or is shorter than its Content-Length is skipped. Paths that are [Unjudged]
// pass untouched.
func (j *Judge) Handler(next http.Handler, report func(error)) http.Handler {
	if j == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if Unjudged(r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		u := *r.URL
		request, again := reread(r.Header, r.Body)
		if !j.answersOnly {
			tell(report, j.exchange(r.Method, &u, request, 0, message{}))
		}
		r = r.WithContext(r.Context()) // a copy: the request is not ours to change
		r.Body = again
		rec := &recorder{ResponseWriter: w}
		returned := false
		defer func() {
			if rec.status == 0 || rec.hijacked {
				return
			}
			answer := rec.answer()
			answer.cut = answer.cut || !returned
			tell(report, j.Answers().exchange(r.Method, &u, message{}, rec.status, answer))
		}()
		next.ServeHTTP(rec, r)
		if returned = true; rec.status == 0 {
			rec.status = http.StatusOK
		}
	})
}

// recorder keeps what a handler answers.
type recorder struct {
	http.ResponseWriter
	status   int
	body     bytes.Buffer
	hijacked bool
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= 200 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	r.body.Write(p)
	return r.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach what is not wrapped here.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) Flush() { _ = r.FlushError() }

func (r *recorder) FlushError() error {
	return http.NewResponseController(r.ResponseWriter).Flush()
}

func (r *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(r.ResponseWriter).Hijack()
	r.hijacked = r.hijacked || err == nil
	return conn, rw, err
}

// answer returns what the client gets, with the Content-Type that net/http
// guesses where the handler named none.
func (r *recorder) answer() message {
	m := message{header: r.Header().Clone(), body: r.body.Bytes()}
	if m.header.Get("Content-Type") == "" && len(m.body) > 0 {
		m.header.Set("Content-Type", http.DetectContentType(m.body))
	}
	if n, err := strconv.Atoi(m.header.Get("Content-Length")); err == nil && n > len(m.body) {
		m.cut = true
	}
	return m
}
