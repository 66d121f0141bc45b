package docusign

import (
	"errors"
	"strings"
)

// Hint says what to do about the error, "" if it needs no saying.
func (e *Error) Hint() string {
	var hinted interface{ Hint() string }
	if errors.As(e.Cause, &hinted) {
		return hinted.Hint()
	}
	code := normal(e.Code)
	if strings.HasPrefix(code, "ONESIGNALLSIGN") { // spelt in several ways
		return "every signer needs a field of their own: add one for each role in the template, or have an administrator switch Document Visibility off"
	}
	if hint, ok := hints[code]; ok {
		return hint
	}
	switch {
	case errors.Is(e.Cause, ErrTemplateUnknown):
		return "copy the template ID from DocuSign (Templates, the template, Template ID), and share the template with this user"
	case suspended(code):
		return hintSuspended
	case e.Status == statusBlocked:
		return "DocuSign blocks this traffic because of excess use: wait at least an hour, and ask DocuSign Support if it stays so"
	case e.Status == 407:
		return "the proxy wants a login: give it in HTTPS_PROXY"
	case e.Status == 401:
		return "the token was refused twice: check that the auth server is the environment of the account"
	case e.Kind == Limited:
		return "the account's calls are used up for now, by this and other applications: the same command goes on later"
	case e.Kind == Unknown:
		return "the envelope may exist: run the same command again, which looks it up before anything is sent"
	case e.Kind == Down:
		return "check the network, then run the same command again"
	}
	return ""
}

const hintSuspended = "the account is suspended, most often over billing: an administrator sees why under Billing and Usage"

// hints say what to do about a code, by its normal form.
var hints = func() map[string]string {
	const (
		rights = "ask an administrator of the account for the right, or act for a user who has it"
		member = "sign in for a user of this account, or name another account; demo and production are worlds apart"
		report = "if the file is right, tell DocuSign Support the trace"
	)
	m := make(map[string]string)
	for code, hint := range map[string]string{
		"ENVELOPE_ALLOWANCE_EXCEEDED":               "the plan's envelopes are used up: have the plan extended or wait for the next billing period, then run the same command again",
		"ENVELOPE_SEND_LIMIT_EXCEEDED":              "DocuSign limits how much this account may send: wait some hours, then run the same command again; DocuSign Support can raise the limit",
		"PARTNER_AUTHENTICATION_FAILED":             "the integration key does not exist here or is disabled: check that the auth server is its environment; a demo key needs Go-Live for production",
		"USER_LACKS_MEMBERSHIP":                     member,
		"USER_DOES_NOT_BELONG_TO_SPECIFIED_ACCOUNT": member,
		"USER_DOES_NOT_EXIST_IN_SYSTEM":             member,
		"USER_NOT_FOUND":                            member,
		"USER_LACKS_PERMISSIONS":                    rights,
		"USER_NOT_ACCOUNT_ADMIN":                    rights,
		"USER_NOT_ENVELOPE_SENDER_OR_RECIPIENT":     rights,
		"ACCOUNT_LACKS_PERMISSIONS":                 "the account's plan or settings do not allow this: ask an administrator",
		"PLAN_ITEM_NOT_ENABLED":                     "the account's plan does not allow this: ask an administrator",
		"ENVELOPE_HAS_DUPLICATE_RECIPIENTS":         "give each recipient another name, address or routing order",
		"INVALID_EMAIL_ADDRESS_FOR_RECIPIENT":       "correct the e-mail address",
		"ENVELOPE_IS_INCOMPLETE":                    "the template needs a document, a subject, and a person for every role",
		"INVALID_REQUEST_PARAMETER":                 report,
		"INVALID_REQUEST_BODY":                      report,
		"UNSPECIFIED_ERROR":                         "DocuSign failed without saying why: see whether the envelope exists before sending it again",
		"TAB_REFERS_TO_MISSING_DOCUMENT":            "a field of the template refers to a document it does not have: repair the template",
		"ANCHOR_TAB_STRING_NOT_FOUND":               "a field of the template is tied to words its document does not have: repair the template",
		"RECIPIENT_LIMIT_EXCEEDED":                  "an envelope takes 100 recipients at most",
		"OPTED_OUT_PHONE_NUMBER_FOR_RECIPIENT":      "this number takes no messages from DocuSign any more: leave phone empty",
		"TEMPLATE_ID_INVALID":                       "copy the template ID from DocuSign (Templates, the template, Template ID)",

		"BULK_SEND_ACCOUNT_HAS_TOO_MANY_QUEUED_ENVELOPES": "DocuSign still works off earlier bulk sends of the account: run the same command again later, which goes on with the rest",
		"BULK_SEND_BLOB_STORE_ERROR":                      "DocuSign could not store the list: run the same command again; if it stays so, tell DocuSign Support the trace",
	} {
		m[normal(code)] = hint
	}
	return m
}()
