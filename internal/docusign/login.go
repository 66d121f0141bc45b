package docusign

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// loginScopes are what a person allows. With extended each refresh token is good for
// [RefreshLife] from the day it was given, not from the first.
const loginScopes = "signature extended"

// RefreshLife is how long a refresh token is good for. DocuSign does not tell it in its
// answers.
const RefreshLife = 30 * 24 * time.Hour

// RefreshToken keeps the refresh token of a person who has logged in, so that runs can
// sign in without them. A refresh token is good once.
type RefreshToken interface {
	// Renew has exchange trade the refresh token for a new one, and keeps the new one.
	// Until that is done nobody else, in this process or another, gets at the token.
	// An error of exchange is returned as it is.
	Renew(ctx context.Context, exchange func(refresh string) (renewed string, err error)) error
}

// NewVerifier returns a secret for [Client.AuthorizeURL] and [Client.LogIn]: DocuSign
// takes a code only from whoever has asked for it (PKCE, RFC 7636).
func NewVerifier() string { return oauth2.GenerateVerifier() }

// AuthorizeURL is the address at which a person logs in and allows the integration key
// to act for them (Authorization Code Grant). DocuSign then sends the browser to
// redirectURI, which must be registered for the key, with the state and a code for
// [Client.LogIn].
func (c *Client) AuthorizeURL(redirectURI, state, verifier string) string {
	config := oauth2.Config{
		ClientID: c.IntegrationKey, RedirectURL: redirectURI, Scopes: strings.Fields(loginScopes),
		Endpoint: oauth2.Endpoint{AuthURL: c.Auth.URL("/oauth/auth")},
	}
	return config.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier))
}

// LogIn signs in with the code that DocuSign has sent to redirectURI, and returns the
// refresh token with which [Client.Refresh] can sign in again. [Client.Connect] comes
// next. Its errors are [*AuthError], or ctx's.
func (c *Client) LogIn(ctx context.Context, code, verifier, redirectURI string) (refresh string, err error) {
	t, refresh, err := c.askToken(ctx, url.Values{
		"grant_type": {"authorization_code"}, "client_id": {c.IntegrationKey},
		"code": {code}, "code_verifier": {verifier}, "redirect_uri": {redirectURI},
	})
	switch {
	case err != nil:
		return "", c.loginError(err, CodeRefused)
	case refresh == "":
		return "", c.authError(&AuthError{Reason: Unreadable, Status: http.StatusOK, Detail: "no refresh token in it"})
	}
	c.tokens.current.Store(t)
	return refresh, nil
}

// renewed fetches a new token with the refresh token of a person who has logged in. Its
// errors are [*AuthError], or ctx's.
func (c *Client) renewed(ctx context.Context) (fresh *token, err error) {
	err = c.Refresh.Renew(ctx, func(refresh string) (string, error) {
		form := url.Values{"grant_type": {"refresh_token"}, "client_id": {c.IntegrationKey}, "refresh_token": {refresh}}
		// Once the request has left, the refresh token may be used up: the answer
		// must be read, whatever happens to ctx.
		t, renewed, err := c.askToken(context.WithoutCancel(ctx), form)
		if err != nil {
			return "", c.loginError(err, LoginEnded)
		}
		fresh = t
		return cmp.Or(renewed, refresh), nil
	})
	switch {
	case err == nil:
		return fresh, nil
	case fresh != nil:
		// This run can go on, and its work matters more than the next one's.
		c.warn(ctx, "the renewed login could not be kept: the next run may need `batchsend login`", slog.Any("error", err))
		return fresh, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	if _, ok := errors.AsType[*AuthError](err); !ok {
		err = c.authError(&AuthError{Reason: LoginUnreadable, Detail: err.Error(), Cause: err})
	}
	return nil, err
}

// loginError translates an error of the OAuth server about a person's login: the words
// of JWT Grant mean other things there. ended is the reason for a grant that is not
// good any more.
func (c *Client) loginError(err error, ended Reason) error {
	e, ok := errors.AsType[*AuthError](err)
	if !ok {
		return err
	}
	said := e.Reason
	switch said {
	case InvalidGrant, ConsentRequired, UserNotFound, InvalidSubject, ExpiredGrant:
		e.Reason = ended
	case UnsupportedGrantType, UnauthorizedClient, NoValidKey, TokenRefused, "invalid_client":
		e.Reason = NotPublic
	default:
		return e
	}
	if e.Detail == "" || e.Detail == string(said) {
		e.Detail = string(said)
	} else {
		e.Detail = fmt.Sprintf("%s: %s", said, e.Detail)
	}
	return e
}
