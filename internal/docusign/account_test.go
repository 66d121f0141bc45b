package docusign

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

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
				Allowance:   Allowance{Known: true, Allowed: 100, Sent: 97, DaysLeft: 12},
				BulkAllowed: true, BulkCopies: 1000, BulkQueue: 2000, DocumentVisibility: "MustSignToViewUnlessSender",
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
				SendingBlocked: true, Suspended: true, OverrideForbidden: true, BulkCopies: 500,
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
			if q := f.asked[0].URL.RawQuery; f.calls() != 1 || q != "include_account_settings=true" {
				t.Errorf("%d calls, query %q", f.calls(), q)
			}
		})
	}
	if left := (Allowance{Allowed: 100, Sent: 101}).Left(); left != 0 {
		t.Errorf("Left() = %d of an allowance exceeded", left)
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
	if got.Allowance.Left() != 7 || !got.SendingBlocked || !got.OverrideForbidden || got.DocumentVisibility == "" || !got.BulkAllowed || got.Suspended {
		t.Errorf("AccountInfo = %+v", got)
	}
}
