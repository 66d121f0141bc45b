package envelope_test

import (
	"fmt"
	"net/mail"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"batchsend/envelope"
	"batchsend/internal/golden"
)

// addresses are what people write in the e-mail column, good and bad.
var addresses = []struct {
	text string
	ok   bool
}{
	{"ann.ek@example.test", true},
	{" Ann.Ek@Example.Test ", true},
	{"o'brien+offers_2026@sub.example.test", true},
	{"a/b=c!d#e@example.test", true},
	{"ann@b\u00fccher.test", true},
	{"ann@xn--bcher-kva.test", true},
	{"ann@\u4f8b\u3048.test", true},
	{"ann@123.test", true},
	{"ann@example.xn--p1ai", true},
	{strings.Repeat("a", 64) + "@example.test", true},
	{"", false},
	{"\u200b", false},
	{"ann", false},
	{"ann@", false},
	{"@example.test", false},
	{"ann@example", false},
	{"ann@example.t", false},
	{"ann@127.0.0.1", false},
	{"ann@[127.0.0.1]", false},
	{"ann@example..test", false},
	{"ann@.example.test", false},
	{"ann@example.test.", false},
	{"ann@-example.test", false},
	{"ann@exam_ple.test", false},
	{"ann@" + strings.Repeat("a", 64) + ".test", false},
	{"ann.@example.test", false},
	{".ann@example.test", false},
	{"a..b@example.test", false},
	{"ann@bo@example.test", false},
	{"ann ek@example.test", false},
	{"ann@exam ple.test", false},
	{"ann@example.test, bo@example.test", false},
	{"ann@example.test;bo@example.test", false},
	{"ann@example.test bo@example.test", false},
	{"Ann Ek <ann@example.test>", false},
	{"<ann@example.test>", false},
	{"ann@example.test (work)", false},
	{"mailto:ann@example.test", false},
	{`"ann ek"@example.test`, false},
	{"\u00e5sa@example.test", false},
	{"🙂@example.test", false},
	{"ann@🙂.test", false},
	{"ann\u200b@example.test", false},
	{"ann@exam\u200bple.test", false},
	{"ann@exam\u00adple.test", false},
	{"ann@\uff45xample.test", false},
	{"ann@ex\u0430mple.test", false},
	{"ann\x07@example.test", false},
	{"ann\n@example.test", false},
	{"ann@example\u3002test", false},
	{strings.Repeat("a", 65) + "@example.test", false},
	{"ann@" + strings.Repeat("a.", 50) + "test", false},
}

func TestAddresses(t *testing.T) {
	var messages strings.Builder
	for _, tt := range addresses {
		problems, _ := problemsOf(t, checker(one(nil)), "name,email\nAnn Ek,\""+strings.ReplaceAll(tt.text, `"`, `""`)+"\"\n")
		if got := len(problems) == 0; got != tt.ok {
			t.Errorf("%q is taken: %v, want %v: %v", tt.text, got, tt.ok, problems)
		}
		for _, p := range problems {
			fmt.Fprintln(&messages, p.Message)
		}
	}
	golden.Compare(t, "addresses.golden", messages.String())
}

// TestTakenAddressesAreAddresses: whatever is taken, a real parser takes too.
func TestTakenAddressesAreAddresses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-z0-9.+_'"@\- åа]{0,6}@[a-z0-9.\-åа]{0,12}`).Draw(t, "address")
		in, err := readFile("name\temail\nAnn\t\"" + strings.ReplaceAll(text, `"`, `""`) + "\"\n")
		if err != nil {
			t.Fatal(err)
		}
		check(checker(one(nil)), in.Drafts)
		if env := in.Drafts[0].Envelope; env != nil {
			a, err := mail.ParseAddress(env.Recipients[0].Email)
			if err != nil || a.Address != env.Recipients[0].Email {
				t.Errorf("%q is taken, and the parser says %v, %v", text, a, err)
			}
		}
	})
}

func TestPhones(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"+46 70 123 45 67", "46 701234567"},
		{"+46 (0)70-123 45 67", "46 701234567"},
		{"(+46) 70 123 45 67", "46 701234567"},
		{"0046.701234567", "46 701234567"},
		{"+1 (212) 555-0100", "1 2125550100"},
		{"+7 912 345 67 89", "7 9123456789"},
		{"+358 40 123 4567", "358 401234567"},
		{"+39 06 1234 5678", "39 0612345678"},
		{"+46\u00a070\u2011123\u201145\u201167", "46 701234567"},
		{"0701234567", ""},
		{"+46 070 123 45 67", ""},
		{"+1 555 0100", ""},
		{"+0 701 234 567", ""},
		{"+46 70 CALL ME", ""},
		{"4.67E+10", ""},
		{"+46+701234567", ""},
		{"+46", ""},
		{"+1234567890123456", ""},
		{"++46701234567", ""},
	} {
		p, err := envelope.ParsePhone(tt.text)
		got := strings.TrimSpace(p.CountryCode + " " + p.Number)
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("ParsePhone(%q) = %q, %v, want %q", tt.text, got, err, tt.want)
		}
	}
}
