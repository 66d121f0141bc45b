package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"batchsend/envelope"
	"batchsend/internal/sandbox"
)

// templateOf is a template with these signers, each a JSON object without its
// braces.
func templateOf(signers ...string) json.RawMessage {
	for i := range signers {
		signers[i] = fmt.Sprintf(`{"recipientId":"%d",%s}`, i+1, signers[i])
	}
	return json.RawMessage(fmt.Sprintf(`{"templateId":%q,"name":"Names","emailSubject":"Please sign",
		"lastModified":"2026-02-03T04:05:06.0000000Z","documents":[{"documentId":"1","name":"a.pdf","order":"1","pages":"1"}],
		"recipients":{"signers":[%s]}}`, sandbox.DefaultTemplate, strings.Join(signers, ",")))
}

// tabsOf is text tabs of a signer, each a JSON object without its braces.
func tabsOf(tabs ...string) string {
	for i := range tabs {
		tabs[i] = fmt.Sprintf(`{"tabId":"%d","documentId":"1","pageNumber":"1",%s}`, i+1, tabs[i])
	}
	return `"tabs":{"textTabs":[` + strings.Join(tabs, ",") + `]}`
}

// sent are the recipients of an envelope, a line each.
func sent(env sandbox.Envelope) []string {
	var out []string
	for _, r := range env.Recipients {
		line := fmt.Sprintf("%d %s: %s <%s>", r.RoutingOrder, r.Role, r.Name, r.Email)
		for _, tab := range r.Tabs {
			line += fmt.Sprintf(" %s=%s", tab.Label, tab.Value)
		}
		if r.Added != "" {
			line += " ADDED: " + r.Added
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

// TestNames sends by templates whose names and labels are easily taken for one
// another, or whose tabs want to be filled. What a dry run says holds: it
// accepts what the sandbox then gives to the right people and tabs.
func TestNames(t *testing.T) {
	const (
		first  = `"roleName":"Employee","routingOrder":"1","name":"","email":"",`
		second = `"roleName":"Manager","routingOrder":"2","name":"","email":""`
		fourth = `"roleName":"Employee","routingOrder":"4","name":"","email":"",`
		fixed  = `"roleName":"Employee","routingOrder":"1","name":"Fay Fix","email":"fay@example.test"`
		header = "envelope,roleName,routingOrder,name,email"
		ann    = "A,Employee,1,Ann Ek,ann@example.test"
		bo     = "A,Manager,2,Bo Lind,bo@example.test"
		carol  = "A,Employee,4,Carol Berg,carol@example.test"
	)
	tests := []struct {
		name     string
		template json.RawMessage
		file     []string
		want     []string // recipients as sent; nil if the file is to be rejected
		says     string   // on stderr, a part of it
	}{
		{
			name:     "one role name at two routing orders, the last row first",
			template: templateOf(first+tabsOf(`"tabLabel":"Pay"`), second, fourth+tabsOf(`"tabLabel":"Pay"`)),
			file:     []string{header + ",tab:Pay", carol + ",4", bo + ",", ann + ",1"},
			want:     []string{"1 Employee: Ann Ek <ann@example.test> Pay=1", "2 Manager: Bo Lind <bo@example.test>", "4 Employee: Carol Berg <carol@example.test> Pay=4"},
		},
		{
			name:     "the same as composite templates",
			template: templateOf(first+tabsOf(`"tabLabel":"Pay"`), second, fourth+tabsOf(`"tabLabel":"Pay"`)),
			file:     []string{header + ",tab:Pay,note", carol + ",4,Hello", bo + ",,", ann + ",1,"},
			want:     []string{"1 Employee: Ann Ek <ann@example.test> Pay=1", "2 Manager: Bo Lind <bo@example.test>", "4 Employee: Carol Berg <carol@example.test> Pay=4"},
		},
		{
			name:     "a fixed role of the same name",
			template: templateOf(fixed, second, fourth+tabsOf(`"tabLabel":"Pay"`)),
			file:     []string{header, carol, bo},
			want:     []string{"1 Employee: Fay Fix <fay@example.test>", "2 Manager: Bo Lind <bo@example.test>", "4 Employee: Carol Berg <carol@example.test> Pay="},
		},
		{
			name:     "a fixed role of the same name, as composite templates",
			template: templateOf(fixed, second, fourth+tabsOf(`"tabLabel":"Pay"`)),
			file:     []string{header + ",note", carol + ",Hello", bo + ","},
			want:     []string{"1 Employee: Fay Fix <fay@example.test>", "2 Manager: Bo Lind <bo@example.test>", "4 Employee: Carol Berg <carol@example.test> Pay="},
		},
		{
			name:     "a tab that the sender must fill, filled",
			template: templateOf(first+tabsOf(`"tabLabel":"Pay","senderRequired":"true"`), second),
			file:     []string{header + ",tab:Pay", ann + ",1", bo + ","},
			want:     []string{"1 Employee: Ann Ek <ann@example.test> Pay=1", "2 Manager: Bo Lind <bo@example.test>"},
		},
		{
			name:     "a tab that the sender must fill, filled by the template",
			template: templateOf(first+tabsOf(`"tabLabel":"Pay","senderRequired":"true","value":"9"`), second),
			file:     []string{header, ann, bo},
			want:     []string{"1 Employee: Ann Ek <ann@example.test> Pay=9", "2 Manager: Bo Lind <bo@example.test>"},
		},
		{
			name:     "a tab that the sender must fill, empty",
			template: templateOf(first+tabsOf(`"tabLabel":"Pay","senderRequired":"true"`), second),
			file:     []string{header + ",tab:Pay", ann + ",", bo + ","},
			says:     `column "tab:Pay": TAB_VALUE: tab "Pay" of role "Employee" has no value, and the template says that the sender must give one`,
		},
		{
			name:     "a required tab that is locked, empty",
			template: templateOf(first+tabsOf(`"tabLabel":"Pay","required":"true","locked":"true"`), second),
			file:     []string{header, ann, bo},
			want:     []string{"1 Employee: Ann Ek <ann@example.test> Pay=", "2 Manager: Bo Lind <bo@example.test>"},
			says:     `warning: in.csv:2: TAB_VALUE: tab "Pay" of role "Employee" has no value, and its recipient must give one and cannot`,
		},
		{
			name:     "several tabs of a label with a space",
			template: templateOf(first+tabsOf(`"tabLabel":"S X"`, `"tabLabel":"S X"`), second),
			file:     []string{header + ",tab:S X", ann + ",1", bo + ","},
			want:     []string{"1 Employee: Ann Ek <ann@example.test> S X=1 S X=", "2 Manager: Bo Lind <bo@example.test>"},
			says:     `warning: in.csv:1: column "tab:S X": TAB_VALUE: 2 tabs of role "Employee" bear the label "S X"`,
		},
		{
			name:     "several tabs of a label",
			template: templateOf(first+tabsOf(`"tabLabel":"Day"`, `"tabLabel":"DayTwo"`, `"tabLabel":"Day"`), second),
			file:     []string{header + ",tab:Day", ann + ",1", bo + ","},
			want:     []string{"1 Employee: Ann Ek <ann@example.test> Day=1 DayTwo= Day=1", "2 Manager: Bo Lind <bo@example.test>"},
		},
		{
			name:     "several tabs of a label in which another ends",
			template: templateOf(first+tabsOf(`"tabLabel":"Day"`, `"tabLabel":"FirstDay"`, `"tabLabel":"Day"`), second),
			file:     []string{header + ",tab:Day", ann + ",1", bo + ","},
			says:     `column "tab:Day": TAB_VALUE: several tabs of role "Employee" bear the label "Day", and DocuSign, told to fill them all, would fill "FirstDay" too`,
		},
		{
			name:     "one tab of a label in which another ends",
			template: templateOf(first+tabsOf(`"tabLabel":"FirstDay"`, `"tabLabel":"Day"`), second),
			file:     []string{header + ",tab:Day", ann + ",1", bo + ","},
			want:     []string{"1 Employee: Ann Ek <ann@example.test> FirstDay= Day=1", "2 Manager: Bo Lind <bo@example.test>"},
		},
		{
			name:     "a file without an end",
			template: templateOf(first+tabsOf(`"tabLabel":"Day"`), second),
			file:     []string{header, ann, strings.TrimSuffix(bo, "st")},
			want:     []string{"1 Employee: Ann Ek <ann@example.test> Day=", "2 Manager: Bo Lind <bo@example.te>"},
			says:     "warning: in.csv:3: CSV_MALFORMED: the last line has no end",
		},
	}
	dir := t.TempDir() // of the sandbox and its key; each case has its own ledger
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			text := strings.Join(tt.file, "\n")
			if !strings.HasPrefix(tt.says, "warning: in.csv:3: CSV_MALFORMED") {
				text += "\n"
			}
			if err := os.WriteFile("in.csv", []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				var server *sandbox.Server
				tune := func(s *sandbox.Server) {
					server = s
					s.Store, s.Templates = "", []json.RawMessage{tt.template}
				}
				code := exitDone
				if tt.want == nil {
					code = exitRejected
				}
				for _, args := range [][]string{{"--dry-run"}, nil} {
					got := runHere(t, dir, tune, append([]string{"send", "--sandbox", "--ledger", "ledger.db", "in.csv"}, args...)...)
					if got.code != code || !strings.Contains(got.stderr, tt.says) {
						t.Errorf("%q: exit code %d, want %d and %q\n%s%s", args, got.code, code, tt.says, got.stdout, got.stderr)
					}
				}
				var have []string
				for _, env := range server.Envelopes() {
					have = append(have, sent(env)...)
				}
				if diff := cmp.Diff(tt.want, have); diff != "" {
					t.Errorf("sent (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestEveryCodeIsShown: a code that no script provokes is one that nobody has
// seen from outside.
func TestEveryCodeIsShown(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob("../../testdata/script/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	var all strings.Builder
	for _, path := range scripts {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	for _, e := range envelope.Explanations() {
		if !strings.Contains(all.String(), string(e.Code)) {
			t.Errorf("no script shows %s", e.Code)
		}
	}
}
