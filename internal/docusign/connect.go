package docusign

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Login is who is signed in, and where.
type Login struct {
	AccountID   string // a GUID in lower case
	AccountName string
	BaseURI     string // of the account's REST API, without /restapi
	UserID      string // a GUID in lower case
	UserName    string
	UserEmail   string
	Accounts    []Account // all that the user belongs to
	// Skew is how far this machine's clock is ahead of DocuSign's, or behind if
	// negative. It is exact to a second, and 0 if the server did not tell.
	Skew time.Duration
}

// Account is one account of the user.
type Account struct {
	ID      string // a GUID in lower case
	Name    string
	BaseURI string
	Default bool
}

// Connect signs in and picks the account: the wanted one, else the user's
// default, else the only one. It must succeed before any other call. Its errors
// are [*AuthError], [*Error] or ctx's.
func (c *Client) Connect(ctx context.Context) (Login, error) {
	t, err := c.token(ctx, nil)
	if err != nil {
		return Login{}, err
	}
	var user struct {
		ID       text `json:"sub"`
		Name     text `json:"name"`
		Email    text `json:"email"`
		Accounts []struct {
			ID      text `json:"account_id"`
			Name    text `json:"account_name"`
			BaseURI text `json:"base_uri"`
			Default text `json:"is_default"`
		} `json:"accounts"`
	}
	skew, err := c.oauth(ctx, http.MethodGet, "/oauth/userinfo", nil, t.value, &user)
	if err != nil {
		return Login{}, err
	}
	login := Login{UserID: user.ID.guid(), UserName: short(string(user.Name)), UserEmail: short(string(user.Email)), Skew: skew}
	for _, a := range user.Accounts {
		login.Accounts = append(login.Accounts, Account{
			ID: a.ID.guid(), Name: short(string(a.Name)), Default: a.Default.true(),
			BaseURI: strings.TrimSuffix(strings.TrimRight(string(a.BaseURI), "/"), "/restapi"),
		})
	}
	picked, err := c.pick(ctx, login.Accounts)
	if err != nil {
		return Login{}, err
	}
	if err := c.checkBase(picked.BaseURI); err != nil {
		return Login{}, err
	}
	login.AccountID, login.AccountName, login.BaseURI = picked.ID, picked.Name, picked.BaseURI
	c.login.Store(&login)
	return login, nil
}

// pick returns the account to work in.
func (c *Client) pick(ctx context.Context, accounts []Account) (Account, error) {
	if len(accounts) == 0 {
		return Account{}, c.authError(&AuthError{Reason: NoAccount})
	}
	wanted := strings.ToLower(strings.Trim(strings.TrimSpace(c.Account), "{}"))
	if wanted == "" {
		if i := slices.IndexFunc(accounts, func(a Account) bool { return a.Default }); i >= 0 || len(accounts) == 1 {
			return accounts[max(i, 0)], nil
		}
		return Account{}, c.authError(&AuthError{Reason: AccountUnknown, Detail: "none of the user's accounts is the default: " + names(accounts)})
	}
	id := wanted
	if strings.Trim(wanted, "0123456789") == "" {
		var err error
		if id, err = c.accountByNumber(ctx, wanted, accounts); err != nil {
			return Account{}, err
		}
	}
	if i := slices.IndexFunc(accounts, func(a Account) bool { return a.ID == id }); i >= 0 {
		return accounts[i], nil
	}
	return Account{}, c.authError(&AuthError{Reason: AccountUnknown, Detail: fmt.Sprintf("account %q is not one of the user's: %s", c.Account, names(accounts))})
}

// accountByNumber returns the ID of the account with the number that people
// see in DocuSign; "" if none has it. Userinfo knows IDs only.
func (c *Client) accountByNumber(ctx context.Context, number string, accounts []Account) (string, error) {
	var asked []string
	for _, a := range accounts {
		if slices.Contains(asked, a.BaseURI) || c.checkBase(a.BaseURI) != nil {
			continue
		}
		asked = append(asked, a.BaseURI)
		var got struct {
			ID text `json:"accountIdGuid"`
		}
		site := &Login{AccountID: number, BaseURI: a.BaseURI}
		err := c.doAt(ctx, site, call{op: "find account", method: http.MethodGet}, &got)
		if e, ok := errors.AsType[*Error](err); ok && (e.Kind == Limited || e.Kind == Down) {
			return "", err
		}
		if err == nil && got.ID != "" {
			return got.ID.guid(), nil
		}
	}
	return "", nil
}

// checkBase refuses addresses to which the token must not go: those that are not
// DocuSign's, this machine's or the sign-in server's own, and those at which it
// would travel in the clear.
func (c *Client) checkBase(base string) error {
	u, err := url.Parse(base)
	bad := func(why string) error {
		return c.authError(&AuthError{Reason: BadBaseURI, Detail: fmt.Sprintf("the account's address %q %s: the token is not sent there", short(base), why)})
	}
	switch {
	case err != nil || u.Host == "" || u.User != nil:
		return bad("is none")
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return bad("is not https")
	}
	host := strings.ToLower(u.Hostname())
	own := &url.URL{Host: c.Auth.Host()}
	if loopback(host) || host == own.Hostname() || strings.HasSuffix("."+host, ".docusign.net") || strings.HasSuffix("."+host, ".docusign.com") {
		return nil
	}
	return bad("is not DocuSign's")
}

func names(accounts []Account) string {
	var out []string
	for _, a := range accounts {
		out = append(out, fmt.Sprintf("%s (%s)", a.ID, a.Name))
	}
	return strings.Join(out, ", ")
}
