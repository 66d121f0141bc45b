package sandbox_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"batchsend/internal/sandbox"
)

func TestFillTabs(t *testing.T) {
	tests := []struct {
		name   string
		server *sandbox.Server
		query  string
		tabs   string
		label  string
		want   []string
		code   string
	}{
		{name: "text", tabs: `{"textTabs":[{"tabLabel":"Salary","value":"42000"}]}`, label: "Salary", want: []string{"42000"}},
		{name: "number for a string", tabs: `{"textTabs":[{"tabLabel":"Salary","value":42000}]}`, label: "Salary", want: []string{"42000"}},
		{name: "first of equal labels only", tabs: `{"textTabs":[{"tabLabel":"FirstDay","value":"Monday"}]}`, label: "FirstDay", want: []string{"Monday", ""}},
		{name: "all of equal labels", tabs: `{"textTabs":[{"tabLabel":"\\*FirstDay","value":"Monday"}]}`, label: "FirstDay", want: []string{"Monday", "Monday"}},
		{name: "the star stands for anything", tabs: `{"textTabs":[{"tabLabel":"\\*Day","value":"Monday"}]}`, label: "FirstDay", want: []string{"Monday", "Monday"}},
		{name: "the star stands for nothing when exact", query: "?tab_label_exact_matches=true", tabs: `{"textTabs":[{"tabLabel":"\\*Day","value":"Monday"}]}`, label: "FirstDay", want: []string{"", ""}},
		{name: "the star and a space", tabs: `{"textTabs":[{"tabLabel":"\\*First Day","value":"Monday"}]}`, label: "FirstDay", want: []string{"", ""}},
		{name: "case differs", tabs: `{"textTabs":[{"tabLabel":"salary","value":"42000"}]}`, label: "Salary", want: []string{""}},
		{name: "other type", tabs: `{"numberTabs":[{"tabLabel":"Salary","value":"42000"}]}`, label: "Salary", want: []string{""}},
		{name: "other document", tabs: `{"textTabs":[{"tabLabel":"Salary","value":"42000","documentId":"9"}]}`, label: "Salary", want: []string{""}},
		{name: "date", tabs: `{"dateTabs":[{"tabLabel":"StartDate","value":"2026-12-01"}]}`, label: "StartDate", want: []string{"2026-12-01"}},
		{name: "list", tabs: `{"listTabs":[{"tabLabel":"Office","value":"Berlin"}]}`, label: "Office", want: []string{"Berlin"}},
		{name: "list without the option", tabs: `{"listTabs":[{"tabLabel":"Office","value":"Paris"}]}`, code: "INVALID_REQUEST_PARAMETER"},
		{name: "check box", tabs: `{"checkboxTabs":[{"tabLabel":"Relocation","selected":"true"}]}`, label: "Relocation", want: []string{"true"}},
		{name: "check box by a boolean", tabs: `{"checkboxTabs":[{"tabLabel":"Relocation","selected":true}]}`, label: "Relocation", want: []string{"true"}},
		{name: "a value ticks no check box", tabs: `{"checkboxTabs":[{"tabLabel":"Relocation","value":"true"}]}`, label: "Relocation", want: []string{"false"}},
		{name: "radio", tabs: `{"radioGroupTabs":[{"groupName":"Plan","radios":[{"value":"gold","selected":"true"}]}]}`, label: "Plan", want: []string{"gold"}},
		{name: "radio without the option", tabs: `{"radioGroupTabs":[{"groupName":"Plan","radios":[{"value":"lead","selected":"true"}]}]}`, code: "INVALID_REQUEST_PARAMETER"},
		{name: "radio by label", tabs: `{"radioGroupTabs":[{"tabLabel":"Plan","radios":[{"value":"gold","selected":"true"}]}]}`, label: "Plan", want: []string{""}},
		{name: "not settable", tabs: `{"signHereTabs":[{"tabLabel":"EmployeeSignature","value":"x"}]}`, label: "EmployeeSignature", want: []string{""}},
		{name: "nulls", tabs: `{"textTabs":[{"tabLabel":"Salary","value":null}],"dateTabs":null,"prefillTabs":{}}`, label: "Salary", want: []string{""}},
		{name: "too many bytes", tabs: `{"textTabs":[{"tabLabel":"EmployeeID","value":"` + strings.Repeat("å", 2001) + `"}]}`, code: "INVALID_REQUEST_PARAMETER"},
		{name: "maxLength is not checked", tabs: `{"textTabs":[{"tabLabel":"Salary","value":"123456789012345678901"}]}`, label: "Salary", want: []string{"123456789012345678901"}},
		{name: "maxLength is checked", server: &sandbox.Server{CheckTabValues: true}, tabs: `{"textTabs":[{"tabLabel":"Salary","value":"123456789012345678901"}]}`, code: "INVALID_REQUEST_PARAMETER"},
		{name: "pattern is not checked", tabs: `{"textTabs":[{"tabLabel":"EmployeeID","value":"x"}]}`, label: "EmployeeID", want: []string{"x"}},
		{name: "pattern is checked", server: &sandbox.Server{CheckTabValues: true}, tabs: `{"textTabs":[{"tabLabel":"EmployeeID","value":"x"}]}`, code: "INVALID_REQUEST_PARAMETER"},
		{name: "pattern is met", server: &sandbox.Server{CheckTabValues: true}, tabs: `{"textTabs":[{"tabLabel":"EmployeeID","value":"12345"}]}`, label: "EmployeeID", want: []string{"12345"}},
		{name: "unknown label ignored", tabs: `{"textTabs":[{"tabLabel":"Wage","value":"1"}]}`, label: "Wage"},
		{name: "unknown label added", server: &sandbox.Server{UnknownTabs: sandbox.UnknownTabsAdd}, tabs: `{"textTabs":[{"tabLabel":"Wage","value":"1"}]}`, label: "Wage", want: []string{"1"}},
		{name: "unknown label rejected", server: &sandbox.Server{UnknownTabs: sandbox.UnknownTabsReject}, tabs: `{"textTabs":[{"tabLabel":"Wage","value":"1"}]}`, code: "INVALID_REQUEST_PARAMETER"},
		{name: "a list that is no list of strings", tabs: `{"textTabs":[{"tabLabel":{"a":1}}]}`, code: "INVALID_REQUEST_BODY"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := zero(tt.server)
			got := newClient(t, s).do("POST", "/envelopes"+tt.query, fromTemplate(with(ann, `"tabs":`+tt.tabs), bo))
			if got.code() != tt.code {
				t.Fatalf("got %d %s, want %q", got.status, got.body, tt.code)
			}
			if tt.code != "" {
				return
			}
			e := last(t, s)
			if diff := cmp.Diff(tt.want, values(e.Recipients[0], tt.label)); diff != "" {
				t.Errorf("%s: %s", tt.label, diff)
			}
		})
	}
}

// One envelope's values must not show in the next: both come from one template.
func TestTabsAreNotShared(t *testing.T) {
	s := &sandbox.Server{}
	c := newClient(t, s)
	c.create(fromTemplate(with(ann, `"tabs":{"textTabs":[{"tabLabel":"Salary","value":"42000"}]}`), bo))
	c.create(offer)
	if got := values(last(t, s).Recipients[0], "Salary"); got[0] != "" {
		t.Errorf("the second envelope has the first one's value %q", got[0])
	}
}

// What was filled can be read back in the form that the REST API has.
func TestTabsReadBack(t *testing.T) {
	s := &sandbox.Server{}
	c := newClient(t, s)
	id := c.create(fromTemplate(with(ann, `"tabs":{
		"textTabs":[{"tabLabel":"Salary","value":"42000"}],
		"listTabs":[{"tabLabel":"Office","value":"Berlin"}],
		"checkboxTabs":[{"tabLabel":"Relocation","selected":"true"}],
		"radioGroupTabs":[{"groupName":"Plan","radios":[{"value":"gold","selected":"true"}]}]}`), bo))
	got := c.do("GET", "/envelopes/"+id+"/recipients?include_tabs=true", "")
	for _, want := range []string{
		`"tabLabel":"Salary","tabType":"text","value":"42000"`, `"listSelectedValue":"Berlin"`,
		`"selected":"true","text":"Berlin"`, `"selected":"true"`, `"groupName":"Plan"`, `"value":"gold"`,
	} {
		if !strings.Contains(strings.ReplaceAll(got.body, `"validationPattern":"",`, ""), want) {
			t.Errorf("%s is not in %s", want, got.body)
		}
	}
	if got := c.do("GET", "/envelopes/"+id+"/recipients", ""); strings.Contains(got.body, "Salary") {
		t.Error("tabs were not asked for")
	}
}

// A label with a space cannot be used with the star.
func TestStarAndSpace(t *testing.T) {
	s := &sandbox.Server{Templates: edited(t, func(template map[string]any) {
		tabs := signer(template, 0)["tabs"].(map[string]any)["textTabs"].([]any)
		tabs[0].(map[string]any)["tabLabel"] = "Base salary"
	})}
	c := newClient(t, s)
	for label, want := range map[string]string{`\\*Base salary`: "", `Base salary`: "1"} {
		c.create(fromTemplate(with(ann, `"tabs":{"textTabs":[{"tabLabel":"`+label+`","value":"1"}]}`), bo))
		if got := values(last(t, s).Recipients[0], "Base salary")[0]; got != want {
			t.Errorf("%s: %q, want %q", label, got, want)
		}
	}
}

func TestSenderRequired(t *testing.T) {
	s := &sandbox.Server{Templates: edited(t, func(template map[string]any) {
		tabs := signer(template, 0)["tabs"].(map[string]any)["textTabs"].([]any)
		tabs[0].(map[string]any)["senderRequired"] = "true"
	})}
	c := newClient(t, s)
	if got := c.do("POST", "/envelopes", offer); got.code() != "ENVELOPE_IS_INCOMPLETE" {
		t.Errorf("empty: %d %s", got.status, got.body)
	}
	c.create(fromTemplate(with(ann, `"tabs":{"textTabs":[{"tabLabel":"Salary","value":"1"}]}`), bo))
}
