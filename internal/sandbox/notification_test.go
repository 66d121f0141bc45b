package sandbox_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"batchsend/internal/sandbox"
)

func TestNotification(t *testing.T) {
	account := sandbox.Notification{Reminders: true, ReminderDelay: 5, ReminderFrequency: 6, Expires: true, ExpireAfter: 60, ExpireWarn: 7}
	is := func(source string, reminders bool, delay, every, expire, warn int) sandbox.Notification {
		return sandbox.Notification{
			Source: source, Reminders: reminders, ReminderDelay: delay, ReminderFrequency: every,
			Expires: true, ExpireAfter: expire, ExpireWarn: warn,
		}
	}
	const bare = `{"status":"sent","emailSubject":"Hi","documents":[{"documentId":"1","name":"a.pdf"}],
		"recipients":{"signers":[{"recipientId":"1","name":"Ann Ek","email":"ann@example.test"}]}}`
	const (
		reminders   = `"reminders":{"reminderEnabled":"true","reminderDelay":"10","reminderFrequency":"11"}`
		expirations = `"expirations":{"expireEnabled":"true","expireAfter":"40","expireWarn":"4"}`
	)
	tests := []struct {
		name    string
		server  *sandbox.Server
		base    string
		request string
		want    sandbox.Notification
		bad     bool
	}{
		{name: "nothing, no template", base: bare, want: is("system", false, 0, 0, 120, 0)},
		{name: "nothing, no template, account defaults do not matter", server: &sandbox.Server{AccountNotification: account}, base: bare, want: is("system", false, 0, 0, 120, 0)},
		{name: "nothing, template", base: offer, want: is("template", true, 2, 3, 30, 3)},
		{name: "empty object, template", base: offer, request: `{}`, want: is("template", true, 2, 3, 30, 3)},
		{name: "null, template", base: offer, request: `null`, want: is("template", true, 2, 3, 30, 3)},
		{name: "account defaults asked for", server: &sandbox.Server{AccountNotification: account}, base: offer, request: `{"useAccountDefaults":"true",` + reminders + `}`, want: is("account", true, 5, 6, 60, 7)},
		{name: "account defaults by a boolean", base: offer, request: `{"useAccountDefaults":true}`, want: is("account", false, 0, 0, 120, 0)},
		{name: "request", base: offer, request: `{"useAccountDefaults":"false",` + reminders + `,` + expirations + `}`, want: is("request", true, 10, 11, 40, 4)},
		{name: "request without useAccountDefaults", base: offer, request: `{` + reminders + `,` + expirations + `}`, want: is("request", true, 10, 11, 40, 4)},
		{name: "reminders only: system expiration", base: offer, request: `{` + reminders + `}`, want: is("request", true, 10, 11, 120, 0)},
		{name: "reminders only: account expiration", server: &sandbox.Server{AccountNotification: account}, base: offer, request: `{` + reminders + `}`, want: is("request", true, 10, 11, 60, 7)},
		{name: "reminders only: template's expiration", server: &sandbox.Server{PartialNotification: sandbox.PartialTemplate}, base: offer, request: `{` + reminders + `}`, want: is("request", true, 10, 11, 30, 3)},
		{name: "expiration only: no reminders", base: offer, request: `{` + expirations + `}`, want: is("request", false, 0, 0, 40, 4)},
		{name: "expiration only: template's reminders", server: &sandbox.Server{PartialNotification: sandbox.PartialTemplate}, base: offer, request: `{` + expirations + `}`, want: is("request", true, 2, 3, 40, 4)},
		{name: "expireAfter counts only when enabled", base: offer, request: `{"expirations":{"expireAfter":"40"}}`, want: is("request", false, 0, 0, 120, 0)},
		{name: "reminders off", base: offer, request: `{"reminders":{"reminderEnabled":"false","reminderDelay":"0","reminderFrequency":"0"},` + expirations + `}`, want: is("request", false, 0, 0, 40, 4)},
		{name: "no override", server: &sandbox.Server{NoOverride: true, AccountNotification: account}, base: offer, request: `{` + reminders + `,` + expirations + `}`, want: is("account", true, 5, 6, 60, 7)},
		{name: "delay 0", base: offer, request: `{"reminders":{"reminderEnabled":"true","reminderDelay":"0"}}`, bad: true},
		{name: "delay 1000", base: offer, request: `{"reminders":{"reminderEnabled":"true","reminderDelay":"1000"}}`, bad: true},
		{name: "negative", base: offer, request: `{"reminders":{"reminderEnabled":"true","reminderDelay":"2","reminderFrequency":"-1"}}`, bad: true},
		{name: "no number", base: offer, request: `{"expirations":{"expireEnabled":"true","expireAfter":"soon"}}`, bad: true},
		{name: "half a day", base: offer, request: `{"expirations":{"expireEnabled":"true","expireAfter":1.5}}`, bad: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := zero(tt.server)
			c := newClient(t, s)
			body := tt.base
			if tt.request != "" {
				body = with(body, `"notification":`+tt.request)
			}
			got := c.do("POST", "/envelopes", body)
			if tt.bad {
				if got.code() != "INVALID_REQUEST_PARAMETER" {
					t.Fatalf("got %d %s", got.status, got.body)
				}
				return
			}
			if got.status != 201 {
				t.Fatalf("got %d %s", got.status, got.body)
			}
			e := last(t, s)
			if diff := cmp.Diff(tt.want, e.Notification); diff != "" {
				t.Error(diff)
			}
			if want := tt.request; want != "null" && string(e.Requested) != want {
				t.Errorf("Requested = %s, want %s", e.Requested, want)
			}
		})
	}
}

func TestTemplateUsesAccountDefaults(t *testing.T) {
	s := &sandbox.Server{
		AccountNotification: sandbox.Notification{Expires: true, ExpireAfter: 60},
		Templates: edited(t, func(template map[string]any) {
			template["notification"] = map[string]any{"useAccountDefaults": "true"}
		}),
	}
	newClient(t, s).create(offer)
	if got := last(t, s).Notification; got.Source != "account" || got.ExpireAfter != 60 {
		t.Errorf("got %+v", got)
	}
}

func TestExpiry(t *testing.T) {
	s := &sandbox.Server{}
	c := newClient(t, s)
	id := c.create(offer)
	s.Advance(29 * 24 * time.Hour)
	if got := last(t, s).Status; got != "sent" {
		t.Errorf("after 29 of 30 days: %s", got)
	}
	s.Advance(25 * time.Hour)
	if got := last(t, s); got.Status != "voided" || got.VoidedReason != "Envelope has expired." {
		t.Errorf("after 30 days: %s %q", got.Status, got.VoidedReason)
	}
	c.login(s.Now())
	if got := c.do("GET", "/envelopes/"+id, ""); got.str("status") != "voided" || got.str("voidedReason") == "" {
		t.Errorf("after 30 days: %s", got.body)
	}
}
