package throttle

import (
	"context"
	"net/http"
)

// Transport returns a round tripper that gives every request its place before
// it hands it to base, or to [http.DefaultTransport] if that is nil. read says
// what a response's headers tell; nil reads nothing. A request is under way
// until its response's headers have come; one without a response is lost.
//
// A request whose context ends while it waits is not sent: the error wraps the
// context's error and cause and says by the method Unsent() bool that nothing
// was sent. See [Detach].
//
// Base is kept from sending a request with a body a second time on its own,
// unless its method promises that this changes nothing: such a call would go
// uncounted and, for all that base knows, do its work twice.
func (l *Limiter) Transport(base http.RoundTripper, read func(*http.Response) Reading) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	return &transport{l, base, read}
}

type transport struct {
	limiter *Limiter
	base    http.RoundTripper
	read    func(*http.Response) Reading
}

// RoundTrip implements [http.RoundTripper].
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, stop := attached(req.Context())
	call, err := t.limiter.Acquire(ctx)
	stop()
	if err != nil {
		if req.Body != nil {
			req.Body.Close() // a RoundTripper must
		}
		return nil, err
	}
	resp, err := t.base.RoundTrip(once(req))
	switch {
	case err != nil:
		call.Lost()
		return nil, err
	case t.read == nil:
		call.Done(NoReading)
	default:
		call.Done(t.read(resp))
	}
	return resp, nil
}

// CloseIdleConnections does what [http.Client.CloseIdleConnections] asks of it.
func (t *transport) CloseIdleConnections() {
	if c, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// once returns the request in a form that [http.Transport] does not repeat,
// whatever its headers: it cannot without a second copy of the body.
func once(req *http.Request) *http.Request {
	switch req.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return req
	}
	if req.GetBody == nil {
		return req
	}
	req = req.WithContext(req.Context()) // a shallow copy
	req.GetBody = nil
	return req
}

// detached is the key under which a detached context knows the one it left.
type detached struct{}

// Detach returns a context for a call that must be finished once it has left:
// it does not end with ctx and has no deadline. But while the call still waits
// for its place in a [Limiter.Transport], the end of ctx gives it up. Its
// values are those of ctx.
func Detach(ctx context.Context) context.Context {
	return context.WithValue(context.WithoutCancel(ctx), detached{}, ctx)
}

// attached returns a context that also ends with those that ctx was detached
// from, until stop is called.
func attached(ctx context.Context) (_ context.Context, stop func()) {
	origin, ok := ctx.Value(detached{}).(context.Context)
	if !ok {
		return ctx, func() {}
	}
	origin, stopOrigin := attached(origin)
	ctx, cancel := context.WithCancelCause(ctx)
	end := func() { cancel(context.Cause(origin)) }
	if origin.Err() != nil {
		end() // now, not soon
	}
	stopAfter := context.AfterFunc(origin, end)
	return ctx, func() {
		stopAfter()
		cancel(nil)
		stopOrigin()
	}
}
