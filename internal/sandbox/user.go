package sandbox

import (
	"net/http"
	"strings"
)

// OtherAccount is another account of the user: one that userinfo lists, and of which the
// Server knows nothing but which templates it has.
type OtherAccount struct {
	ID, Name  string
	Templates []string // their IDs
}

// otherAccount returns the other account of that ID; nil if there is none.
func (s *Server) otherAccount(id string) *OtherAccount {
	for i := range s.OtherAccounts {
		if strings.EqualFold(s.OtherAccounts[i].ID, id) {
			return &s.OtherAccounts[i]
		}
	}
	return nil
}

// serve answers a call in the other account.
func (o *OtherAccount) serve(c *call) (any, error) {
	id := c.PathValue("template")
	if id == "" || c.Method != http.MethodGet {
		return nil, notToldOf()
	}
	for _, template := range o.Templates {
		if strings.EqualFold(template, id) {
			return map[string]string{"templateId": template, "name": "Template of " + o.Name}, nil
		}
	}
	return nil, refuse(string(TemplateIDInvalid), "The template ID %q does not name a template you may use.", id)
}

// memberAnswer is the part of the SDK's userInformation that sending depends on.
type memberAnswer struct {
	ID       string               `json:"userId"`
	Name     string               `json:"userName"`
	Email    string               `json:"email"`
	Status   string               `json:"userStatus"`
	Profile  string               `json:"permissionProfileName"`
	Settings memberSettingsAnswer `json:"userSettings"`
}

type memberSettingsAnswer struct {
	Send string `json:"canSendEnvelope"`
	Bulk string `json:"bulkSend"`
}

func (s *Server) getUser(c *call) (any, error) {
	switch {
	case s.Tells == TellsNothing:
		return nil, notToldOf()
	case !strings.EqualFold(c.PathValue("user"), s.userID()):
		return nil, refuse("USER_DOES_NOT_EXIST_IN_SYSTEM", "The specified user could not be found.")
	}
	profile := "DocuSign Sender"
	if s.NoSending {
		profile = "DocuSign Viewer"
	}
	return memberAnswer{
		ID: s.userID(), Name: userName, Email: userEmail, Status: "Active", Profile: profile,
		Settings: memberSettingsAnswer{Send: flag(!s.NoSending), Bulk: flag(!s.NoBulk && !s.NoUserBulk && !s.NoSending)},
	}, nil
}
