package templatefile_test

import (
	"bytes"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"batchsend/envelope"
	"batchsend/internal/templatefile"
	"batchsend/reminders"
	"batchsend/template"
)

var update = flag.Bool("update", false, "write the golden file anew")

// TestGolden: files of version 1 stay readable, and are written as they were. Where this
// test fails because a field was added, renamed or removed, the version must rise.
func TestGolden(t *testing.T) {
	t.Parallel()
	const golden = "testdata/version1.json"
	want := &templatefile.File{
		Format: "batchsend template", Version: 1, Pulled: time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC),
		Account: templatefile.Account{
			ID: "0ffe1e77-0000-4000-8000-00000000000a", Name: "Example AB", OverrideForbidden: true,
			BulkForbidden: true, BulkTold: true, BulkCopies: 1000, BulkQueue: 2000,
			Rules: envelope.Rules{AccessCode: envelope.AccessCodeFormat{Length: 6, Letter: true, Number: true, Special: true}, NoText: true, Visibility: envelope.VisibilityChosen},
		},
		Base: reminders.Settings{Delay: 2, Frequency: 3, Expire: 30, Warn: 3},
		Template: &template.Template{
			ID: "0ffe1e77-0000-4000-8000-000000000001", Name: "Offer <letter>", Subject: "Your offer", Blurb: "Please sign", Modified: time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC),
			Roles: []template.Role{
				{
					Name: "Employee", Kind: template.Signer, RoutingOrder: 1, NeedsAccessCode: true, Check: template.PhoneCheckReady, Texted: true,
					Tabs: []template.Tab{{
						Label: "Office", Type: template.List, Options: []string{"b", "l"}, Texts: []string{"Berlin", "London"}, MaxLength: 20, Pattern: "^[a-z]$", Hint: "one letter",
						SenderRequired: true, Required: true, Locked: true, Filled: true,
					}},
				},
				{Name: "HR", Kind: template.CarbonCopy, RoutingOrder: 2, Person: template.Person{Name: "HR", Email: "hr@example.test", Group: "g"}, Locked: true, Fieldless: true},
			},
			Fields:     []template.Field{{Name: "Region", Value: "North", Show: true, Required: true, List: true, Options: []string{"North", "South"}}},
			Documents:  []template.Document{{ID: "1", Name: "offer.pdf", Read: true, Prefill: []template.Tab{{Label: "Seat", Type: template.Text}}}},
			NoDocument: true, HidesDocuments: true, MessageLocked: true,
		},
	}
	var b bytes.Buffer
	if err := want.Write(&b); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(golden, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(text), b.String()); diff != "" {
		t.Errorf("the file is written otherwise (-version 1 +now):\n%s", diff)
	}
	got, err := templatefile.Open(golden)
	if err != nil {
		t.Fatal(err)
	}
	want.Path = golden
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("version 1 is read otherwise (-written +read):\n%s", diff)
	}
}
