package docusign

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"batchsend/envelope"
	"batchsend/internal/sandbox"
	"batchsend/reminders"
)

func TestAccountInfo(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       AccountInfo
	}{
		{"nothing told", `{}`, AccountInfo{}},
		{"null", `{"accountSettings":null,"planName":null}`, AccountInfo{}},
		{
			"as strings", `{"accountName":"Example AB","externalAccountId":"1234567","planName":"Business Pro",
			"billingPeriodEnvelopesAllowed":"100","billingPeriodEnvelopesSent":"97","billingPeriodDaysRemaining":"12",
			"envelopeSendingBlocked":"false","suspensionStatus":"",
			"accountSettings":{"allowBulkSend":"true","bulkSendMaxCopiesInBatch":"1000","bulkSendMaxUnprocessedEnvelopesCount":"2000",
			"allowDocumentVisibility":"true","documentVisibility":"MustSignToViewUnlessSender",
			"accountNotification":{"userOverrideEnabled":"true","reminders":{"reminderEnabled":"true","reminderDelay":"5","reminderFrequency":"0"},
			"expirations":{"expireEnabled":"false","expireAfter":"90","expireWarn":"0"}}}}`,
			AccountInfo{
				Name: "Example AB", Number: "1234567", Plan: "Business Pro",
				Allowance: Allowance{Known: true, Allowed: 100, Sent: 97, DaysLeft: 12},
				BulkRules: BulkRules{BulkTold: true, BulkCopies: 1000, BulkQueue: 2000}, Rules: envelope.Rules{Visibility: envelope.VisibilityAlways},
				Notification: reminders.Stored{Reminder: &reminders.Reminder{Enabled: true, Delay: 5}, Expiration: &reminders.Expiration{After: 90}},
			},
		},
		{
			"as numbers and booleans", `{"externalAccountId":1234567,"billingPeriodEnvelopesAllowed":100,"billingPeriodEnvelopesSent":1.01e2,
			"envelopeSendingBlocked":true,"suspensionStatus":"Suspended",
			"accountSettings":{"allowBulkSend":false,"bulkSendMaxCopiesInBatch":500,"allowDocumentVisibility":false,"documentVisibility":"MustSignToViewUnlessSender",
			"accountNotification":{"userOverrideEnabled":false,"expirations":{"expireEnabled":true,"expireAfter":60}}}}`,
			AccountInfo{
				Number: "1234567", Allowance: Allowance{Known: true, Allowed: 100, Sent: 101},
				SendingBlocked: true, Suspended: true, OverrideForbidden: true, BulkRules: BulkRules{BulkForbidden: true, BulkTold: true, BulkCopies: 500},
				Notification: reminders.Stored{Expiration: &reminders.Expiration{Enabled: true, After: 60}},
			},
		},
		{"unlimited", `{"billingPeriodEnvelopesAllowed":"Unlimited"}`, AccountInfo{Allowance: Allowance{Known: true, Unlimited: true}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := always(200, c.body)
			got, err := connected(t, f).AccountInfo(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("AccountInfo (-want +got):\n%s", diff)
			}
			calls := 1
			if !got.BulkTold {
				calls = 2 // the settings were asked for by themselves
			}
			if q := f.asked[0].URL.RawQuery; f.calls() != calls || q != "include_account_settings=true" {
				t.Errorf("%d calls, want %d; query %q", f.calls(), calls, q)
			}
		})
	}
	if left := (Allowance{Allowed: 100, Sent: 101}).Left(); left != 0 {
		t.Errorf("Left() = %d of an allowance exceeded", left)
	}
}

// What settings say of an account's rules; what they do not say is no rule.
func TestAccountRules(t *testing.T) {
	for settings, want := range map[string]AccountInfo{
		`{}`: {},
		`{"allowBulkSend":"true","bulkSend":"false"}`:                                                    {BulkRules: BulkRules{BulkTold: true, BulkForbidden: true}},
		`{"bulkSend":"true"}`:                                                                            {BulkRules: BulkRules{BulkTold: true}},
		`{"documentVisibility":"Off","allowDocumentVisibility":"true"}`:                                  {},
		`{"documentVisibility":"MustSignToViewUnlessSenderAccount"}`:                                     {Rules: envelope.Rules{Visibility: envelope.VisibilityAlways}},
		`{"documentVisibility":"SenderCanSetMustSignToViewUnlessSender"}`:                                {Rules: envelope.Rules{Visibility: envelope.VisibilityChosen}},
		`{"allowSMSDelivery":"false"}`:                                                                   {Rules: envelope.Rules{NoText: true}},
		`{"allowSMSDelivery":"true","enableSMSDeliveryAdditionalNotification":"false"}`:                  {Rules: envelope.Rules{NoText: true}},
		`{"allowSMSDelivery":"true"}`:                                                                    {},
		`{"accessCodeFormat":{"formatRequired":"false","minimumLength":"8","letterRequired":"true"}}`:    {},
		`{"accessCodeFormat":{"formatRequired":"true","minimumLength":"8","letterRequired":"true"}}`:     {Rules: envelope.Rules{AccessCode: envelope.AccessCodeFormat{Length: 8, Letter: true}}},
		`{"accessCodeFormat":{"minimumLength":8,"numberRequired":true,"specialCharacterRequired":true}}`: {Rules: envelope.Rules{AccessCode: envelope.AccessCodeFormat{Length: 8, Number: true, Special: true}}},
	} {
		w := new(wireAccount)
		if err := json.Unmarshal([]byte(settings), &w.Settings); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, w.info()); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", settings, diff)
		}
	}
}

// Absent is not "no": what the account does not tell with itself is asked for.
func TestSettingsToldApart(t *testing.T) {
	s := &sandbox.Server{Tells: sandbox.TellsApart, NoBulk: true, NoSMS: true, AccessCodes: sandbox.CodeFormat{Length: 6}}
	want := envelope.Rules{NoText: true, AccessCode: envelope.AccessCodeFormat{Length: 6}}
	got, err := connected(t, s.Transport()).AccountInfo(t.Context())
	if err != nil || !got.BulkTold || !got.BulkForbidden || got.Rules != want || got.Name == "" {
		t.Errorf("told apart: AccountInfo = %+v, %v", got, err)
	}
	s.Tells = sandbox.TellsNoRules
	got, err = connected(t, s.Transport()).AccountInfo(t.Context())
	if err != nil || got.BulkTold || got.BulkForbidden || got.Rules != (envelope.Rules{}) || got.Name == "" {
		t.Errorf("no rules told: AccountInfo = %+v, %v", got, err)
	}
	s.Tells = sandbox.TellsNothing
	if got, err = connected(t, s.Transport()).AccountInfo(t.Context()); !errors.Is(err, ErrNotReadable) {
		t.Errorf("nothing told: AccountInfo = %+v, %v", got, err)
	}
	f := &fake{answer: func(_ int, r *http.Request) (*http.Response, error) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/settings"):
			return reply(200, `{"allowBulkSend":"true"}`), nil
		case strings.HasPrefix(r.URL.Path, "/oauth"):
			return nil, nil
		}
		return reply(403, ""), nil
	}}
	if got, err = connected(t, f).AccountInfo(t.Context()); err != nil || !got.BulkTold {
		t.Errorf("only the settings told: AccountInfo = %+v, %v", got, err)
	}
}

func TestMaySend(t *testing.T) {
	for body, word := range map[string]string{
		`{"envelopeSendingBlocked":"false","suspensionStatus":""}`:   "",
		`{"suspensionStatus":"none"}`:                                "",
		`{"suspensionStatus":"not suspended"}`:                       "",
		`{"suspensionStatus":"true"}`:                                "suspended",
		`{"suspensionStatus":"Suspended"}`:                           "suspended",
		`{"suspensionStatus":"suspended_nonpayment"}`:                "suspended",
		`{"suspensionStatus":"AutoSuspended"}`:                       "suspended",
		`{"envelopeSendingBlocked":true,"accountName":"Example AB"}`: `"Example AB"`,
	} {
		got, err := connected(t, always(200, body)).AccountInfo(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		blocked, is := errors.AsType[*BlockedError](got.MaySend())
		if is != (word != "") || is && (!strings.Contains(blocked.Error(), word) || blocked.Hint() == "") {
			t.Errorf("%s: MaySend = %v, want it to say %q", body, got.MaySend(), word)
		}
	}
}

func TestAccountInfoNotReadable(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		want   bool
	}{
		{404, "", true},
		{403, "<html>", true},
		{400, said("USER_LACKS_PERMISSIONS", ""), true},
		{400, said("USER_NOT_ACCOUNT_ADMIN", ""), true},
		{400, said("INVALID_REQUEST_PARAMETER", ""), false},
		{400, said("USER_LACKS_MEMBERSHIP", ""), false},
		{503, "", false},
	} {
		_, err := connected(t, always(c.status, c.body)).AccountInfo(t.Context())
		if err == nil || errors.Is(err, ErrNotReadable) != c.want {
			t.Errorf("HTTP %d %s: AccountInfo = %v, ErrNotReadable wanted: %t", c.status, c.body, err, c.want)
		}
	}
}

func TestAccountInfoOfSandbox(t *testing.T) {
	s := &sandbox.Server{Allowance: 7, SendingBlocked: true, NoOverride: true, DocumentVisibility: true}
	got, err := connected(t, s.Transport()).AccountInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.Allowance.Left() != 7 || !got.SendingBlocked || !got.OverrideForbidden || got.Rules.Visibility != envelope.VisibilityAlways || got.BulkForbidden || !got.BulkTold || got.Suspended {
		t.Errorf("AccountInfo = %+v", got)
	}
}
