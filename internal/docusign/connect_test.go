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
		UserName: login.UserName, UserEmail: login.UserEmail,
		Accounts: []Account{{ID: sandbox.DefaultAccount, Name: login.AccountName, BaseURI: "https://account-d.docusign.com", Default: true}},
	}
	if diff := cmp.Diff(want, login); diff != "" || login.AccountName == "" || login.UserEmail == "" {
		t.Errorf("Connect (-want +got):\n%s", diff)
	}
}

func TestPickAccount(t *testing.T) {
	const one, two, three = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002", "cccccccc-0000-4000-8000-000000000003"
	account := func(id, standard string) string {
		return fmt.Sprintf(`{"account_id":%q,"is_default":%s,"account_name":"%.1s","base_uri":"https://%.1s.example.test/restapi/"}`, strings.ToUpper(id), standard, id, id)
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
				case r.URL.Host == "b.example.test" && r.URL.Path == "/restapi/v2.1/accounts/1234567":
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
			if err != nil || login.AccountID != c.want || login.BaseURI != "https://"+c.want[:1]+".example.test" {
				t.Errorf("Connect = %+v, %v; want account %s", login, err, c.want)
			}
		})
	}
}
