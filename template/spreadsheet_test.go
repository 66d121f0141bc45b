package template_test

import (
	"strings"
	"testing"

	"batchsend/template"
)

func TestShortened(t *testing.T) {
	for text, want := range map[string]bool{
		"1.23457E+11": true, "1,23457E+11": true, "4.67018E+10": true, "1E+15": true, "1.2e+11": true, "-1.5E+10": true, "1.5E-07": true, "9.99E+101": true,
		"": false, "1.23": false, "E+11": false, "1E11": false, "1E+1": false, "1.E+11": false, ".5E+11": false, "1.2.3E+11": false, "1E+11x": false, "AE+11": false, "1E+1234": false, "+46 70": false, "1E+": false, "1E": false,
	} {
		if got := template.Shortened(text); got != want {
			t.Errorf("Shortened(%q) = %v", text, got)
		}
	}
}

func TestSerialDate(t *testing.T) {
	for text, want := range map[string]string{
		"46357": "2026-12-01", "46358": "2026-12-02", "36526": "2000-01-01", "10000": "1927-05-18", "99999": "2173-10-13",
		"46357.5": "2026-12-01 12:00", "46357,75": "2026-12-01 18:00", "46357.0": "2026-12-01",
		"": "", "2026": "", "20261201": "", "463571": "", "04635": "", "46357.": "", "46357.5.5": "", "4635x": "", "-46357": "",
	} {
		if got, ok := template.SerialDate(text); got != want || ok != (want != "") {
			t.Errorf("SerialDate(%q) = %q, %v, want %q", text, got, ok, want)
		}
	}
}

// TestKinds: what tabs of a kind take is not what a text tab takes.
func TestKinds(t *testing.T) {
	for _, tt := range []struct {
		kind    template.TabType
		text    string
		message string // part of why it does not fit, "" if it does
	}{
		{template.Date, "2026-12-01", ""},
		{template.Date, "01.12.2026", ""},
		{template.Date, "12/31/2026", ""},
		{template.Date, "31/12/2026", ""},
		{template.Date, "31-12-26", ""},
		{template.Date, "29.02.2028", ""},
		{template.Date, "29.02.28", ""},
		{template.Date, "2026", ""},
		{template.Date, "20261201", ""},
		{template.Date, "1 December 2026", ""},
		{template.Date, "2026-12-01 09:30", ""},
		{template.Date, "2026-12-01T09:30:00Z", ""},
		{template.Date, "30.02.1447", ""},
		{template.Date, "30 Shevat 5786", ""},
		{template.Date, "December 2026", ""},
		{template.Date, "46357", "2026-12-01"},
		{template.Date, "46357.25", "2026-12-01 06:00"},
		{template.Date, "31.02.2026", "does not exist"},
		{template.Date, "1900-01-00", "does not exist"},
		{template.Date, "2026-13-45", "does not exist"},
		{template.Date, "29/02/2026", "does not exist"},
		{template.Date, "0000-00-00", "does not exist"},
		{template.Date, "00.00.00", "does not exist"},
		{template.Date, "2026-02-31 00:00", "does not exist"},
		{template.Date, "20261345", "does not exist"},
		{template.Date, "32.01.2026", "does not exist"},
		{template.SSN, "123-45-6789", ""},
		{template.SSN, "123456789", ""},
		{template.SSN, "12345678", "taken a 0"},
		{template.SSN, "12-345-6789", "nine digits"},
		{template.SSN, "123 45 6789", "nine digits"},
		{template.SSN, "1234567890", "nine digits"},
		{template.ZIP, "10115", ""},
		{template.ZIP, "10115-1234", ""},
		{template.ZIP, "101151234", ""},
		{template.ZIP, "2134", "taken a 0"},
		{template.ZIP, "2134-1234", "taken a 0"},
		{template.ZIP, "SW1A 1AA", "no ZIP code"},
		{template.ZIP, "10115-", "no ZIP code"},
		{template.ZIP, "101-151234", "no ZIP code"},
		{template.Number, "1.23457E+11", "shortened"},
		{template.Numerical, "1,5E+12", "shortened"},
	} {
		tab := template.Tab{Type: tt.kind}
		_, err := tab.Value(tt.text)
		switch {
		case tt.message == "" && err != nil, tt.message != "" && err == nil:
			t.Errorf("%s takes %q: %v", tt.kind, tt.text, err)
		case err != nil && !strings.Contains(err.Error(), tt.message):
			t.Errorf("%s and %q: %v says nothing of %q", tt.kind, tt.text, err, tt.message)
		case err != nil && tt.kind == template.SSN && strings.Contains(err.Error(), tt.text):
			t.Errorf("a Social Security number is shown: %v", err)
		}
	}
	own := template.Tab{Type: template.ZIP, Pattern: `[0-9]{3} [0-9]{2}`}
	if _, err := own.Value("111 22"); err != nil {
		t.Errorf("a ZIP tab with a pattern of its own: %v", err)
	}
}

func FuzzSpreadsheetValues(f *testing.F) {
	for _, seed := range []string{"46357", "31.02.2026", "1.2E+11", "20261201", "123-45-6789", "é", "1E", "--- "} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, serial := template.SerialDate(text); serial && template.Shortened(text) {
			t.Errorf("%q is two things", text)
		}
		for _, kind := range []template.TabType{template.Date, template.SSN, template.ZIP, template.Number} {
			tab := template.Tab{Type: kind}
			if value, err := tab.Value(text); err == nil && value != text {
				t.Errorf("%s makes %q of %q", kind, value, text)
			}
		}
	})
}
