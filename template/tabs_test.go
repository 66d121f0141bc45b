package template_test

import (
	"strings"
	"testing"

	"batchsend/template"
)

func TestTabValue(t *testing.T) {
	options := []string{"gold", " silver "}
	for _, tt := range []struct {
		tab        template.Tab
		text, want string // want is "" where the value does not fit
	}{
		{template.Tab{Type: template.Text}, "anything, at all", "anything, at all"},
		{template.Tab{Type: template.Text, MaxLength: 3}, "abc", "abc"},
		{template.Tab{Type: template.Text, MaxLength: 3}, "abcd", ""},
		{template.Tab{Type: template.Text, MaxLength: 3}, "🙂🙂", ""},
		{template.Tab{Type: template.Text}, strings.Repeat("å", 2000), strings.Repeat("å", 2000)},
		{template.Tab{Type: template.Text}, strings.Repeat("å", 2000) + "a", ""},
		{template.Tab{Type: template.Text, Pattern: `[0-9]+`}, "12", "12"},
		{template.Tab{Type: template.Text, Pattern: `[0-9]+`}, "12a", ""},
		{template.Tab{Type: template.Text, Pattern: `a|b`}, "ab", ""},
		{template.Tab{Type: template.Text, Pattern: `^(?=.*[0-9]).+$`}, "not checked", "not checked"},
		{template.Tab{Type: template.List, Options: options}, "gold", "gold"},
		{template.Tab{Type: template.List, Options: options}, "silver", " silver "},
		{template.Tab{Type: template.Radio, Options: options}, "Gold", ""},
		{template.Tab{Type: template.Checkbox}, "TRUE", "true"},
		{template.Tab{Type: template.Checkbox}, "x", "true"},
		{template.Tab{Type: template.Checkbox}, "No", "false"},
		{template.Tab{Type: template.Checkbox}, "2", ""},
		{template.Tab{Type: template.Number}, "1,234.50", "1,234.50"},
		{template.Tab{Type: template.Number}, "1 234,50", "1 234,50"},
		{template.Tab{Type: template.Number}, "1'234", "1'234"},
		{template.Tab{Type: template.Number}, "-.5", "-.5"},
		{template.Tab{Type: template.Number}, "5.", "5."},
		{template.Tab{Type: template.Number}, "NaN", ""},
		{template.Tab{Type: template.Number}, "1e5", ""},
		{template.Tab{Type: template.Number}, "0x10", ""},
		{template.Tab{Type: template.Number}, "$5", ""},
		{template.Tab{Type: template.Numerical}, "five", ""},
		{template.Tab{Type: template.Email}, "ann@example.test", "ann@example.test"},
		{template.Tab{Type: template.Email}, "Ann <ann@example.test>", ""},
	} {
		got, err := tt.tab.Value(tt.text)
		if got != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("%+v takes %q as %q, %v, want %q", tt.tab, tt.text, got, err, tt.want)
		}
	}
}

// TestTabChoices: people know a list by the texts that it shows.
func TestTabChoices(t *testing.T) {
	tab := template.Tab{Type: template.List, Options: []string{"se", "NO"}, Texts: []string{"Sweden", "NO"}}
	for text, want := range map[string]string{
		"Sweden":  `"Sweden" is none of the choices "se" (shown as "Sweden") and "NO"; did you mean "se"?`,
		"Sweeden": `"Sweeden" is none of the choices "se" (shown as "Sweden") and "NO"; did you mean "se"?`,
		"no":      `"no" is none of the choices "se" (shown as "Sweden") and "NO"; did you mean "NO"?`,
		"Chile":   `"Chile" is none of the choices "se" (shown as "Sweden") and "NO"`,
	} {
		if _, err := tab.Value(text); err == nil || err.Error() != want {
			t.Errorf("Value(%q): %v, want %s", text, err, want)
		}
	}
}

func TestAlsoFilled(t *testing.T) {
	role := template.Role{Tabs: []template.Tab{{Label: "Day", Type: template.Text}, {Label: "Payday", Type: template.Text}, {Label: "LastDay", Type: template.Date}, {Label: "FirstDay", Type: template.Text}}}
	if got := role.AlsoFilled(template.Text, "Day"); got != &role.Tabs[3] {
		t.Errorf("AlsoFilled = %+v, want FirstDay", got)
	}
	if got := role.AlsoFilled(template.Text, "FirstDay"); got != nil {
		t.Errorf("AlsoFilled = %+v, want none", got)
	}
}

func TestFieldAccept(t *testing.T) {
	list := &template.Field{Name: "Region", List: true, Options: []string{"North", "South "}}
	if got, err := list.Accept("South"); got != "South " || err != nil {
		t.Errorf("Accept = %q, %v", got, err)
	}
	if err := list.Check("West"); err == nil || !strings.Contains(err.Error(), `"North" and "South "`) {
		t.Errorf("Check: %v", err)
	}
	if got, err := (&template.Field{}).Accept("whatever"); got != "whatever" || err != nil {
		t.Errorf("Accept = %q, %v", got, err)
	}
}

func TestLength(t *testing.T) {
	for text, want := range map[string]int{"": 0, "abc": 3, "åäö": 3, "🙂": 2, "\xff": 1} {
		if got := template.Length(text); got != want {
			t.Errorf("Length(%q) = %d, want %d", text, got, want)
		}
	}
}
