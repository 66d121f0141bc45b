package report

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// heading is one with something of everything.
func heading() *Heading {
	return &Heading{
		Environment: "production",
		Party:       Party{AccountID: "6f0e3b2c-0000-4000-8000-000000000001", Account: "Contoso Ltd", Sender: "Jane Roe <jane.roe@example.test>"},
		Templates:   []TemplateName{{"Offer letter", "t-1"}, {"Lease", "t-2"}},
		Batches:     []string{"may.csv"}, ToGo: 1506, Now: 1506, Sent: 494,
	}
}

// TestHeading: the heading and the question name all that there is to agree to, and
// mark production.
func TestHeading(t *testing.T) {
	t.Parallel()
	h := heading()
	for _, tt := range []struct {
		change func(*Heading)
		want   string // changed lines
	}{
		{func(*Heading) {}, ""},
		{func(h *Heading) { h.DryRun = true }, "environment: <PRODUCTION> (dry run: nothing is sent)\n"},
		{func(h *Heading) { h.Environment = "demo" }, "environment: demo\n"},
		{func(h *Heading) { h.Environment = "sandbox" }, "environment: sandbox: nothing is mailed\n"},
		{func(h *Heading) { h.Templates = nil }, "!template"},
		{func(h *Heading) { h.Batches = []string{"a", "b", "c", "d", "e"} }, "batches:     a, b, c and 2 more\n"},
		{
			func(h *Heading) { h.Now, h.Unresolved, h.Rejected = 100, 2, 3 },
			"envelopes:   494 already sent, 1,506 to go, 100 of them in this run, 2 to be looked up first, 3 rejected\n",
		},
	} {
		h := *h
		tt.change(&h)
		var b bytes.Buffer
		h.Write(&b, func(text string) string { return "<" + text + ">" })
		absent, wantAbsent := strings.CutPrefix(tt.want, "!")
		if strings.Contains(b.String(), absent) == wantAbsent {
			t.Errorf("want %q in:\n%s", tt.want, b.String())
		}
	}
	var b bytes.Buffer
	h.Write(&b, nil)
	want := `environment: PRODUCTION: real people get what is sent
account:     Contoso Ltd (6f0e3b2c-0000-4000-8000-000000000001)
sender:      Jane Roe <jane.roe@example.test>
templates:   "Offer letter" (t-1), "Lease" (t-2)
batch:       may.csv
envelopes:   494 already sent, 1,506 to go
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want = `PRODUCTION: send 1,506 envelopes from account Contoso Ltd as Jane Roe
<jane.roe@example.test>, templates "Offer letter", "Lease", batch
may.csv (494 already sent)?`
	if diff := cmp.Diff(want, h.Question()); diff != "" {
		t.Errorf("the question (-want +got):\n%s", diff)
	}
}

// TestHeadingInLog: the log has fixed keys and nobody's name.
func TestHeadingInLog(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	slog.New(slog.NewJSONHandler(&b, nil)).Info("run", slog.Any("", heading()))
	var got map[string]any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	delete(got, "time")
	want := map[string]any{
		"level": "INFO", "msg": "run", "environment": "production", "account": "6f0e3b2c-0000-4000-8000-000000000001",
		"templates": []any{"t-1", "t-2"}, "batches": []any{"may.csv"}, "to_go": 1506.0, "now": 1506.0, "already_sent": 494.0, "rejected": 0.0,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
