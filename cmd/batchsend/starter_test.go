package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"batchsend/internal/sandbox"
	"batchsend/internal/templatefile"
	"batchsend/template"
)

// starterTemplates are templates whose names make trouble in a CSV file, with the forms
// that can hold them.
var starterTemplates = []struct{ name, recipients, fields, forms string }{
	{
		"Odd labels", `"signers": [
		{"recipientId": "1", "roleName": "Tenant, \"first\"", "routingOrder": "1", "tabs": {
			"textTabs": [{"tabLabel": "Rent"}, {"tabLabel": "Name"}, {"tabLabel": "tab:x"}, {"tabLabel": "a, \"b\""}, {"tabLabel": "Notice  period", "maxLength": "5"}, {"tabLabel": "Strasse Nr."}],
			"numberTabs": [{"tabLabel": "=Sum"}], "checkboxTabs": [{"tabLabel": "Pets"}],
			"listTabs": [{"tabLabel": "Floor", "required": "true", "listItems": [{"text": "Ground", "value": "0"}, {"text": "First", "value": "1"}]}],
			"radioGroupTabs": [{"groupName": "Term", "radios": [{"value": "short"}, {"value": "long"}]}],
			"signHereTabs": [{"documentId": "1", "pageNumber": "1"}]}},
		{"recipientId": "2", "roleName": "=Landlord", "routingOrder": "2", "tabs": {"textTabs": [{"tabLabel": "Rent", "senderRequired": "true"}, {"tabLabel": "Email"}], "signHereTabs": [{"documentId": "1", "pageNumber": "1"}]}}],
		"carbonCopies": [{"recipientId": "3", "roleName": "Archive", "routingOrder": "3", "name": "Archive", "email": "archive@example.test"}]`,
		`"textCustomFields": [{"name": "Cost centre", "required": "true"}], "listCustomFields": [{"name": "Region", "required": "true", "listItems": ["North", "South"]}]`,
		"long wide",
	},
	{
		"Shared role", `"signers": [
		{"recipientId": "1", "roleName": "Witness", "routingOrder": "1", "tabs": {"textTabs": [{"tabLabel": "Town"}], "signHereTabs": [{"documentId": "1", "pageNumber": "1"}]}},
		{"recipientId": "2", "roleName": "Witness", "routingOrder": "2", "tabs": {"textTabs": [{"tabLabel": "Town"}], "signHereTabs": [{"documentId": "1", "pageNumber": "1"}]}}]`,
		``, "long",
	},
	{
		"Marked role", `"signers": [{"recipientId": "1", "roleName": "Team::Lead", "routingOrder": "1", "tabs": {"textTabs": [{"tabLabel": "Town"}], "signHereTabs": [{"documentId": "1", "pageNumber": "1"}]}}]`,
		``, "long",
	},
	{
		"Marked label", `"signers": [{"recipientId": "1", "roleName": "Lead", "routingOrder": "1", "tabs": {"textTabs": [{"tabLabel": "Home::Town", "senderRequired": "true"}], "signHereTabs": [{"documentId": "1", "pageNumber": "1"}]}}]`,
		``, "long wide",
	},
}

// TestStarter begins a file for every template, fills it in, and has it checked as CSV
// file and as workbook against the sandbox and against the template's file. Both must
// take it, and agree.
func TestStarter(t *testing.T) {
	p := newPlace(t)
	ids, forms := []string{sandbox.DefaultTemplate}, []string{"long wide"}
	for i, s := range starterTemplates {
		id := fmt.Sprintf("0ffe1e77-0000-4000-8000-0000000001%02d", i)
		ids, forms = append(ids, id), append(forms, s.forms)
		p.write(t, fmt.Sprintf("state/batchsend/sandbox/template-%d.json", i), fmt.Sprintf(`{"templateId": %q, "name": %q, "emailSubject": "Sign", "lastModified": "2026-02-03T04:05:06Z",
			"documents": [{"documentId": "1", "name": "a.pdf"}], "recipients": {%s}, "customFields": {%s}}`, id, s.name, s.recipients, s.fields))
	}
	// The built-in one is written only where there is none yet.
	if got := p.run(t, nil, "template", "--sandbox"); got.code != 0 || strings.Count(got.stdout, "\n") != len(ids)+1 {
		t.Fatalf("the sandbox has other templates than these: %s%s", got.stdout, got.stderr)
	}
	for i, id := range ids {
		file := fmt.Sprintf("template-%d.json", i)
		if got := p.run(t, nil, "template", "pull", "--sandbox", "-o", file, id); got.code != 0 {
			t.Fatalf("pull %s: %s", id, got.stderr)
		}
		pulled, err := templatefile.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range []string{"long", "wide"} {
			args := []string{"template", "csv", "--sandbox", id}
			if form == "wide" {
				args = append(args, "--wide")
			}
			got := p.run(t, nil, args...)
			if !strings.Contains(forms[i], form) {
				if got.code == 0 && !strings.Contains(got.stderr, "one row per envelope") {
					t.Errorf("%s, %s: made without a word: %s", pulled.Template.Name, form, got.stdout)
				}
				continue
			}
			name := fmt.Sprintf("%s-%d.csv", form, i)
			records := fillStarter(t, pulled.Template, got.stdout)
			writeCSV(t, name, records)
			compareChecks(t, p, file, id, name, 0)
			name = strings.TrimSuffix(name, ".csv") + ".xlsx"
			writeWorkbook(t, name, records)
			compareChecks(t, p, file, id, name, 0)
		}
	}
}

// TestTemplateFileAgrees: the samples get the same verdicts from a template's file as
// from the account.
func TestTemplateFileAgrees(t *testing.T) {
	samples, err := filepath.Glob("../../samples/*.csv")
	if err != nil || len(samples) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	texts := map[string]string{}
	for _, path := range samples {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.Base(path)] = string(text)
	}
	p := newPlace(t)
	if got := p.run(t, nil, "template", "pull", "--sandbox", "-o", "t.json", sandbox.DefaultTemplate); got.code != 0 {
		t.Fatal(got.stderr)
	}
	for name, text := range texts {
		p.write(t, name, text)
		compareChecks(t, p, "t.json", sandbox.DefaultTemplate, name, -1)
	}
}

// compareChecks has a file checked against the account and against a template's file.
// want is the exit code of both; -1 is any that is the same.
func compareChecks(t *testing.T, p *place, templateFile, id, name string, want int) {
	t.Helper()
	online := p.run(t, nil, "send", "--sandbox", "--dry-run", "--template", id, "--results", "online.csv", name)
	offline := runIn(t.Context(), map[string]string{}, "", "send", "--dry-run", "--template-file", templateFile, "--results", "offline.csv", name)
	if online.code != offline.code || want >= 0 && online.code != want {
		t.Errorf("%s: exit code %d against the account, %d against the file, want %d:\n%s\n%s", name, online.code, offline.code, want, online.stderr, offline.stderr)
	}
	a, b := verdicts(t, "online.csv"), verdicts(t, "offline.csv")
	if len(a) < 2 || len(a) != len(b) {
		t.Fatalf("%s: %d lines of results against the account, %d against the file", name, len(a), len(b))
	}
	for i := range a {
		if a[i] != b[i] {
			t.Errorf("%s: against the account %s\nagainst the file %s", name, a[i], b[i])
		}
	}
}

// verdicts returns the lines of a results file. What is said of templates that are
// missing differs: an account lists those that it has.
func verdicts(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	for i, line := range lines {
		if before, _, found := strings.Cut(line, ",TEMPLATE_UNKNOWN,"); found {
			lines[i] = before + ",TEMPLATE_UNKNOWN"
		}
	}
	return lines
}

// fillStarter fills in a starter file as a script would that knows the template.
func fillStarter(t *testing.T, tmpl *template.Template, text string) [][]string {
	t.Helper()
	records, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(records) < 2 {
		t.Fatalf("the starter file of %s cannot be read: %v\n%s", tmpl.Name, err, text)
	}
	header := records[0]
	for n, row := range records[1:] {
		for i, column := range header {
			name, rest := column, ""
			role := &template.Role{}
			if records[0][1] == "roleName" {
				role, err = tmpl.Match(row[1], int(row[2][0]-'0'))
				if err != nil {
					t.Fatal(err)
				}
			} else if before, after, ok := strings.Cut(column, "::"); ok && !strings.HasPrefix(column, "field:") {
				if role, ok = tmpl.RoleByHeader(before); !ok {
					t.Fatalf("column %q names no role", column)
				}
				name, rest = after, before
			}
			label, isTab := strings.CutPrefix(name, "tab:")
			field, isField := strings.CutPrefix(name, "field:")
			switch {
			case row[i] != "":
			case strings.EqualFold(name, "name"):
				row[i] = fmt.Sprintf("Ann Ek %c", 'A'+n+i)
			case strings.EqualFold(name, "email"):
				row[i] = fmt.Sprintf("ann.%d.%d@example.test", n, i)
			case isField:
				f, ok := tmpl.Field(field)
				if !ok {
					t.Fatalf("column %q names no field", column)
				}
				if row[i] = "4711"; f.List {
					row[i] = f.Options[0]
				}
			case isTab || rest != "":
				if tabs := role.TabsByHeader(label); len(tabs) > 0 {
					row[i] = sensible(tabs[0])
				} else if rest != "" {
					t.Errorf("column %q names no tab", column)
				}
			}
		}
	}
	return records
}

func writeCSV(t *testing.T, path string, records [][]string) {
	t.Helper()
	var b bytes.Buffer
	if err := csv.NewWriter(&b).WriteAll(records); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// writeWorkbook writes records as texts into the first sheet of a workbook.
func writeWorkbook(t *testing.T, path string, records [][]string) {
	t.Helper()
	book := excelize.NewFile()
	defer book.Close()
	for i, record := range records {
		if err := book.SetSheetRow("Sheet1", "A"+strconv.Itoa(i+1), &record); err != nil {
			t.Fatal(err)
		}
	}
	if err := book.SaveAs(path); err != nil {
		t.Fatal(err)
	}
}

// sensible is a value that a tab takes; "" if none of those tried does.
func sensible(tab *template.Tab) string {
	tried := tab.Options
	if len(tried) == 0 {
		tried = []string{"abc", "12345", "true", "2026-12-01", "bo@example.test", "123-45-6789"}
	}
	if tab.Type == template.Date {
		tried = []string{"2026-12-01"}
	}
	for _, text := range tried {
		if value, err := tab.Value(text); err == nil {
			return value
		}
	}
	return ""
}
