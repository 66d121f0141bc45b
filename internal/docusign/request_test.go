package docusign

import (
	"testing"

	"batchsend/envelope"
	"batchsend/internal/sandbox"
	"batchsend/reminders"
	"batchsend/template"
)

// full is an envelope that uses all that a request can carry, but for what
// needs composite templates.
func full() *envelope.Envelope {
	return &envelope.Envelope{
		Identity: envelope.Identity{Account: sandbox.DefaultAccount, Batch: "leases.csv", TransactionID: transactionID("0b9f6f1e-6d3c-5f0a-9a70-3d8f0c1b7e10"), TemplateID: "0ffe1e77-0000-4000-8000-000000000009"},
		Subject:  `Lease "North" & <you>`,
		Blurb:    "Dear tenant,\nplease sign",
		Fields: []envelope.Field{
			{Name: "Case", Value: "A-1", Show: true},
			{Name: "Region", Value: "North", Required: true, List: true},
		},
		Notification: &reminders.Settings{Delay: 2, Frequency: 3, Expire: 30, Warn: 4},
		Recipients: []envelope.Recipient{
			{
				Role: "Tenant", Kind: template.Signer, RoutingOrder: 1, Name: "Ann Ek", Email: "ann@example.test", AccessCode: "4711", Line: 2,
				Tabs: []envelope.Tab{
					{Type: template.Text, Label: "Rent", Value: "1200", All: true},
					{Type: template.Text, Label: "Street", Value: "Ål street 1"},
					{Type: template.Number, Label: "Rooms", Value: "3"},
					{Type: template.Date, Label: "From", Value: "2026-12-01"},
					{Type: template.List, Label: "Heating", Value: "gas"},
					{Type: template.Checkbox, Label: "Pets", Value: "true", All: true},
					{Type: template.Checkbox, Label: "Smoking", Value: "false"},
					{Type: template.Radio, Label: "Floor", Value: "top", All: true},
				},
			},
			{Role: "Archive", Kind: template.CarbonCopy, RoutingOrder: 2, Name: "Ar Chive", Email: "archive@example.test"},
			{Role: "Co-tenant", Kind: template.Signer, RoutingOrder: 2, Name: "Bo Ek", Email: "bo@example.test"},
		},
	}
}

func TestWire(t *testing.T) {
	noted := full()
	noted.Recipients[2].Note = "We met on Tuesday"
	reached := full()
	reached.Recipients[0].Phone = envelope.Phone{CountryCode: "46", Number: "701234567"}
	silent := full()
	silent.Notification = &reminders.Settings{Expire: 120}
	bare := &envelope.Envelope{
		Identity:   envelope.Identity{Account: sandbox.DefaultAccount, Batch: "leases.csv", TransactionID: transactionID("0b9f6f1e-6d3c-5f0a-9a70-3d8f0c1b7e10"), TemplateID: "0ffe1e77-0000-4000-8000-000000000009"},
		Recipients: []envelope.Recipient{{Role: "Tenant", Kind: template.Signer, RoutingOrder: 1, Name: "Ann Ek", Email: "ann@example.test"}},
	}
	shared := full()
	shared.Recipients[0].SharedRole = true
	for _, c := range []struct {
		file   string
		env    *envelope.Envelope
		status text
	}{
		{"create-bare.json", bare, statusSent},
		{"create-roles.json", full(), statusSent},
		{"create-shared-role.json", shared, statusSent},
		{"create-no-reminders.json", silent, statusSent},
		{"create-note.json", noted, statusDraft},
		{"create-phone.json", reached, statusSent},
	} {
		goldenJSON(t, c.file, definition(c.env, c.status))
	}
}
