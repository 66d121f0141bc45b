package docusign

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// socketClient calls the REST API at base over real sockets. It is signed in.
func socketClient(t *testing.T, base string, rt *http.Transport) *Client {
	t.Helper()
	t.Cleanup(rt.CloseIdleConnections)
	c := &Client{Transport: rt}
	c.tokens.current.Store(newToken("t", time.Now(), time.Hour))
	c.login.Store(&Login{AccountID: "a", BaseURI: base})
	return c
}

func kindOf(t *testing.T, err error) Kind {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("error %v, want an *Error", err)
	}
	return e.Kind
}

// raw is a server that does to each connection whatever serve does, and counts
// the bytes that came.
func raw(t *testing.T, serve func(n int, conn *net.TCPConn)) (base string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := 0; ; n++ {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				serve(n, conn.(*net.TCPConn))
			})
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return "http://" + l.Addr().String()
}

var created = guids("HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 53\r\n\r\n{\"envelopeId\":\"e1\"}")

func readRequest(conn net.Conn) bool {
	req, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, req.Body)
	return err == nil
}

func TestRefusedAtTheDoor(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base := "http://" + l.Addr().String()
	l.Close()
	c := socketClient(t, base, NewTransport(2))
	_, err = c.Send(t.Context(), offer(), nil)
	if kindOf(t, err) != Down || !strings.Contains(err.Error(), "refused") || !strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("Send = %v, want down: refused, with the host", err)
	}
}

func TestNoSuchHost(t *testing.T) {
	rt := NewTransport(2)
	rt.DialContext = (&net.Dialer{Resolver: &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no DNS here")
	}}}).DialContext
	c := socketClient(t, "https://demo.docusign.net", rt)
	if _, err := c.Send(t.Context(), offer(), nil); kindOf(t, err) != Down {
		t.Errorf("Send = %v, want down", err)
	}
}

func TestHandshakeFails(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	c := socketClient(t, server.URL, NewTransport(2)) // which does not know the certificate
	_, err := c.Send(t.Context(), offer(), nil)
	if kindOf(t, err) != Down || !strings.Contains(err.Error(), "authority unknown here") {
		t.Errorf("Send = %v, want down: certificate", err)
	}
}

func TestProxyRefuses(t *testing.T) {
	base := raw(t, func(_ int, conn *net.TCPConn) {
		readRequest(conn)
		io.WriteString(conn, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
	})
	rt := NewTransport(2)
	rt.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(base) }
	c := socketClient(t, "https://demo.docusign.net", rt)
	if _, err := c.Send(t.Context(), offer(), nil); kindOf(t, err) != Down {
		t.Errorf("Send = %v, want down: the proxy did not let it through", err)
	}
}

func TestResetAfterReading(t *testing.T) {
	base := raw(t, func(_ int, conn *net.TCPConn) {
		readRequest(conn)
		conn.SetLinger(0) // a reset, not an end
	})
	c := socketClient(t, base, NewTransport(2))
	if _, err := c.Send(t.Context(), offer(), nil); kindOf(t, err) != Unknown {
		t.Errorf("Send = %v, want unknown", err)
	}
}

// TestResetBeforeReading is doubtful too: what was written may have arrived.
func TestResetBeforeReading(t *testing.T) {
	base := raw(t, func(_ int, conn *net.TCPConn) { conn.SetLinger(0) })
	c := socketClient(t, base, NewTransport(2))
	_, err := c.Send(t.Context(), offer(), nil)
	if k := kindOf(t, err); k != Unknown && k != Down {
		t.Errorf("Send = %v, want unknown, or down if the connection was dead before a byte was written", err)
	}
}

func TestHalfAnAnswer(t *testing.T) {
	base := raw(t, func(_ int, conn *net.TCPConn) {
		readRequest(conn)
		io.WriteString(conn, created[:len(created)-5])
	})
	c := socketClient(t, base, NewTransport(2))
	if _, err := c.Send(t.Context(), offer(), nil); kindOf(t, err) != Unknown {
		t.Errorf("Send = %v, want unknown", err)
	}
}

func TestNoAnswerInTime(t *testing.T) {
	hold := make(chan struct{})
	base := raw(t, func(_ int, conn *net.TCPConn) {
		readRequest(conn)
		<-hold
	})
	rt := NewTransport(2)
	rt.ResponseHeaderTimeout = 50 * time.Millisecond
	c := socketClient(t, base, rt)
	_, err := c.Send(t.Context(), offer(), nil)
	close(hold)
	if kindOf(t, err) != Unknown || !strings.Contains(err.Error(), "in time") {
		t.Errorf("Send = %v, want unknown: no answer in time", err)
	}
}

// TestPostIsSentOnce closes connections in all ways that could tempt net/http
// to send a request again, and counts arrivals.
func TestPostIsSentOnce(t *testing.T) {
	var arrived atomic.Int32
	base := raw(t, func(_ int, conn *net.TCPConn) {
		// The first request is answered, so that the connection is kept; the
		// second is read and the connection closed, as a gateway does whose
		// patience ends just then.
		if readRequest(conn) {
			arrived.Add(1)
			io.WriteString(conn, created)
		}
		if readRequest(conn) {
			arrived.Add(1)
		}
	})
	c := socketClient(t, base, NewTransport(2))
	for i := range 20 {
		if _, err := c.Send(t.Context(), offer(), nil); err != nil {
			t.Fatal(err)
		}
		_, err := c.Send(t.Context(), offer(), nil)
		if kindOf(t, err) != Unknown {
			t.Errorf("Send = %v, want unknown", err)
		}
		if got, want := arrived.Load(), int32(2*i+2); got != want {
			t.Fatalf("%d requests arrived, want %d", got, want)
		}
	}
}

// TestDeadConnection has the server close kept connections: a POST either
// finds that out before it is written (down) or may have arrived (unknown), and
// no POST arrives that was not sent.
func TestDeadConnection(t *testing.T) {
	var arrived atomic.Int32
	base := raw(t, func(_ int, conn *net.TCPConn) {
		if readRequest(conn) {
			arrived.Add(1)
			io.WriteString(conn, created)
		}
	})
	c := socketClient(t, base, NewTransport(2))
	sent := int32(0)
	for range 200 {
		_, err := c.Send(t.Context(), offer(), nil)
		if err == nil {
			sent++
			continue
		}
		if k := kindOf(t, err); k != Unknown && k != Down {
			t.Errorf("Send = %v, want down or unknown", err)
		}
	}
	if got := arrived.Load(); got != sent {
		t.Errorf("%d requests arrived, %d were answered", got, sent)
	}
}

func TestNoKeyForReplays(t *testing.T) {
	f := always(201, guids(`{"envelopeId":"e1"}`))
	c := connected(t, f)
	if _, err := c.Send(t.Context(), offer(), nil); err != nil {
		t.Fatal(err)
	}
	r := f.asked[0]
	if r.GetBody != nil {
		t.Error("a POST has GetBody: net/http may send it again")
	}
	for name := range r.Header {
		if strings.Contains(strings.ToLower(name), "idempotency") {
			t.Errorf("header %s: net/http sends such requests again", name)
		}
	}
	if ua := r.Header.Get("User-Agent"); ua != "batchsend" || r.Header.Get("Authorization") != "Bearer t" {
		t.Errorf("User-Agent %q, Authorization %q", ua, r.Header.Get("Authorization"))
	}
}

// TestHTTP2 sends over one shared connection that the server then abandons.
func TestHTTP2(t *testing.T) {
	var arrived atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("%s, want HTTP/2", r.Proto)
		}
		io.Copy(io.Discard, r.Body)
		if arrived.Add(1) > 1 {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(http.StatusCreated)
		io.WriteString(w, guids(`{"envelopeId":"e1"}`))
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	rt := NewTransport(2)
	rt.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig
	c := socketClient(t, server.URL, rt)
	if _, err := c.Send(t.Context(), offer(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Send(t.Context(), offer(), nil); kindOf(t, err) != Unknown {
		t.Errorf("Send = %v, want unknown", err)
	}
	if arrived.Load() != 2 {
		t.Errorf("%d requests arrived, want 2", arrived.Load())
	}
}

// TestMissingConnection pins when it is certain that nothing left: a mistake here
// sends an envelope twice.
func TestMissingConnection(t *testing.T) {
	dial := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	read := &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	for _, c := range []struct {
		name             string
		requested, found bool
		err              error
		want             bool
	}{
		{"dialling failed, nobody watched", false, false, &url.Error{Op: "Post", Err: dial}, true},
		{"reset, nobody watched", false, false, read, false},
		{"cancelled, nobody watched", false, false, context.Canceled, false},
		{"no connection found", true, false, errors.New("tls: handshake failure"), true},
		{"cancelled while connecting", true, false, context.Canceled, true},
		{"closed at once", true, true, io.EOF, false},
		{"found, and then another was dialled in vain", true, true, dial, false},
	} {
		var conn connection
		conn.requested.Store(c.requested)
		conn.found.Store(c.found)
		if got := conn.missing(c.err); got != c.want {
			t.Errorf("%s: missing(%v) = %t, want %t", c.name, c.err, got, c.want)
		}
	}
}

// TestSecretsStayInside looks for the token, the assertion, the key and people
// in whatever a client logs and in its errors.
func TestSecretsStayInside(t *testing.T) {
	var log bytes.Buffer
	for _, f := range []*fake{
		always(201, guids(`{"envelopeId":"e1"}`)),
		always(400, `{"token":"secret-token","name":"Ann Ek"}`),
		always(502, "<html>Bearer secret-token ann@example.test</html>"),
		{answer: func(_ int, r *http.Request) (*http.Response, error) {
			if !strings.HasPrefix(r.URL.Path, "/restapi/") {
				return nil, nil
			}
			return nil, syscall.ECONNRESET
		}},
	} {
		rest := f.answer
		var assertion string
		f.answer = func(n int, r *http.Request) (*http.Response, error) {
			if r.URL.Path != "/oauth/token" {
				return rest(n, r)
			}
			r.ParseForm()
			assertion = r.PostForm.Get("assertion")
			return reply(200, `{"access_token":"secret-token","expires_in":3600}`), nil
		}
		c := over(f)
		c.Log = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		if _, err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Send(t.Context(), offer(), nil); err != nil {
			fmt.Fprintf(&log, "%v %+v %s", err, err, err.(*Error).Hint())
		}
		for _, secret := range []string{"secret-token", assertion, "ann@example.test", "Ann Ek", testKey().D.String()} {
			if strings.Contains(log.String(), secret) {
				t.Errorf("%.20q shows in:\n%s", secret, log.String())
			}
		}
	}
	if !strings.Contains(log.String(), `"op":"send envelope"`) {
		t.Errorf("the log says nothing of the call:\n%s", log.String())
	}
}

// TestOwnTimeouts: a call that ran into a time-out of ours, or of the network's,
// does not look as if the caller's context had ended.
func TestOwnTimeouts(t *testing.T) {
	f := always(200, "{}")
	ok, late := f.answer, false
	f.answer = func(n int, r *http.Request) (*http.Response, error) {
		if late || strings.HasPrefix(r.URL.Path, "/restapi/") {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: context.DeadlineExceeded}
		}
		return ok(n, r)
	}
	_, err := connected(t, f).AccountInfo(t.Context())
	if e, ok := errors.AsType[*Error](err); !ok || e.Kind != Down || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		t.Errorf("AccountInfo = %v", err)
	}
	late = true
	_, err = over(f).Connect(t.Context())
	if e, ok := errors.AsType[*AuthError](err); !ok || e.Reason != Unreachable || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Connect = %v", err)
	}
}
