package docusign

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"batchsend/internal/golden"
	"batchsend/internal/sandbox"
	"batchsend/reminders"
	"batchsend/template"
)

func TestTemplate(t *testing.T) {
	body, err := os.ReadFile("testdata/template.json")
	if err != nil {
		t.Fatal(err)
	}
	f := always(200, string(body))
	c := connected(t, f)
	got, stored, err := c.Template(t.Context(), "0ffe1e77-0000-4000-8000-000000000009")
	if err != nil {
		t.Fatal(err)
	}
	if f.calls() != 1 || f.asked[0].URL.String() != "https://demo.docusign.net/restapi/v2.1/accounts/aaaaaaaa-0000-4000-8000-000000000001/templates/0ffe1e77-0000-4000-8000-000000000009?include=recipients%2Ctabs" {
		t.Errorf("%d calls, the first to %s", f.calls(), f.asked[0].URL)
	}
	text, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "template.golden", string(text)+"\n")
	want := reminders.Stored{
		Reminder:   &reminders.Reminder{Enabled: true, Delay: 2, Frequency: 3},
		Expiration: &reminders.Expiration{Enabled: true, After: 30},
	}
	if diff := cmp.Diff(want, stored); diff != "" {
		t.Errorf("notification (-want +got):\n%s", diff)
	}
}

func TestTemplateOfSandbox(t *testing.T) {
	c := connected(t, new(sandbox.Server).Transport())
	got, _, err := c.Template(t.Context(), sandbox.DefaultTemplate)
	if err != nil {
		t.Fatal(err)
	}
	if got.ID != sandbox.DefaultTemplate || len(got.Placeholders()) == 0 || len(got.Roles[0].Labels()) == 0 || got.Modified.IsZero() {
		t.Errorf("Template = %+v", got)
	}
	listed, err := c.Templates(t.Context())
	if want := []template.Listed{{ID: got.ID, Name: got.Name, Modified: got.Modified}}; err != nil || !cmp.Equal(want, listed) {
		t.Errorf("Templates = %+v, %v; want %+v", listed, err, want)
	}
}

func TestTemplateUnknown(t *testing.T) {
	const id = "0ffe1e77-0000-4000-8000-0000000000ff"
	for _, code := range []sandbox.TemplateError{sandbox.TemplateIDInvalid, sandbox.TemplateNotFound} {
		s := &sandbox.Server{TemplateError: code}
		_, _, err := connected(t, s.Transport()).Template(t.Context(), id)
		if !errors.Is(err, template.ErrUnknown) || kindOf(t, err) != Refused {
			t.Errorf("%s: Template = %v, want template.ErrUnknown", code, err)
		}
	}
	for _, c := range []struct {
		status int
		body   string
		want   bool
	}{
		{404, "", true},
		{404, "<html>", true},
		{404, said("RESOURCE_NOT_FOUND", ""), true},
		{400, said("TEMPLATE_ID_INVALID", ""), true},
		{400, said("INVALID_REQUEST_PARAMETER", ""), false},
		{503, "", false},
		{401, said("AUTHORIZATION_INVALID_TOKEN", ""), false},
	} {
		_, _, err := connected(t, always(c.status, c.body)).Template(t.Context(), id)
		if err == nil || errors.Is(err, template.ErrUnknown) != c.want {
			t.Errorf("HTTP %d %s: Template = %v, template.ErrUnknown wanted: %t", c.status, c.body, err, c.want)
		}
	}
}

func TestTemplateUnreadable(t *testing.T) {
	for _, body := range []string{
		`{"recipients":{"signers":["x"]}}`,
		`{"recipients":{"signers":[{"roleName":{}}]}}`,
		`{"recipients":{"signers":[{"tabs":{"textTabs":["x"]}}]}}`,
		`{"recipients":[]}`,
	} {
		if _, _, err := connected(t, always(200, body)).Template(t.Context(), "x"); err == nil {
			t.Errorf("Template read %s", body)
		}
	}
}

func TestTemplatesInPages(t *testing.T) {
	const total = 2500
	var starts []string
	f := &fake{answer: func(_ int, r *http.Request) (*http.Response, error) {
		if r.URL.Path == "/oauth/token" || r.URL.Path == "/oauth/userinfo" {
			return nil, nil
		}
		start, _ := strconv.Atoi(r.URL.Query().Get("start_position"))
		starts = append(starts, r.URL.Query().Get("start_position"))
		end := min(start+1000, total)
		list := make([]map[string]any, 0, end-start)
		for i := start; i < end; i++ {
			list = append(list, map[string]any{"templateId": fmt.Sprintf("ID-%d", i), "name": i, "lastModified": "2026-01-02T03:04:05"})
		}
		body, err := json.Marshal(map[string]any{"envelopeTemplates": list, "endPosition": strconv.Itoa(end - 1), "totalSetSize": strconv.Itoa(total)})
		return reply(200, string(body)), err
	}}
	listed, err := connected(t, f).Templates(t.Context())
	if err != nil || len(listed) != total {
		t.Fatalf("Templates = %d, %v; want %d", len(listed), err, total)
	}
	want := template.Listed{ID: "id-2499", Name: "2499", Modified: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	if listed[total-1] != want || !cmp.Equal(starts, []string{"", "1000", "2000"}) {
		t.Errorf("the last is %+v, pages began at %q", listed[total-1], starts)
	}
}
