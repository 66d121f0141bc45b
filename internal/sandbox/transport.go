package sandbox

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"
)

// Transport reaches the Server in process, whatever host a request names: no
// socket, so it works in synctest bubbles, and no goroutine. A slow or missing
// answer ends with the request's context; dropped and refused connections give
// the errors that a real transport gives.
func (s *Server) Transport() http.RoundTripper { return transport{s} }

type transport struct{ s *Server }

func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		defer req.Body.Close()
	}
	ctx := req.Context()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	hit := t.s.strikes(req)
	if hit.fault == faultRefuse {
		return nil, broken("dial", "connect", syscall.ECONNREFUSED)
	}
	w := &memory{header: make(http.Header)}
	finished := w.run(func() { t.s.serve(w, arriving(req), hit) })
	switch {
	case finished:
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case w.status == 0 && hit.fault == faultDrop:
		return nil, broken("read", "read", syscall.ECONNRESET)
	case w.status == 0:
		return nil, io.ErrUnexpectedEOF
	}
	return w.response(req, finished), nil
}

// arriving is the request as a server sees it.
func arriving(req *http.Request) *http.Request {
	in := req.Clone(req.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	if in.Host == "" {
		in.Host = in.URL.Host
	}
	in.RequestURI = in.URL.RequestURI()
	in.RemoteAddr = "192.0.2.1:49152"
	in.Proto, in.ProtoMajor, in.ProtoMinor = "HTTP/1.1", 1, 1
	return in
}

// broken is the error of a connection as package net makes it.
func broken(op, call string, errno syscall.Errno) error {
	return &net.OpError{
		Op: op, Net: "tcp", Err: os.NewSyscallError(call, errno),
		Addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 443},
	}
}

// memory is a connection's server side.
type memory struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *memory) Header() http.Header         { return w.header }
func (w *memory) WriteHeader(status int)      { w.status = status }
func (w *memory) Write(p []byte) (int, error) { return w.body.Write(p) }

// run serves and tells whether the handler finished, rather than aborted.
func (w *memory) run(serve func()) (finished bool) {
	defer func() {
		if v := recover(); v != nil && v != http.ErrAbortHandler {
			panic(v)
		}
	}()
	serve()
	return true
}

func (w *memory) response(req *http.Request, whole bool) *http.Response {
	var body io.Reader = &w.body
	if !whole {
		body = io.MultiReader(body, cutOff{})
	}
	length, err := strconv.ParseInt(w.header.Get("Content-Length"), 10, 64)
	if err != nil {
		length = -1
	}
	return &http.Response{
		Status:     strconv.Itoa(w.status) + " " + http.StatusText(w.status),
		StatusCode: w.status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, Body: io.NopCloser(body), ContentLength: length, Request: req,
	}
}

// cutOff is the end of a body that was promised longer.
type cutOff struct{}

func (cutOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
