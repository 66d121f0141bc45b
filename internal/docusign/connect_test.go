package docusign

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"batchsend/internal/sandbox"
)

func TestConnect(t *testing.T) {
	c := over(new(sandbox.Server).Transport())
	login, err := c.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := Login{
		AccountID: sandbox.DefaultAccount, AccountName: login.AccountName, BaseURI: "https://account-d.docusign.com",
		UserID: sandbox.DefaultUserID, UserName: login.UserName, UserEmail: login.UserEmail,
		Accounts: []Account{{ID: sandbox.DefaultAccount, Name: login.AccountName, BaseURI: "https://account-d.docusign.com", Default: true}},
	}
	if diff := cmp.Diff(want, login); diff != "" || login.AccountName == "" || login.UserEmail == "" {
		t.Errorf("Connect (-want +got):\n%s", diff)
	}
}

func TestPickAccount(t *testing.T) {
	const one, two, three = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002", "cccccccc-0000-4000-8000-000000000003"
	account := func(id, standard string) string {
		return fmt.Sprintf(`{"account_id":%q,"is_default":%s,"account_name":"%.1s","base_uri":"https://%.1s.docusign.net/restapi/"}`, strings.ToUpper(id), standard, id, id)
	}
	for _, c := range []struct{ name, accounts, wanted, want string }{
		{"the default", account(one, "false") + "," + account(two, "true"), "", two},
		{"the default, as a string", account(one, `"False"`) + "," + account(two, `"True"`), "", two},
		{"the only one", account(one, "false"), "", one},
		{"none is the default", account(one, "false") + "," + account(two, "null"), "", ""},
		{"by ID", account(one, "true") + "," + account(two, "false"), two, two},
		{"by ID as Windows writes it", account(one, "true") + "," + account(two, "false"), " {" + strings.ToUpper(two) + "} ", two},
		{"by number", account(one, "true") + "," + account(two, "false"), "1234567", two},
		{"by number, unknown", account(one, "true") + "," + account(two, "false"), "7654321", ""},
		{"unknown", account(one, "true"), three, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := over(&fake{answer: func(_ int, r *http.Request) (*http.Response, error) {
				switch {
				case r.URL.Path == "/oauth/userinfo":
					return reply(200, `{"name":"Ann","accounts":[`+c.accounts+`]}`), nil
				case r.URL.Host == "b.docusign.net" && r.URL.Path == "/restapi/v2.1/accounts/1234567":
					return reply(200, `{"accountIdGuid":"`+two+`"}`), nil
				case r.URL.Path == "/oauth/token":
					return nil, nil
				}
				return reply(400, `{"errorCode":"USER_LACKS_MEMBERSHIP","message":"no"}`), nil
			}})
			client.Account = c.wanted
			login, err := client.Connect(t.Context())
			if c.want == "" {
				ae, ok := errors.AsType[*AuthError](err)
				if !ok || ae.Reason != AccountUnknown || !strings.Contains(err.Error(), one) {
					t.Errorf("Connect = %v, want an error that lists the accounts", err)
				}
				return
			}
			if err != nil || login.AccountID != c.want || login.BaseURI != "https://"+c.want[:1]+".docusign.net" {
				t.Errorf("Connect = %+v, %v; want account %s", login, err, c.want)
			}
		})
	}
}

// TestBaseURIs: the token goes to DocuSign, to this machine and to the sign-in
// server that the operator named, over https, and nowhere else.
func TestBaseURIs(t *testing.T) {
	for _, c := range []struct {
		base, auth string
		ok         bool
	}{
		{"https://demo.docusign.net", "demo", true},
		{"https://eu.docusign.net/restapi", "production", true},
		{"https://NA2.DocuSign.net", "production", true},
		{"https://api.docusign.com", "production", true},
		{"http://demo.docusign.net", "demo", false},
		{"https://demo.docusign.net.example.test", "demo", false},
		{"https://demodocusign.net", "demo", false},
		{"https://docusign.example.test", "demo", false},
		{"https://demo.docusign.net@docusign.example.test", "demo", false},
		{"https://docusign.example.test", "https://docusign.example.test:8443", true},
		{"https://docusign.example.test:9443", "https://DocuSign.example.test", true},
		{"http://docusign.example.test", "https://docusign.example.test", false},
		{"https://other.example.test", "https://docusign.example.test", false},
		{"http://127.0.0.1:8720", "http://127.0.0.1:8720", true},
		{"https://[::1]:8720", "demo", true},
		{"ftp://demo.docusign.net", "demo", false},
		{"//demo.docusign.net", "demo", false},
		{"", "demo", false},
		{"https://demo.docusign.net\u009b31m", "demo", false},
	} {
		f := &fake{answer: func(_ int, r *http.Request) (*http.Response, error) {
			if r.URL.Path == "/oauth/userinfo" {
				return reply(200, strings.Replace(demoUser, "https://demo.docusign.net", c.base, 1)), nil
			}
			if r.URL.Path == "/oauth/token" {
				return nil, nil
			}
			return reply(404, `{"errorCode":"TEMPLATE_NOT_FOUND","message":"no"}`), nil
		}}
		client := over(f)
		client.Auth, _ = ParseAuthServer(c.auth)
		_, err := client.Connect(t.Context())
		if (err == nil) != c.ok {
			t.Errorf("%s, signed in at %s: %v, want ok %t", c.base, c.auth, err, c.ok)
		}
		if err != nil && strings.Contains(err.Error(), "\u009b") {
			t.Errorf("%s: the error steers the terminal: %q", c.base, err)
		}
		client, before := over(f), f.calls()
		client.Auth, _ = ParseAuthServer(c.auth)
		client.Account = "1234567" // of which it asks each account's server
		_, _ = client.Connect(t.Context())
		if asked := f.calls() > before; asked != c.ok {
			t.Errorf("%s, signed in at %s: the token was sent there: %t, want %t", c.base, c.auth, asked, c.ok)
		}
	}
}
