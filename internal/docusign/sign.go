package docusign

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// errNoAnswer ends a call that has left and is not answered.
var errNoAnswer = fmt.Errorf("no answer within %v: %w", answerTimeout, context.DeadlineExceeded)

// errSameToken says that there is no other token than the refused one.
var errSameToken = errors.New("docusign: no new token")

// signature is what one exchange knows of its token.
type signature struct {
	ctx     context.Context // of the call, without what watches the exchange
	refused *token          // must not be used again; nil: none was refused
	token   *token          // what the request left with
	err     error           // why it did not leave
}

type signatureKey struct{}

// carry returns a context by which the [signer] finds s.
func (s *signature) carry(ctx context.Context) context.Context {
	return context.WithValue(ctx, signatureKey{}, s)
}

// signer gives a request its access token at the moment it leaves. A call may
// have waited most of an hour for its turn before, longer than a token lives.
type signer struct {
	client *Client
	base   http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (s *signer) RoundTrip(req *http.Request) (*http.Response, error) {
	sig := req.Context().Value(signatureKey{}).(*signature)
	t, err := s.client.token(sig.ctx, sig.refused)
	if err == nil && t.is(sig.refused) {
		err = errSameToken
	}
	if err != nil {
		sig.err = err
		if req.Body != nil {
			req.Body.Close() // a RoundTripper must
		}
		return nil, err
	}
	sig.token = t
	// The answer's body is read under this context, so it ends with its parent,
	// the exchange's, and not here.
	ctx, cancel := context.WithCancelCause(req.Context())
	defer time.AfterFunc(answerTimeout, func() { cancel(errNoAnswer) }).Stop()
	signed := req.WithContext(ctx) // a shallow copy: the caller's stays as it is
	signed.Header = req.Header.Clone()
	signed.Header.Set("Authorization", "Bearer "+t.value)
	resp, err := s.base.RoundTrip(signed)
	if err != nil {
		cancel(err)
	}
	return resp, err
}
