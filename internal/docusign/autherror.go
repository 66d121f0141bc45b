package docusign

import (
	"errors"
	"fmt"
	"time"
)

// Reason is why nobody could be signed in. Its text is stable.
type Reason string

// The reasons. The first group is spelt as the OAuth server spells them.
const (
	ConsentRequired      Reason = "consent_required"
	UserNotFound         Reason = "user_not_found"
	InvalidSubject       Reason = "invalid_subject"
	IssuerNotFound       Reason = "issuer_not_found"
	NoValidKey           Reason = "no_valid_keys_or_signatures"
	ExpiredGrant         Reason = "expired_grant"
	UnsupportedGrantType Reason = "unsupported_grant_type"
	UnauthorizedClient   Reason = "unauthorized_client"
	InternalServerError  Reason = "internal_server_error"
	InvalidGrant         Reason = "invalid_grant" // and no further word

	Unreachable    Reason = "unreachable"      // no answer came
	Unavailable    Reason = "unavailable"      // the server is out of order, or asked too often
	Unreadable     Reason = "unreadable"       // an answer that OAuth does not know
	Unsigned       Reason = "unsigned"         // our key cannot sign
	TokenRefused   Reason = "token_refused"    // userinfo does not take the token it just gave
	NoAccount      Reason = "no_account"       // the user belongs to no account
	AccountUnknown Reason = "account_unknown"  // not among the user's accounts
	BadBaseURI     Reason = "invalid_base_uri" // of the account, in userinfo

	// Of a person who logs in, or has logged in.
	CodeRefused     Reason = "code_refused"     // DocuSign did not take the code that it had just given
	LoginEnded      Reason = "login_ended"      // the refresh token has expired, was used, or was revoked
	LoginUnreadable Reason = "login_unreadable" // it cannot be read where it is kept
	NotPublic       Reason = "not_public"       // the key may not be used without a secret
)

// AuthError says why nobody could be signed in.
type AuthError struct {
	Reason         Reason
	Server         AuthServer
	IntegrationKey string
	UserID         string
	Status         int    // of the answer, 0 if none came
	Detail         string // what is particular to this case
	ConsentURL     string // set if Reason is ConsentRequired
	// Skew is how far this machine's clock is ahead of the server's, or behind
	// if negative. It is exact to a second, and 0 if the server did not tell.
	Skew  time.Duration
	After time.Duration // how long the server asks to wait, 0 if it does not say
	Cause error
}

// suspicious is a skew that may spoil assertions, which are dated a minute back.
const suspicious = time.Minute

// clockWrong reports whether the clock may be what is wrong.
func (e *AuthError) clockWrong() bool {
	switch e.Reason {
	case NoValidKey, ExpiredGrant, InvalidGrant:
		return e.Skew.Abs() >= suspicious
	}
	return false
}

// Temporary reports whether the same attempt may succeed later.
func (e *AuthError) Temporary() bool {
	return e.Reason == Unreachable || e.Reason == Unavailable || e.Reason == Unreadable
}

// RetryAfter reports whether the server asks to be tried again. A server that
// cannot be reached is not one: who waits for it should be told why.
func (e *AuthError) RetryAfter() (time.Duration, bool) { return e.After, e.Reason == Unavailable }

// Unwrap returns the cause, if there is one.
func (e *AuthError) Unwrap() error { return e.Cause }

func (e *AuthError) Error() string {
	text := "sign in at " + e.Server.Host() + ": " + e.what() + e.said()
	if e.clockWrong() {
		text += "; " + e.clock()
	}
	return text
}

// said repeats DocuSign's own word for the reason, which can be searched for.
// Where the server's answer is shown as it is the word stands there.
func (e *AuthError) said() string {
	switch {
	case e.Reason == NoAccount && e.Detail != "":
		return fmt.Sprintf(" (%s)", e.Detail)
	case e.Reason == InvalidGrant || !known[e.Reason]:
		return ""
	case e.Detail == "" || e.Detail == string(InvalidGrant):
		return fmt.Sprintf(" (%s)", e.Reason)
	}
	return fmt.Sprintf(" (%s: %s)", e.Reason, e.Detail)
}

// clock says how wrong this machine's clock is.
func (e *AuthError) clock() string {
	direction := "ahead of"
	if e.Skew < 0 {
		direction = "behind"
	}
	return fmt.Sprintf("this machine's clock is %v %s DocuSign's", e.Skew.Abs().Round(time.Second), direction)
}

// what names the failure.
func (e *AuthError) what() string {
	switch e.Reason {
	case ConsentRequired:
		return fmt.Sprintf("user %q has not yet allowed integration key %q to act for them", e.UserID, e.IntegrationKey)
	case UserNotFound:
		return fmt.Sprintf("there is no active user %q in this environment", e.UserID)
	case InvalidSubject:
		return fmt.Sprintf("%q is not a user ID", e.UserID)
	case IssuerNotFound:
		return fmt.Sprintf("integration key %q does not exist in this environment", e.IntegrationKey)
	case NoValidKey:
		return fmt.Sprintf("the signature was not accepted as one of integration key %q", e.IntegrationKey)
	case ExpiredGrant:
		return "the request was dated too far back"
	case UnsupportedGrantType:
		return "the server does not offer JWT Grant"
	case UnauthorizedClient:
		return fmt.Sprintf("integration key %q may not use JWT Grant", e.IntegrationKey)
	case InternalServerError:
		return "the server could not read our request"
	case InvalidGrant:
		return "the request was refused (invalid_grant) without a reason that we know" + e.status()
	case CodeRefused:
		return "the login was not accepted" + e.status()
	case LoginEnded:
		return fmt.Sprintf("the login of %s has ended: it was not used for %d days, was taken back, or was used by a copy of it elsewhere%s", e.user(), int(RefreshLife.Hours()/24), e.status())
	case LoginUnreadable:
		return "the login cannot be used: " + e.Detail
	case NotPublic:
		return fmt.Sprintf("integration key %q may not log people in without a secret%s", e.IntegrationKey, e.status())
	case Unreachable:
		return e.Detail
	case Unavailable:
		return "the server cannot answer now" + e.status()
	case TokenRefused:
		return "the token was not accepted" + e.status()
	case NoAccount:
		return e.user() + " belongs to no account"
	case Unsigned, AccountUnknown, BadBaseURI:
		return e.Detail
	case Unreadable:
		return "the answer is not one of an OAuth server" + e.status()
	}
	return string(e.Reason) + e.status()
}

// user names the user, who is not known before somebody has logged in.
func (e *AuthError) user() string {
	if e.UserID == "" {
		return "the user"
	}
	return fmt.Sprintf("user %q", e.UserID)
}

func (e *AuthError) status() string {
	switch {
	case e.Status == 0:
		return ""
	case e.Detail != "":
		return fmt.Sprintf(" (HTTP %d, %s)", e.Status, e.Detail)
	}
	return fmt.Sprintf(" (HTTP %d)", e.Status)
}

// Hint says what to do about it.
func (e *AuthError) Hint() string {
	const clock = "set this machine's clock right (timedatectl set-ntp true), then try again"
	hint := Hint(string(e.Reason))
	if proxy, ok := aboutProxy(e.Cause).(interface{ Hint() string }); ok {
		return proxy.Hint()
	}
	if unknownAuthority(e.Cause) {
		return "if your company opens encrypted connections, ask for its certificate and name the file: export SSL_CERT_FILE=/PATH/company.pem; if it does not, do not go on: somebody else may be listening"
	}
	switch e.Reason {
	case ConsentRequired:
		return "open this address, log in as that user and accept; redirect_uri must be one that is registered for the integration key, to the letter: " + e.ConsentURL
	case LoginUnreadable:
		var hinted interface{ Hint() string }
		if errors.As(e.Cause, &hinted) && hinted.Hint() != "" {
			return hinted.Hint()
		}
	case UserNotFound:
		return hint + e.other()
	case IssuerNotFound:
		return hint + e.otherKey()
	case NoValidKey:
		if e.clockWrong() {
			return clock + "; if that is not it, " + hint
		}
		return e.audience() + hint
	case ExpiredGrant, InvalidGrant:
		if e.clockWrong() {
			return clock
		}
	}
	return hint
}

// audience tells of an audience that DocuSign does not take.
func (e *AuthError) audience() string {
	if e.Server == Demo || e.Server == Production || e.Server.Local() {
		return ""
	}
	return fmt.Sprintf("give the auth server demo or production: the request is addressed (aud) to %s, and DocuSign takes only what is addressed to %s or %s; if that is not it, ", e.Server.Host(), demoHost, productionHost)
}

// other points to the environment that may have been meant.
func (e *AuthError) other() string {
	switch e.Server {
	case Demo:
		return "; for a production user the auth server is production"
	case Production:
		return "; for a demo user the auth server is demo"
	}
	return ""
}

func (e *AuthError) otherKey() string {
	switch e.Server {
	case Demo:
		return "; a key that has gone live is used with the auth server production"
	case Production:
		return "; a demo key works here only after Go-Live, until then the auth server is demo"
	}
	return ""
}
