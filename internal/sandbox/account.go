package sandbox

import (
	"net/http"
	"strconv"
	"time"
)

// The account and its user, as people see them.
const (
	accountName   = "Sandbox"
	accountNumber = "10000001" // the external account number: accepted instead of the ID
	userName      = "Sandy Box"
	userEmail     = "sandy.box@example.test"
)

// accountAnswer is the part of the OpenAPI's accountInformation that the Server
// knows.
type accountAnswer struct {
	ID             string          `json:"accountIdGuid"`
	Name           string          `json:"accountName"`
	Number         string          `json:"externalAccountId"`
	Created        string          `json:"createdDate"`
	Currency       string          `json:"currencyCode"`
	Plan           string          `json:"planName"`
	PlanClass      string          `json:"planClassification"`
	PlanStart      string          `json:"planStartDate"`
	PeriodStart    string          `json:"billingPeriodStartDate"`
	PeriodEnd      string          `json:"billingPeriodEndDate"`
	DaysRemaining  string          `json:"billingPeriodDaysRemaining"`
	Allowed        string          `json:"billingPeriodEnvelopesAllowed"`
	Sent           string          `json:"billingPeriodEnvelopesSent"`
	SendingBlocked string          `json:"envelopeSendingBlocked"`
	Suspension     string          `json:"suspensionStatus"`
	SuspensionDate string          `json:"suspensionDate,omitempty"`
	Settings       *settingsAnswer `json:"accountSettings,omitempty"`
}

// settingsAnswer is the part of the OpenAPI's accountSettingsInformation that
// sending depends on.
type settingsAnswer struct {
	Notification        notificationAnswer `json:"accountNotification"`
	AllowReminders      string             `json:"allowReminders"`
	AllowBulkSend       string             `json:"allowBulkSend"`
	BulkSend            string             `json:"bulkSend"`
	BulkCopies          string             `json:"bulkSendMaxCopiesInBatch"`
	BulkQueue           string             `json:"bulkSendMaxUnprocessedEnvelopesCount"`
	CustomFields        string             `json:"allowEnvelopeCustomFields"`
	Templates           string             `json:"allowServerTemplates"`
	AllowVisibility     string             `json:"allowDocumentVisibility"`
	Visibility          string             `json:"documentVisibility"`
	TemplateMatchingOff string             `json:"disableAutoTemplateMatching"`
	AccessCodes         codeFormatAnswer   `json:"accessCodeFormat"`
	SMS                 string             `json:"allowSMSDelivery"`
	SMSBeside           string             `json:"enableSMSDeliveryAdditionalNotification"`
}

func (s *Server) getAccount(c *call) (any, error) {
	if s.Tells == TellsNothing {
		return nil, notToldOf()
	}
	now := c.now
	start := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	end := start.AddDate(0, 1, 0)
	a := accountAnswer{
		ID: s.account(), Name: accountName, Number: accountNumber,
		Created: "2026-01-02T03:04:05.0600000Z", Currency: "EUR",
		Plan: "Sandbox", PlanClass: "business", PlanStart: "2026-01-02T03:04:05.0600000Z",
		PeriodStart: wireTime(start), PeriodEnd: wireTime(end),
		DaysRemaining:  strconv.Itoa(int(end.Sub(now).Hours() / 24)),
		Allowed:        "unlimited",
		Sent:           strconv.Itoa(s.envelopes.sentCount()),
		SendingBlocked: flag(s.SendingBlocked || s.Suspended),
	}
	if s.Allowance > 0 {
		a.Allowed = strconv.Itoa(s.Allowance)
	}
	if s.Suspended {
		a.Suspension, a.SuspensionDate = "suspended", wireTime(start)
	}
	if s.Tells == TellsAll && text(c.query("include_account_settings")).yes() {
		a.Settings = s.settings()
	}
	return a, nil
}

func (s *Server) getSettings(*call) (any, error) {
	if s.Tells >= TellsNoRules {
		return nil, notToldOf()
	}
	return s.settings(), nil
}

func notToldOf() error {
	return refuse("USER_LACKS_PERMISSIONS", "This User lacks sufficient permissions to access this resource.")
}

func (s *Server) settings() *settingsAnswer {
	defaults := s.accountDefaults().answer()
	defaults.UseAccountDefaults, defaults.UserOverride = "", flag(!s.NoOverride)
	return &settingsAnswer{
		Notification: defaults, AllowReminders: "true",
		AllowBulkSend: flag(!s.NoBulk), BulkSend: flag(!s.NoBulk && !s.NoUserBulk),
		BulkCopies: strconv.Itoa(s.bulkCopies()), BulkQueue: strconv.Itoa(s.bulkQueue()),
		CustomFields: "true", Templates: "true",
		AllowVisibility: flag(s.DocumentVisibility), Visibility: s.visibility(), TemplateMatchingOff: "true",
		AccessCodes: s.AccessCodes.answer(), SMS: flag(!s.NoSMS), SMSBeside: flag(!s.NoSMS),
	}
}

// serveService answers the two calls that need no token and count against no
// limit.
func (s *Server) serveService(w http.ResponseWriter, r *http.Request) {
	base := s.baseURI(r)
	writeJSON(w, http.StatusOK, map[string]any{
		"buildBranch": "sandbox", "buildBranchDeployedDateTime": "2026-01-02T03:04:05.0600000Z",
		"buildSHA": "0000000000000000000000000000000000000000", "buildVersion": "26.2.1.0",
		"linkedSites": []string{base},
		"serviceVersions": []map[string]string{{
			"version": "v2.1", "versionUrl": base + restRoot,
		}},
	})
}
