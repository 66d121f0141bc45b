package envelope_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"batchsend/envelope"
	"batchsend/internal/golden"
	"batchsend/reminders"
	"batchsend/template"
)

// What most files below begin with: a correct header, a correct row.
const (
	longHead = "envelope,roleName,routingOrder,name,email"
	ann      = "A,Employee,1,Ann Ek,ann.ek@example.test"
	bo       = "A,Manager,2,Bo Lind,bo.lind@example.test"
)

// long puts a file together: columns besides the five of longHead, and lines.
func long(more string, lines ...string) string {
	if more != "" {
		more = "," + more
	}
	return longHead + more + "\n" + strings.Join(lines, "\n") + "\n"
}

// one is the template of a single role that needs little.
func one(change func(*template.Template)) *template.Template {
	t := &template.Template{
		ID: offerID, Name: "Leaflet", Subject: "Please read",
		Roles: []template.Role{{Name: "Reader", Kind: template.Signer, RoutingOrder: 1, Tabs: []template.Tab{{Label: "City", Type: template.Text}}}},
	}
	if change != nil {
		change(t)
	}
	return t
}

// problemCases are files with mistakes, and what is told of each: line, code
// and column. The full messages stand in testdata/problems.golden.
var problemCases = []struct {
	name  string
	file  string
	with  func(*envelope.Checker)
	under *template.Template // instead of the offer letter
	want  []string
}{
	{name: "nothing wrong", file: long("", ann, bo)},

	// Roles.
	{name: "role with a trailing space", file: long("", ann, `A,"Manager ",2,Bo Lind,bo.lind@example.test`), want: []string{"3 ROLE_UNKNOWN roleName"}},
	{name: "role with a leading space", file: long("", ann, `A, Manager,2,Bo Lind,bo.lind@example.test`), want: []string{"3 ROLE_UNKNOWN roleName"}},
	{name: "role in other case", file: long("", ann, `A,manager,2,Bo Lind,bo.lind@example.test`), want: []string{"3 ROLE_UNKNOWN roleName"}},
	{name: "role with a no-break space", file: long("", ann, "A,Manager\u00a0,2,Bo Lind,bo.lind@example.test"), want: []string{"3 ROLE_UNKNOWN roleName"}},
	{name: "role with a zero-width space", file: long("", ann, "A,Man\u200bager,2,Bo Lind,bo.lind@example.test"), want: []string{"3 ROLE_UNKNOWN roleName"}},
	{name: "role with a Cyrillic letter", file: long("", ann, "A,М\u0430nager,2,Bo Lind,bo.lind@example.test"), want: []string{"3 ROLE_UNKNOWN roleName"}},
	{name: "role misspelt", file: long("", ann, `A,Manger,2,Bo Lind,bo.lind@example.test`), want: []string{"3 ROLE_UNKNOWN roleName"}},
	{name: "role of another template", file: long("", ann, `A,Witness,2,Bo Lind,bo.lind@example.test`), want: []string{"3 ROLE_UNKNOWN roleName"}},
	{name: "role missing in the cell", file: long("", ann, `A, ,2,Bo Lind,bo.lind@example.test`), want: []string{"3 ROLE_UNKNOWN roleName"}},
	{
		name: "role in another Unicode form", file: "roleName,name,email\nA\u030alandare,Ann Ek,ann.ek@example.test\n",
		under: one(func(t *template.Template) { t.Roles[0].Name = "\u00c5landare" }),
		want:  []string{"2 ROLE_UNKNOWN roleName"},
	},
	{
		name: "role with a long dash", file: "roleName,name,email\nVice\u2013President,Ann Ek,ann.ek@example.test\n",
		under: one(func(t *template.Template) { t.Roles[0].Name = "Vice-President" }),
		want:  []string{"2 ROLE_UNKNOWN roleName"},
	},
	{name: "another routing order", file: long("", ann, `A,Manager,1,Bo Lind,bo.lind@example.test`), want: []string{"3 ROUTING_ORDER_MISMATCH routingOrder"}},
	{name: "routing order is no number", file: long("", ann, `A,Manager,second,Bo Lind,bo.lind@example.test`), want: []string{"3 ROUTING_ORDER_MISMATCH routingOrder"}},
	{name: "routing order empty", file: long("", ann, `A,Manager,,Bo Lind,bo.lind@example.test`)},
	{name: "role filled by nobody", file: long("", ann), want: []string{"2 ROLE_MISSING"}},
	{name: "envelope cell left empty", file: long("", ann, `,Manager,2,Bo Lind,bo.lind@example.test`), want: []string{"2 ROLE_MISSING", "3 ROLE_MISSING"}},
	{name: "no envelope column", file: "roleName,name,email\nEmployee,Ann Ek,ann.ek@example.test\n", want: []string{"2 ROLE_MISSING"}},
	{name: "role filled twice", file: long("", ann, bo, `A,Manager,2,Cy Berg,cy.berg@example.test`), want: []string{"4 ROLE_REPEATED roleName"}},
	{name: "role filled twice instead of another", file: long("", ann, `A,Employee,1,Bo Lind,bo.lind@example.test`), want: []string{"3 ROLE_REPEATED roleName"}},
	{name: "fixed role", file: long("", ann, bo, `A,HR Records,3,Cy Berg,cy.berg@example.test`), want: []string{"4 ROLE_FIXED roleName"}},
	{
		name: "role fixed to a signing group", file: "roleName,name,email\nReader,Ann Ek,ann.ek@example.test\nOffice,Bo Lind,bo.lind@example.test\n",
		under: one(func(t *template.Template) {
			t.Roles = append(t.Roles, template.Role{Name: "Office", Kind: template.Signer, RoutingOrder: 2, Person: template.Person{Group: "7"}})
		}), want: []string{"3 ROLE_FIXED roleName", "3 ROLE_MISSING"},
	},
	{
		name: "locked role in a row", file: "roleName,name,email\nReader,Ann Ek,ann.ek@example.test\n",
		under: one(func(t *template.Template) { t.Roles[0].Locked = true }), want: []string{"2 ROLE_FIXED roleName"},
	},
	{
		name: "locked role in no row", file: "envelope,roleName,name,email\nA,Reader,Ann Ek,ann.ek@example.test\n",
		under: one(func(t *template.Template) {
			t.Roles = append(t.Roles, template.Role{Name: "Keeper", Kind: template.Signer, RoutingOrder: 2, Locked: true})
		}), want: []string{"2 ROLE_FIXED"},
	},
	{
		name: "role of a kind that no file fills", file: "roleName,name,email\nReader,Ann Ek,ann.ek@example.test\n",
		under: one(func(t *template.Template) { t.Roles[0].Kind = template.InPersonSigner }), want: []string{"2 ROLE_KIND roleName"},
	},
	{
		name: "the same in a bare file", file: "name,email\nAnn Ek,ann.ek@example.test\n",
		under: one(func(t *template.Template) { t.Roles[0].Kind = template.Notary }), want: []string{"1 ROLE_KIND"},
	},
	{
		name: "two roles of one name, none said", file: "envelope,roleName,routingOrder,name,email\nA,Reader,,Ann Ek,ann.ek@example.test\nA,Reader,2,Bo Lind,bo.lind@example.test\n",
		under: one(func(t *template.Template) {
			t.Roles = append(t.Roles, template.Role{Name: "Reader", Kind: template.Signer, RoutingOrder: 2})
		}), want: []string{"2 ROUTING_ORDER_MISMATCH routingOrder"},
	},
	{
		name: "two roles of one name at one routing order, in a row", file: "envelope,roleName,routingOrder,name,email\nA,Reader,1,Ann Ek,ann.ek@example.test\n",
		under: one(func(t *template.Template) { t.Roles = append(t.Roles, t.Roles[0]) }), want: []string{"2 ROUTING_ORDER_MISMATCH routingOrder"},
	},
	{
		name: "two roles of one name at one routing order, in no row", file: "envelope,roleName,routingOrder,name,email\nA,Writer,1,Ann Ek,ann.ek@example.test\n",
		under: one(func(t *template.Template) {
			t.Roles = append(t.Roles, t.Roles[0], template.Role{Name: "Writer", Kind: template.Signer, RoutingOrder: 1})
		}), want: []string{"2 ROLE_MISSING"},
	},
	{
		name: "a role without a name among those there are", file: "envelope,roleName,name,email\nA,Lawyer,Ann Ek,ann.ek@example.test\n",
		under: one(func(t *template.Template) {
			t.Roles = append(t.Roles, template.Role{Kind: template.Signer, RoutingOrder: 2})
		}), want: []string{"2 ROLE_UNKNOWN roleName", "2 ROLE_MISSING"},
	},
	{
		name: "a person without a role name", file: "envelope,roleName,name,email\nA,Reader,Ann Ek,ann.ek@example.test\n",
		under: one(func(t *template.Template) {
			t.Roles = append(t.Roles, template.Role{Kind: template.Signer, RoutingOrder: 2, Person: template.Person{Name: "Ann Ek", Email: "ann.ek@example.test"}})
		}), want: []string{"2 DUPLICATE_RECIPIENT email"},
	},
	{name: "bare file for two roles", file: "name,email\nAnn Ek,ann.ek@example.test\n", want: []string{"1 ROLE_UNKNOWN"}},

	// Duplicates.
	{name: "one person in two roles", file: long("", ann, `A,Manager,2,Ann Ek, ANN.EK@Example.Test`), want: []string{"3 DUPLICATE_RECIPIENT email"}},
	{name: "one person in two roles, allowed", file: long("", ann, `A,Manager,2,Ann Ek,ann.ek@example.test`), with: allowSamePerson},
	{
		name: "one person twice at one routing order, allowed elsewhere", with: allowSamePerson, under: parallel(),
		file: "envelope,roleName,name,email\nA,First,Ann Ek,ann.ek@example.test\nA,Second,Bo Lind,bo.lind@example.test\nA,Third,Bo Lind,bo.lind@example.test\n",
		want: []string{"4 DUPLICATE_RECIPIENT email"},
	},
	{
		name: "one person thrice, twice at one routing order", with: allowSamePerson, under: parallel(),
		file: "envelope,roleName,name,email\nA,First,Ann Ek,ann.ek@example.test\nA,Second,Ann Ek,ann.ek@example.test\nA,Third,Ann Ek,ann.ek@example.test\n",
		want: []string{"4 DUPLICATE_RECIPIENT email"},
	},
	{name: "the template's own recipient", file: long("", ann, `A,Manager,2,HR,HR-Records@example.test`), want: []string{"3 DUPLICATE_RECIPIENT email"}},
	{name: "an international domain written twice", file: long("", `A,Employee,1,Ann Ek,ann@bücher.test`, `A,Manager,2,Ann Ek,ann@xn--bcher-kva.test`), want: []string{"3 DUPLICATE_RECIPIENT email"}},
	{name: "the same envelope twice", file: long("", ann, bo, `B,Manager,2,Bo Lind,bo.lind@example.test`, `B,Employee,1,Ann Ek,ANN.EK@example.test `), want: []string{"4 DUPLICATE_ENVELOPE"}},
	{name: "the same people, other values", file: long("tab:Salary", ann+",1", bo+",", `B,Manager,2,Bo Lind,bo.lind@example.test,`, `B,Employee,1,Ann Ek,ann.ek@example.test,2`), want: []string{"warning 4 DUPLICATE_ENVELOPE"}},
	{name: "the same people and values a third time", file: "Name,Email,City\nAnn Ek,ann.ek@example.test,Rome\nAnn Ek,ann.ek@example.test,Oslo\nAnn Ek,ann.ek@example.test,Oslo\nAnn Ek,ann.ek@example.test,Rome\n", under: one(nil), want: []string{"4 DUPLICATE_ENVELOPE", "5 DUPLICATE_ENVELOPE", "warning 3 DUPLICATE_ENVELOPE"}},

	// Names and texts.
	{name: "no name", file: long("", ann, `A,Manager,2, ,bo.lind@example.test`), want: []string{"3 NAME_MISSING name"}},
	{name: "a name that nobody sees", file: long("", ann, "A,Manager,2,\u200b,bo.lind@example.test"), want: []string{"3 NAME_MISSING name"}},
	{name: "a name on two lines", file: long("", ann, "A,Manager,2,\"Bo\nLind\",bo.lind@example.test"), want: []string{"3 TEXT_INVALID name"}},
	{name: "a name damaged in conversion", file: long("", ann, "A,Manager,2,Bj\ufffdrn Lind,bo.lind@example.test"), want: []string{"3 TEXT_INVALID name"}},
	{name: "a long name", file: long("", ann, "A,Manager,2,"+strings.Repeat("a", 101)+",bo.lind@example.test"), want: []string{"3 TOO_LONG name"}},
	{name: "a long name in letters of two bytes", file: long("", ann, "A,Manager,2,"+strings.Repeat("å", 100)+",bo.lind@example.test")},
	{name: "a name of emoji counts twice", file: long("", ann, "A,Manager,2,"+strings.Repeat("🙂", 51)+",bo.lind@example.test"), want: []string{"3 TOO_LONG name"}},
	{name: "a long note", file: long("note", ann+","+strings.Repeat("n", 1001), bo+","), want: []string{"2 TOO_LONG note"}},
	{name: "a note on two lines", file: long("note", ann+",\"Dear Ann,\r\nplease sign\"", bo+",")},
	{name: "a control character in a note", file: long("note", ann+",be\x07ll", bo+","), want: []string{"2 TEXT_INVALID note"}},
	{name: "a long message", file: long("emailBlurb", ann+","+strings.Repeat("n", 10_001), bo+","), want: []string{"2 TOO_LONG emailBlurb"}},
	{name: "a long subject", file: long("emailSubject", ann+","+strings.Repeat("s", 101), bo+","), want: []string{"2 TOO_LONG emailSubject"}},
	{name: "a subject on two lines", file: long("emailSubject", ann+",\"Your\noffer\"", bo+","), want: []string{"2 TEXT_INVALID emailSubject"}},
	{name: "a subject made long by its merge fields", file: long("emailSubject", "A,Employee,1,"+strings.Repeat("a", 91)+",ann.ek@example.test,Offer for [[Employee_UserName]]", bo+","), want: []string{"2 TOO_LONG emailSubject"}},
	{name: "a subject made short by its merge fields", file: long("emailSubject", ann+",[[Employee_UserName]] [[Manager_Email]] [[HR Records_UserName]] [[ECF:Department]] [[Employee_Email]] [[Manager_UserName]]", bo+",")},
	{name: "a merge field of no role", file: long("emailSubject", ann+",Offer for [[Employe_UserName]]", bo+","), want: []string{"2 TEXT_INVALID emailSubject"}},
	{name: "a merge field of no custom field", file: long("emailSubject", ann+",Offer in [[ECF:Town]]", bo+","), want: []string{"2 TEXT_INVALID emailSubject"}},
	{name: "brackets that are no merge field", file: long("emailSubject", ann+",Offer [[2026", bo+",")},
	{name: "no subject anywhere", file: "name,email\nAnn Ek,ann.ek@example.test\n", under: one(func(t *template.Template) { t.Subject = "" }), want: []string{"2 TEXT_INVALID"}},

	// Tabs that must not stay empty, and tabs that share a label.
	{name: "a tab that the sender must fill, no column", file: "name,email\nAnn Ek,ann.ek@example.test\n", under: one(demanding), want: []string{"2 TAB_VALUE"}},
	{name: "a tab that the sender must fill, empty cell", file: "name,email,City\nAnn Ek,ann.ek@example.test,\n", under: one(demanding), want: []string{"2 TAB_VALUE City"}},
	{name: "a tab that the sender must fill, filled", file: "name,email,City\nAnn Ek,ann.ek@example.test,Oslo\n", under: one(demanding)},
	{name: "a tab that the sender must fill, wrongly filled", file: "name,email,City\nAnn Ek,ann.ek@example.test,Stockholm\n", under: one(func(t *template.Template) { demanding(t); t.Roles[0].Tabs[0].MaxLength = 4 }), want: []string{"2 TAB_VALUE City"}},
	{name: "a tab that the sender must fill, filled by the template", file: "name,email\nAnn Ek,ann.ek@example.test\n", under: one(func(t *template.Template) { demanding(t); t.Roles[0].Tabs[0].Filled = true })},
	{
		name: "a tab that the sender must fill, of a fixed role", file: "envelope,roleName,name,email,tab:City\nA,Reader,Ann Ek,ann.ek@example.test,Oslo\n",
		under: one(func(t *template.Template) {
			demanding(t)
			t.Roles = append(t.Roles, t.Roles[0])
			t.Roles[1].Name, t.Roles[1].RoutingOrder, t.Roles[1].Person = "Office", 2, template.Person{Name: "Office", Email: "office@example.test"}
		}), want: []string{"2 TAB_VALUE"},
	},
	{
		name: "a tab that the sender must fill, of a type that he cannot", file: "name,email\nAnn Ek,ann.ek@example.test\n",
		under: one(func(t *template.Template) { demanding(t); t.Roles[0].Tabs[0].Type = "companyTabs" }), want: []string{"2 TAB_VALUE"},
	},
	{
		name: "a tab that the sender must fill, the second of a label with a space", file: "name,email,Home city\nAnn Ek,ann.ek@example.test,Oslo\n",
		under: one(func(t *template.Template) {
			demanding(t)
			t.Roles[0].Tabs[0].Label = "Home city"
			t.Roles[0].Tabs = append(t.Roles[0].Tabs, t.Roles[0].Tabs[0])
		}), want: []string{"2 TAB_VALUE Home city", "warning 1 TAB_VALUE Home city"},
	},
	{
		name: "a tab that nobody could ever fill", file: "name,email,City\nAnn Ek,ann.ek@example.test,Oslo\nBo Lind,bo.lind@example.test,\nCy Berg,cy.berg@example.test,\n",
		under: one(func(t *template.Template) { t.Roles[0].Tabs[0].Required, t.Roles[0].Tabs[0].Locked = true, true }),
		want:  []string{"warning 3 TAB_VALUE"},
	},
	{
		name: "tabs of one label, of which another label is the end", file: "name,email,Day\nAnn Ek,ann.ek@example.test,Monday\nBo Lind,bo.lind@example.test,\n",
		under: one(func(t *template.Template) {
			t.Roles[0].Tabs = []template.Tab{{Label: "Day", Type: template.Text}, {Label: "FirstDay", Type: template.Text}, {Label: "Day", Type: template.Text}}
		}), want: []string{"2 TAB_VALUE Day"},
	},
	{
		name: "tabs of one label, of which another type's label is the end", file: "name,email,Day\nAnn Ek,ann.ek@example.test,Monday\n",
		under: one(func(t *template.Template) {
			t.Roles[0].Tabs = []template.Tab{{Label: "Day", Type: template.Text}, {Label: "FirstDay", Type: template.Date}, {Label: "Day", Type: template.Text}}
		}),
	},

	// The order of problems, and the end of the file.
	{
		name: "problems are told in the order of lines", file: long("tab:Salary,expireWarn", "A,Employee,1,Ann Ek,nobody,"+strings.Repeat("7", 21)+",", "A,Manager,2,Bo Lind,nowhere,,soon", "A,Lawyer,,,cy.berg@example.test,,", "A,Employee"),
		want: []string{"2 EMAIL_INVALID email", "2 TAB_VALUE tab:Salary", "3 EMAIL_INVALID email", "3 EXPIRATION_INVALID expireWarn", "4 ROLE_UNKNOWN roleName", "4 NAME_MISSING name", "5 CSV_MALFORMED"},
	},
	{name: "the last line has no end", file: longHead + "\n" + ann + "\n" + bo, want: []string{"warning 3 CSV_MALFORMED"}},
	{name: "the last line has no end, nor a neighbour", file: "name,email\nAnn Ek,ann.ek@example.test", under: one(nil)},
	{name: "nothing follows the last line's end but spaces", file: longHead + "\n" + ann + "\n" + bo + "\n ,, "},

	// Access codes and phones.
	{name: "an access code with a forbidden character", file: long("accessCode", ann+",a&b", bo+","), want: []string{"2 ACCESS_CODE_INVALID accessCode"}},
	{name: "an access code on two lines", file: long("accessCode", ann+",\"a\nb\"", bo+","), want: []string{"2 ACCESS_CODE_INVALID accessCode"}},
	{name: "a long access code", file: long("accessCode", ann+","+strings.Repeat("7", 51), bo+","), want: []string{"2 TOO_LONG accessCode"}},
	{name: "an access code that the template demands", file: "name,email,accessCode\nAnn Ek,ann.ek@example.test,\n", under: one(func(t *template.Template) { t.Roles[0].NeedsAccessCode = true }), want: []string{"2 ACCESS_CODE_INVALID accessCode"}},
	{name: "a phone number without country code", file: long("phone", ann+",0701234567", bo+","), want: []string{"2 PHONE_INVALID phone"}},
	{name: "a phone for a role without text messages", file: "name,email,phone\nAnn Ek,ann.ek@example.test,+46 701234567\n", under: one(func(t *template.Template) { t.Roles[0].Kind = template.Agent; t.Roles[0].Tabs = nil }), want: []string{"2 PHONE_INVALID phone"}},

	// Reminders.
	{name: "reminders in words", file: long("reminderDelay,reminderFrequency,expireAfter,expireWarn", ann+",soon,0.5,-1,1000", bo+",,,,"), want: []string{"2 REMINDER_INVALID reminderDelay", "2 REMINDER_INVALID reminderFrequency", "2 EXPIRATION_INVALID expireAfter", "2 EXPIRATION_INVALID expireWarn"}},
	{name: "a delay of no days", file: long("reminderDelay", ann+",0", bo+","), want: []string{"2 REMINDER_INVALID reminderDelay"}},
	{name: "no further reminders and no warning", file: long("reminderFrequency,expireWarn", ann+",0,0", bo+",,")},
	{name: "a first reminder after expiry", file: long("reminderDelay", ann+",30", bo+","), want: []string{"2 REMINDER_INVALID reminderDelay"}},
	{name: "an expiry before the template's first reminder", file: long("expireAfter", ann+",", bo+",2"), want: []string{"3 REMINDER_INVALID expireAfter"}},
	{name: "a warning before the start", file: long("expireWarn", ann+",30", bo+","), want: []string{"2 EXPIRATION_INVALID expireWarn"}},
	{name: "a frequency without a delay", file: long("reminderFrequency", ann+",3", bo+","), with: func(c *envelope.Checker) { c.Sources[offerID].Base = reminders.Settings{Expire: 120} }, want: []string{"2 REMINDER_INVALID reminderFrequency"}},
	{name: "flags that conflict with the template", file: long("", ann, bo), with: func(c *envelope.Checker) { c.Defaults = reminders.Plan{Delay: 40} }, want: []string{"2 REMINDER_INVALID"}},
	{name: "a row that mends the flags", file: long("Expire After", ann+",60", bo+","), with: func(c *envelope.Checker) { c.Defaults = reminders.Plan{Delay: 40} }},

	// Tabs.
	{name: "a tab that the role lacks", file: long("tab:Salery", ann+",1", bo+","), want: []string{"2 TAB_UNKNOWN tab:Salery"}},
	{name: "another role's tab", file: long("tab:CostCentre", ann+",1", bo+","), want: []string{"2 TAB_UNKNOWN tab:CostCentre"}},
	{name: "a tab that the signer fills", file: long("tab:EmployeeSignature", ann+",1", bo+","), want: []string{"2 TAB_UNKNOWN tab:EmployeeSignature"}},
	{name: "a list without this choice", file: long("tab:Office", ann+",berlin", bo+","), want: []string{"2 TAB_VALUE tab:Office"}},
	{name: "a radio group without this choice", file: long("tab:Plan", ann+",bronze", bo+","), want: []string{"2 TAB_VALUE tab:Plan"}},
	{name: "a checkbox that is neither", file: long("tab:Relocation", ann+",maybe", bo+","), want: []string{"2 TAB_VALUE tab:Relocation"}},
	{name: "a number that is none", file: long("tab:Bonus", ann+",Inf", bo+","), want: []string{"2 TAB_VALUE tab:Bonus"}},
	{name: "a value against the pattern", file: long("tab:EmployeeID", ann+",12", bo+","), want: []string{"2 TAB_VALUE tab:EmployeeID"}},
	{name: "a value too long for the tab", file: long("tab:Salary", ann+","+strings.Repeat("1", 21), bo+","), want: []string{"2 TAB_VALUE tab:Salary"}},
	{name: "a value too long for any tab", file: long("tab:FirstDay", ann+","+strings.Repeat("å", 2001), bo+","), want: []string{"2 TAB_VALUE tab:FirstDay"}},
	{name: "a control character in a tab", file: long("tab:FirstDay", ann+",\x01", bo+","), want: []string{"2 TAB_VALUE tab:FirstDay"}},
	{name: "two columns for one tab", file: long("tab:Salary,tab: sal_ary", ann+",1,2", bo+",,"), want: []string{"1 COLUMN_REPEATED tab: sal_ary"}},
	{
		name: "several tabs with a space in their label", file: "name,email,Home Town\nAnn Ek,ann.ek@example.test,Oslo\n",
		under: one(func(t *template.Template) {
			t.Roles[0].Tabs = []template.Tab{{Label: "Home Town", Type: template.Text}, {Label: "Home Town", Type: template.Text}}
		}), want: []string{"warning 1 TAB_VALUE Home Town"},
	},

	// Custom fields.
	{name: "a custom field that the template lacks", file: long("field:Departmnt", ann+",HR", bo+","), want: []string{"2 FIELD_UNKNOWN field:Departmnt"}},
	{name: "a list field without this choice", file: long("field:Region", ann+",West", bo+","), want: []string{"2 FIELD_VALUE field:Region"}},
	{name: "a long custom field", file: long("field:Department", ann+","+strings.Repeat("d", 101), bo+","), want: []string{"2 TOO_LONG field:Department"}},
	{name: "two columns for one custom field", file: long("field:Region,field:region", ann+",North,South", bo+",,"), want: []string{"1 COLUMN_REPEATED field:region"}},
	{name: "a custom field that must be filled", file: "name,email\nAnn Ek,ann.ek@example.test\n", under: one(func(t *template.Template) { t.Fields = []template.Field{{Name: "Case", Required: true}} }), want: []string{"2 FIELD_VALUE"}},

	// What belongs to the envelope.
	{name: "rows that disagree", file: long("emailSubject,field:Region", ann+",One,North", bo+",Two,South"), want: []string{"3 ROW_DISAGREES emailSubject", "3 ROW_DISAGREES field:Region"}},
	{name: "rows that agree", file: long("emailSubject,field:Region", ann+",One,North", bo+", One ,North")},
	{name: "an unknown template", file: long("templateId", ann+",{0FFE1E77-0000-4000-8000-00000000FFFF}", bo+","), want: []string{"2 TEMPLATE_UNKNOWN templateId"}},
	{name: "the default template spelt otherwise", file: long("templateId", ann+",{0FFE1E77-0000-4000-8000-000000000001}", bo+",")},
	{name: "no template", file: long("", ann, bo), with: func(c *envelope.Checker) { c.DefaultTemplate = "" }, want: []string{"2 TEMPLATE_UNKNOWN"}},

	// What makes every envelope of a template impossible, and what the account demands.
	{name: "template without a document", file: leaflet("", "A,Ann Ek,ann@example.test", "B,Bo Lind,bo@example.test"), under: one(func(t *template.Template) { t.NoDocument = true }), want: []string{"1 TEMPLATE_UNUSABLE"}},
	{name: "template with fields for the sender", file: leaflet("", "A,Ann Ek,ann@example.test"), under: one(func(t *template.Template) {
		t.Documents = []template.Document{{ID: "1", Name: "lease.pdf", Read: true, Prefill: []template.Tab{
			{Label: "Rent", Type: template.Text, Required: true},
			{Label: "Term", Type: template.Text, SenderRequired: true},
			{Label: "Deposit", Type: template.Text, Required: true, Filled: true},
			{Label: "Remark", Type: template.Text},
		}}}
	}), want: []string{"1 TEMPLATE_UNUSABLE"}},
	{name: "signer without a field, and documents are hidden", file: leaflet("", "A,Ann Ek,ann@example.test"), under: one(fieldless), with: visibility(envelope.VisibilityAlways), want: []string{"1 TEMPLATE_UNUSABLE"}},
	{name: "signer without a field, and the sender may hide documents", file: leaflet("", "A,Ann Ek,ann@example.test"), under: one(fieldless), with: visibility(envelope.VisibilityChosen)},
	{name: "signer without a field, and the template hides documents", file: leaflet("", "A,Ann Ek,ann@example.test"), under: one(func(t *template.Template) {
		fieldless(t)
		t.HidesDocuments = true
	}), with: visibility(envelope.VisibilityChosen), want: []string{"1 TEMPLATE_UNUSABLE"}},
	{name: "carbon copy without a field, and documents are hidden", file: leaflet("", "A,Ann Ek,ann@example.test"), under: one(func(t *template.Template) {
		fieldless(t)
		t.Roles[0].Kind = template.CarbonCopy
	}), with: visibility(envelope.VisibilityAlways)},
	{name: "fixed recipients who cannot be mailed", file: leaflet("", "A,Ann Ek,ann@example.test"), under: one(func(t *template.Template) {
		t.Roles = append(t.Roles,
			template.Role{Name: "Copy", Kind: template.CarbonCopy, RoutingOrder: 2, Person: template.Person{Name: "Legal", Email: "legal@example"}},
			template.Role{Name: "Archive", Kind: template.CarbonCopy, RoutingOrder: 2, Person: template.Person{Email: "archive@example.test"}},
			template.Role{Name: "Board", Kind: template.Signer, RoutingOrder: 3, Person: template.Person{Group: "Board"}},
			template.Role{Name: "Desk", Kind: template.Signer, RoutingOrder: 3, Person: template.Person{Name: "Desk", Email: "+46 701234567"}})
	}), want: []string{"1 TEMPLATE_UNUSABLE"}},
	{name: "a fixed recipient twice", file: leaflet("", "A,Ann Ek,ann@example.test"), under: one(func(t *template.Template) {
		for _, order := range []int{2, 2, 3} {
			t.Roles = append(t.Roles, template.Role{Name: fmt.Sprint("Copy ", len(t.Roles)), Kind: template.CarbonCopy, RoutingOrder: order, Person: template.Person{Name: "Legal", Email: "Legal@example.test"}})
		}
	}), want: []string{"1 TEMPLATE_UNUSABLE"}},
	{name: "a check by telephone without a number", file: leaflet("", "A,Ann Ek,ann@example.test"), under: one(func(t *template.Template) { t.Roles[0].Check = template.PhoneCheckBlank }), want: []string{"1 TEMPLATE_UNUSABLE"}},
	{name: "text messages by template, and the account has none", file: leaflet("", "A,Ann Ek,ann@example.test"), under: one(func(t *template.Template) { t.Roles[0].Texted = true }), with: noText, want: []string{"1 TEMPLATE_UNUSABLE"}},
	{name: "phone, and the account has no text messages", file: leaflet("phone", "A,Ann Ek,ann@example.test,+46701234567", "B,Bo Lind,bo@example.test,"), under: one(nil), with: noText, want: []string{"2 PHONE_INVALID phone"}},
	{name: "phone beside a check by telephone", file: leaflet("phone", "A,Ann Ek,ann@example.test,+46701234567"), under: one(func(t *template.Template) { t.Roles[0].Check = template.PhoneCheckReady }), want: []string{"2 PHONE_INVALID phone"}},
	{name: "more phones than DocuSign takes, the template's among them", file: "envelope,roleName,name,email,phone\nA,Reader 0,Reader 0,r0@example.test,+46701234567\nA,Reader 1,Reader 1,r1@example.test,\n", under: one(func(t *template.Template) {
		t.Roles = nil
		for i := range 12 {
			role := template.Role{Name: fmt.Sprint("Reader ", i), Kind: template.Signer, RoutingOrder: 1}
			if i > 1 {
				role.Texted, role.Person = true, template.Person{Name: role.Name, Email: fmt.Sprintf("r%d@example.test", i)}
			}
			t.Roles = append(t.Roles, role)
		}
	}), want: []string{"2 PHONE_INVALID phone"}},
	{name: "access codes as the account demands", file: leaflet("accessCode", "A,Ann Ek,ann@example.test,abc-12", "B,Bo Lind,bo@example.test,abc-1", "C,Cy Moe,cy@example.test,123-45", "D,Di Noe,di@example.test,abc-de", "E,Ed Poe,ed@example.test,abc123", "F,Fi Roe,fi@example.test,"), under: one(nil), with: func(c *envelope.Checker) {
		c.Rules.AccessCode = envelope.AccessCodeFormat{Length: 6, Letter: true, Number: true, Special: true}
	}, want: []string{"3 ACCESS_CODE_INVALID accessCode", "4 ACCESS_CODE_INVALID accessCode", "5 ACCESS_CODE_INVALID accessCode", "6 ACCESS_CODE_INVALID accessCode"}},
	{name: "subject and message that the template locks", file: leaflet("emailSubject,emailBlurb", "A,Ann Ek,ann@example.test,Mine,", "B,Bo Lind,bo@example.test,,Mine", "C,Cy Moe,cy@example.test,Please read,"), under: one(func(t *template.Template) { t.MessageLocked = true }), want: []string{"2 TEXT_INVALID emailSubject", "3 TEXT_INVALID emailBlurb"}},
	{name: "a subject where the template locks none", file: leaflet("emailSubject", "A,Ann Ek,ann@example.test,Mine"), under: one(func(t *template.Template) { t.MessageLocked, t.Subject = true, "" })},

	// Limits that only the whole envelope shows.
	{name: "100 recipients", file: crowd(99), under: one(func(t *template.Template) { crowded(t, 99) })},
	{name: "101 recipients", file: crowd(100), under: one(func(t *template.Template) { crowded(t, 100) }), want: []string{"2 TOO_MANY_RECIPIENTS"}},
	{name: "a message too long once merged", file: leaflet("emailBlurb", "A,Ann Ek,ann.ek@example.test,[[Reader_Email]]"+strings.Repeat("x", 9984), "B,Bo Lind,b@x.test,[[Reader_Email]]"+strings.Repeat("x", 9984)), under: one(nil), want: []string{"2 TOO_LONG emailBlurb"}},
	{name: "a subject of which nothing is left", file: leaflet("emailSubject,field:Case", "A,Ann Ek,ann@example.test,[[ECF:Case]],", "B,Bo Lind,bo@example.test,[[ECF:Case]],7"), under: one(func(t *template.Template) { t.Fields = []template.Field{{Name: "Case"}} }), want: []string{"2 TEXT_INVALID emailSubject"}},
	{name: "a subject with the longer of two names", file: "envelope,roleName,routingOrder,name,email\nA,Reader,1,Ann Ek,ann@example.test\nA,Reader,2,Bo Lind,bo.lind.of.the.legal.department@example.test\n", under: one(func(t *template.Template) {
		t.Roles = []template.Role{{Name: "Reader", Kind: template.Signer, RoutingOrder: 1}, {Name: "Reader", Kind: template.Signer, RoutingOrder: 2}}
		t.Subject = "[[Reader_Email]]" + strings.Repeat("x", 80)
	}), want: []string{"2 TOO_LONG"}},
	{name: "line breaks of other alphabets", file: leaflet("emailSubject,note", "A,Ann\u2028Ek,ann@example.test,,", "B,Bo Lind,bo@example.test,Please\u2029read,", "C,Cy Moe,cy@example.test,Please\u0085read,", "D,Di Noe,di@example.test,\"Please\vread\",", "E,Ed Poe,ed@example.test,\"Please\fread\",", "F,Fi Roe,fi@example.test,,Two\u2028lines"), under: one(nil), want: []string{"2 TEXT_INVALID Name", "3 TEXT_INVALID emailSubject", "4 TEXT_INVALID emailSubject", "5 TEXT_INVALID emailSubject", "6 TEXT_INVALID emailSubject"}},
	{name: "a role that no file can fill, beside one of its name", file: "envelope,roleName,name,email\nA,Visitor,Ann Ek,ann@example.test\n", under: one(func(t *template.Template) {
		t.Roles = []template.Role{{Name: "Visitor", Kind: template.Signer, RoutingOrder: 1}, {Name: "Visitor", Kind: template.InPersonSigner, RoutingOrder: 2}}
	}), want: []string{"2 ROUTING_ORDER_MISMATCH routingOrder"}},
	{name: "a role that no file can fill, beside one of its name that is filled", file: "envelope,roleName,routingOrder,name,email\nA,Visitor,1,Ann Ek,ann@example.test\n", under: one(func(t *template.Template) {
		t.Roles = []template.Role{{Name: "Visitor", Kind: template.Signer, RoutingOrder: 1}, {Name: "Visitor", Kind: template.InPersonSigner, RoutingOrder: 2}}
	}), want: []string{"2 ROLE_KIND"}},
	{name: "a label that means others", file: leaflet(`tab:\*City`, "A,Ann Ek,ann@example.test,Oslo"), under: one(func(t *template.Template) { t.Roles[0].Tabs[0].Label = `\*City` }), want: []string{`2 TAB_VALUE tab:\*City`}},
	{name: "radio buttons of one name", file: leaflet("tab:Plan", "A,Ann Ek,ann@example.test,gold"), under: one(func(t *template.Template) {
		plan := template.Tab{Label: "Plan", Type: template.Radio, Options: []string{"gold", "silver"}}
		t.Roles[0].Tabs = []template.Tab{plan, plan}
	}), want: []string{"warning 1 TAB_VALUE tab:Plan"}},

	// Wide and bare files.
	{name: "wide", file: "Employee::Name,employee :: E_mail,Manager::Name,Manager::Email,Manager::CostCentre\nAnn Ek,ann.ek@example.test,Bo Lind,bo.lind@example.test,47\n"},
	{name: "wide with an unknown role", file: "Employee::Name,Employee::Email,Boss::Name,Boss::Email\nAnn Ek,ann.ek@example.test,Bo Lind,bo.lind@example.test\n", want: []string{"2 ROLE_UNKNOWN Boss::Name"}},
	{name: "wide without a role", file: "Employee::Name,Employee::Email\nAnn Ek,ann.ek@example.test\n", want: []string{"2 ROLE_MISSING"}},
	{name: "wide with an empty cell", file: "Employee::Name,Employee::Email,Manager::Name,Manager::Email\nAnn Ek,ann.ek@example.test,,\n", want: []string{"2 NAME_MISSING Manager::Name", "2 EMAIL_INVALID Manager::Email"}},
	{name: "wide with a wrong label", file: "Employee::Name,Employee::Email,Employee::Salery,Manager::Name,Manager::Email\nAnn Ek,ann.ek@example.test,1,Bo Lind,bo.lind@example.test\n", want: []string{"2 TAB_UNKNOWN Employee::Salery"}},
	{name: "wide with one envelope twice", file: "envelope,Employee::Name,Employee::Email,Manager::Name,Manager::Email\nA,Ann Ek,ann.ek@example.test,Bo Lind,bo.lind@example.test\nA,Cy Berg,cy.berg@example.test,Dov Mann,dov.mann@example.test\n", want: []string{"3 ROLE_REPEATED Employee::Name", "3 ROLE_REPEATED Manager::Name"}},
	{name: "bare with a wrong label", file: "Name,Email,Citty\nAnn Ek,ann.ek@example.test,\n", under: one(nil), want: []string{"1 COLUMN_UNKNOWN Citty"}},
	{name: "bare with tab:", file: "Name,Email,tab:City\nAnn Ek,ann.ek@example.test,Oslo\n", under: one(nil)},
}

// leaflet puts a file for the template of one role together.
func leaflet(more string, lines ...string) string {
	if more != "" {
		more = "," + more
	}
	return "envelope,Name,Email" + more + "\n" + strings.Join(lines, "\n") + "\n"
}

func fieldless(t *template.Template) { t.Roles[0].Tabs, t.Roles[0].Fieldless = nil, true }

func visibility(v envelope.Visibility) func(*envelope.Checker) {
	return func(c *envelope.Checker) { c.Rules.Visibility = v }
}

func noText(c *envelope.Checker) { c.Rules.NoText = true }

// crowded gives the template so many roles to fill, and a fixed one.
func crowded(t *template.Template, n int) {
	t.Roles = []template.Role{{Name: "Copy", Kind: template.CarbonCopy, RoutingOrder: 2, Person: template.Person{Name: "Legal", Email: "legal@example.test"}}}
	for i := range n {
		t.Roles = append(t.Roles, template.Role{Name: fmt.Sprint("Reader ", i), Kind: template.Signer, RoutingOrder: 1})
	}
}

// crowd is an envelope of so many rows for it.
func crowd(n int) string {
	var b strings.Builder
	b.WriteString("envelope,roleName,name,email\n")
	for i := range n {
		fmt.Fprintf(&b, "A,Reader %d,Reader %d,r%d@example.test\n", i, i, i)
	}
	return b.String()
}

// demanding lets the template say that the sender must fill the city.
func demanding(t *template.Template) { t.Roles[0].Tabs[0].SenderRequired = true }

func allowSamePerson(c *envelope.Checker) { c.AllowSamePerson = true }

// parallel is a template whose second and third role sign together.
func parallel() *template.Template {
	return one(func(t *template.Template) {
		t.Roles = []template.Role{
			{Name: "First", Kind: template.Signer, RoutingOrder: 1},
			{Name: "Second", Kind: template.Signer, RoutingOrder: 2},
			{Name: "Third", Kind: template.Signer, RoutingOrder: 2},
		}
	})
}

func TestProblems(t *testing.T) {
	var messages strings.Builder
	for _, tt := range problemCases {
		t.Run(tt.name, func(t *testing.T) {
			c := offerChecker()
			if tt.under != nil {
				c = checker(tt.under)
			}
			if tt.with != nil {
				tt.with(c)
			}
			problems, warnings := problemsOf(t, c, tt.file)
			got := short(problems)
			for _, w := range short(warnings) {
				got = append(got, "warning "+w)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s\nof %v", diff, problems)
			}
			if len(problems)+len(warnings) > 0 {
				fmt.Fprintf(&messages, "# %s\n", tt.name)
			}
			for _, p := range append(problems, warnings...) {
				fmt.Fprintln(&messages, p)
			}
		})
	}
	golden.Compare(t, "problems.golden", messages.String())
}

// TestEveryCodeIsExplained: a code without an explanation is a dead end.
func TestEveryCodeIsExplained(t *testing.T) {
	seen := map[envelope.Code]bool{}
	for _, e := range envelope.Explanations() {
		if seen[e.Code] || e.Meaning == "" || e.DocuSign == "" || e.Cure == "" {
			t.Errorf("%s is explained twice or not fully: %+v", e.Code, e)
		}
		seen[e.Code] = true
	}
	for _, tt := range problemCases {
		for _, want := range tt.want {
			fields := strings.Fields(strings.TrimPrefix(want, "warning "))
			if code := envelope.Code(fields[1]); !seen[code] {
				t.Errorf("%s is not explained", code)
			}
		}
	}
	if _, ok := envelope.Explain("NO_SUCH_CODE"); ok {
		t.Error("a code that is not ours is explained")
	}
}
