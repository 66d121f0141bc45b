package docusign

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	jwtGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	scopes   = "signature impersonation"

	authTimeout = 30 * time.Second // for one call to the OAuth server
	maxAuthBody = 1 << 20          // bytes
)

// assertion asks, signed, for a token of the user. It is dated a minute back
// in case our clock is ahead, and names no nbf for the same reason. The
// library's RegisteredClaims would write aud as a list, which DocuSign does not
// read.
func (c *Client) assertion(now time.Time) (string, error) {
	if c.Key == nil {
		return "", errors.New("no private key is given")
	}
	return jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss":   c.IntegrationKey,
		"sub":   c.UserID,
		"aud":   c.Auth.Host(),
		"iat":   now.Add(-time.Minute).Unix(),
		"exp":   now.Add(time.Hour).Unix(),
		"scope": scopes,
	}).SignedString(c.Key)
}

// ConsentURL is the address at which the user allows the integration key to
// act for them, once.
func (c *Client) ConsentURL() string {
	redirect := c.RedirectURI
	if redirect == "" {
		redirect = "https://www.docusign.com"
	}
	return c.Auth.URL("/oauth/auth") + "?response_type=code&scope=" + url.PathEscape(scopes) +
		"&client_id=" + url.QueryEscape(c.IntegrationKey) + "&redirect_uri=" + url.QueryEscape(redirect)
}

// grant fetches a new token. Its errors are [*AuthError], or ctx's.
func (c *Client) grant(ctx context.Context) (*token, error) {
	signed, err := c.assertion(time.Now())
	if err != nil {
		return nil, c.authError(&AuthError{Reason: Unsigned, Detail: "the private key cannot sign: " + err.Error()})
	}
	t, _, err := c.askToken(ctx, url.Values{"grant_type": {jwtGrant}, "assertion": {signed}})
	return t, err
}

// askToken asks the OAuth server for an access token, and returns the refresh token that
// comes with it, "" if none does. Its errors are [*AuthError], or ctx's.
func (c *Client) askToken(ctx context.Context, form url.Values) (t *token, refresh string, err error) {
	now := time.Now()
	var got struct {
		AccessToken  string `json:"access_token"`
		RefreshToken string `json:"refresh_token"`
		ExpiresIn    text   `json:"expires_in"`
	}
	if _, err := c.oauth(ctx, http.MethodPost, "/oauth/token", strings.NewReader(form.Encode()), "", &got); err != nil {
		return nil, "", err
	}
	if got.AccessToken == "" {
		return nil, "", c.authError(&AuthError{Reason: Unreadable, Status: http.StatusOK, Detail: "no token in it"})
	}
	t = newToken(got.AccessToken, now, time.Duration(got.ExpiresIn.int())*time.Second)
	c.debug(ctx, "new access token", slog.String("host", c.Auth.Host()), slog.Time("ends", t.end))
	return t, got.RefreshToken, nil
}

// oauth calls the OAuth server, reads its answer into into, and returns how far
// our clock is ahead of the server's (see [AuthError]).
func (c *Client) oauth(ctx context.Context, method, path string, form io.Reader, bearer string, into any) (skew time.Duration, err error) {
	timed, cancel := context.WithTimeout(ctx, authTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(timed, method, c.Auth.URL(path), form)
	if err != nil {
		return 0, c.authError(&AuthError{Reason: Unreachable, Detail: "its name is no host name", Cause: err})
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Cache-Control", "no-store")
	req.Header.Set("User-Agent", c.userAgent())
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := c.client().Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		return 0, c.authError(&AuthError{Reason: Unreachable, Detail: describeFailure(err), Cause: withoutContextError(withoutURL(err))})
	}
	defer resp.Body.Close()
	now := time.Now()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAuthBody))
	switch {
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case err != nil:
		return 0, c.authError(&AuthError{Reason: Unreachable, Status: resp.StatusCode, Detail: "the answer broke off", Cause: err})
	case resp.StatusCode == http.StatusOK && json.Unmarshal(body, into) == nil:
		return skewOf(resp.Header, now), nil
	}
	return 0, c.authError(refusedGrant(resp.StatusCode, resp.Header, body, now))
}

// refusedGrant reads what the OAuth server says about a failure.
func refusedGrant(status int, h http.Header, body []byte, now time.Time) *AuthError {
	e := &AuthError{Reason: Unreadable, Status: status, Skew: skewOf(h, now)}
	var said struct {
		Error       text `json:"error"`
		Description text `json:"error_description"`
	}
	readable := json.Unmarshal(body, &said) == nil && said.Error != ""
	code, description := Reason(strings.ToLower(string(said.Error))), Reason(strings.ToLower(string(said.Description)))
	e.Detail = short(string(said.Error.or(said.Description)))
	switch {
	case status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout:
		e.Reason = Unavailable
		e.After, _ = retryAfter(h, now)
	case code == "usernotfound" || description == "usernotfound":
		e.Reason = NoAccount
	case code == InvalidGrant && known[description]:
		e.Reason = description
	case known[code]:
		e.Reason, e.Detail = code, short(string(said.Description))
	case status == http.StatusUnauthorized:
		e.Reason = TokenRefused
	case readable:
		e.Reason, e.Detail = code, short(string(said.Description))
	}
	return e
}

// skewOf is how far our clock is ahead of the server's, 0 if the answer does
// not tell. The header counts whole seconds, and so does the difference.
func skewOf(h http.Header, now time.Time) time.Duration {
	return now.Truncate(time.Second).Sub(dated(h, now.Truncate(time.Second)))
}

// known are the reasons that an OAuth server gives.
var known = map[Reason]bool{
	ConsentRequired: true, UserNotFound: true, InvalidSubject: true, IssuerNotFound: true, NoValidKey: true,
	ExpiredGrant: true, UnsupportedGrantType: true, UnauthorizedClient: true, InternalServerError: true, InvalidGrant: true,
}

// authError adds to e whom it is about.
func (c *Client) authError(e *AuthError) *AuthError {
	e.Server, e.IntegrationKey, e.UserID = c.Auth, c.IntegrationKey, c.UserID
	if e.Reason == ConsentRequired {
		e.ConsentURL = c.ConsentURL()
	}
	return e
}
