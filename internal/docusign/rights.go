package docusign

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// Rights are what a user may do in an account, as far as DocuSign tells.
type Rights struct {
	Told          bool // false: the other fields mean nothing
	SendForbidden bool // DocuSign: userSettings.canSendEnvelope
	BulkForbidden bool // DocuSign: userSettings.bulkSend
	Profile       string
}

// NoRightError says that the user may not send envelopes.
type NoRightError struct {
	User, Account string // their names
	Profile       string // the user's permission profile; "" if DocuSign does not tell
}

func (e *NoRightError) Error() string {
	text := fmt.Sprintf("user %q may not send envelopes in account %q: DocuSign would refuse every one", e.User, e.Account)
	if e.Profile != "" {
		text += fmt.Sprintf(" (permission profile %q)", e.Profile)
	}
	return text
}

// Hint says who can mend it.
func (e *NoRightError) Hint() string {
	return "an administrator of the account gives the user a permission profile with sending, such as DocuSign Sender, under Settings, Users"
}

// MaySend returns a [*NoRightError] if the user who is signed in may not send.
func (r Rights) MaySend(l Login) error {
	if r.Told && r.SendForbidden {
		return &NoRightError{User: l.UserName, Account: l.AccountName, Profile: r.Profile}
	}
	return nil
}

// Rights reads what the user who is signed in may do. What this user may not read is not
// told, which is no error.
func (c *Client) Rights(ctx context.Context) (Rights, error) {
	var got struct {
		Profile  text `json:"permissionProfileName"`
		Settings struct {
			Send text `json:"canSendEnvelope"`
			Bulk text `json:"bulkSend"`
		} `json:"userSettings"`
	}
	user := c.login.Load().UserID
	if user == "" {
		user = c.UserID
	}
	err := c.do(ctx, call{op: "read user", method: http.MethodGet, path: "/users/" + url.PathEscape(user)}, &got)
	if e, ok := errors.AsType[*Error](err); ok && e.Kind == Refused {
		return Rights{}, nil
	}
	if err != nil {
		return Rights{}, err
	}
	return Rights{
		Told:          got.Settings.Send != "",
		SendForbidden: got.Settings.Send.no(), BulkForbidden: got.Settings.Bulk.no(),
		Profile: short(string(got.Profile)),
	}, nil
}
