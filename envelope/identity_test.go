package envelope_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"batchsend/envelope"
	"batchsend/template"
)

// TestTransactionID: it is the UUIDv5 of the identity, now and in every later
// version; the ledger and DocuSign remember it.
func TestTransactionID(t *testing.T) {
	in := read(t, long("", ann, bo))
	check(offerChecker(), in.Drafts)
	env := in.Drafts[0].Envelope
	namespace := uuid.MustParse("6f3c1a52-8d0e-5b7f-9a44-2f6f0c1b7e10")
	want := uuid.NewSHA1(namespace, []byte(strings.Join([]string{"2", account, offerID, "batch", "A", env.Content.String()}, "\x00"))).String()
	if got := env.TransactionID.String(); got != want {
		t.Errorf("transaction ID %s, want %s", got, want)
	}
	if got, want := env.Content.String(), "2ba8a497026eb2a400e6d28a4a5a38e0"; got != want {
		t.Errorf("content %s, want %s", got, want)
	}
	if env.Legacy != nil {
		t.Error("what an earlier release called it was worked out, and nobody asked")
	}
}

// TestLegacy: what an earlier release has called envelopes must be found for
// as long as there are its ledgers.
func TestLegacy(t *testing.T) {
	in := read(t, long("", ann, bo))
	c := offerChecker()
	c.Legacy = true
	check(c, in.Drafts)
	was := in.Drafts[0].Envelope.Legacy
	namespace := uuid.MustParse("6f3c1a52-8d0e-5b7f-9a44-2f6f0c1b7e10")
	want := uuid.NewSHA1(namespace, []byte(strings.Join([]string{account, offerID, "batch", "label", "A"}, "\x00"))).String()
	if got := was.TransactionID.String(); got != want {
		t.Errorf("transaction ID %s, want %s", got, want)
	}
	if got, want := was.Content.String(), "c4b475db42381b26ca7208e872add524"; got != want {
		t.Errorf("content %s, want %s", got, want)
	}
	unlabelled := read(t, "name,email\nAnn Ek,ann.ek@example.test\n")
	c = checker(one(nil))
	c.Legacy = true
	check(c, unlabelled.Drafts)
	was = unlabelled.Drafts[0].Envelope.Legacy
	want = uuid.NewSHA1(namespace, []byte(strings.Join([]string{account, offerID, "batch", "content", was.Content.String()}, "\x00"))).String()
	if got := was.TransactionID.String(); got != want {
		t.Errorf("transaction ID without a label %s, want %s", got, want)
	}
}

// TestTheTemplateIsNotContent: a file that is given again after somebody has
// edited the template means the envelopes that it meant before.
func TestTheTemplateIsNotContent(t *testing.T) {
	edits := map[string]func(*template.Template){
		"routing order": func(t *template.Template) { t.Roles[0].RoutingOrder, t.Roles[1].RoutingOrder = 5, 4 },
		"kind of a tab": func(t *template.Template) { t.Roles[0].Tabs[1].Type = template.Note },
		"case of a label": func(t *template.Template) {
			t.Roles[0].Tabs[1].Label, t.Fields[0].Name = "SALARY", "department"
		},
		"a second tab of a label": func(t *template.Template) { t.Roles[0].Tabs = append(t.Roles[0].Tabs, t.Roles[0].Tabs[1]) },
		"subject":                 func(t *template.Template) { t.Subject = "Another subject" },
		"a role's name":           func(t *template.Template) { t.Roles[0].Name = "Worker" },
		"another role":            func(t *template.Template) { t.Roles = append(t.Roles, template.Role{Name: "Witness", RoutingOrder: 9}) },
	}
	text := long("tab:Salary,field:Department", ann+",4200,Sales", bo+",,")
	before := read(t, text)
	check(offerChecker(), before.Drafts)
	want := before.Drafts[0].Identity
	if want.TransactionID.IsZero() {
		t.Fatal("no identity")
	}
	for name, edit := range edits {
		edited := offer()
		edit(edited)
		in := read(t, text)
		check(checker(edited), in.Drafts)
		if got := in.Drafts[0].Identity; got != want {
			t.Errorf("%s edited: identity %+v, want %+v (problems %v)", name, got, want, in.Drafts[0].Problems)
		}
	}
}

// TestSpellingIsNotContent: what is only written otherwise is the same envelope.
func TestSpellingIsNotContent(t *testing.T) {
	identity := func(text string) envelope.Identity {
		in := read(t, text)
		check(offerChecker(), in.Drafts)
		if in.Drafts[0].Envelope == nil {
			t.Fatalf("%v\n%s", in.Drafts[0].Problems, text)
		}
		return in.Drafts[0].Identity
	}
	row := "A,Employee,1,René Ek,rene@example.test,pay me,A-1234,7"
	want := identity(long("tab:Salary,accessCode,reminderDelay", row, bo+",,,"))
	for what, text := range map[string]string{
		"blanks doubled":         strings.NewReplacer("René Ek", "René   Ek", "pay me", "pay  me").Replace(long("tab:Salary,accessCode,reminderDelay", row, bo+",,,")),
		"no-break space":         strings.Replace(long("tab:Salary,accessCode,reminderDelay", row, bo+",,,"), "René Ek", "René\u00a0Ek", 1),
		"accent of two letters":  strings.Replace(long("tab:Salary,accessCode,reminderDelay", row, bo+",,,"), "René", "Rene\u0301", 1),
		"names of columns":       long("TAB: SALARY,Access_Code,Reminder Delay", row, bo+",,,"),
		"access code":            strings.Replace(long("tab:Salary,accessCode,reminderDelay", row, bo+",,,"), "A-1234", "A-9999", 1),
		"routing order left out": strings.Replace(long("tab:Salary,accessCode,reminderDelay", row, bo+",,,"), "Employee,1", "Employee,", 1),
		"zero before a number":   strings.Replace(long("tab:Salary,accessCode,reminderDelay", row, bo+",,,"), ",7", ",07", 1),
	} {
		if got := identity(text); got != want {
			t.Errorf("%s: identity %+v, want %+v", what, got, want)
		}
	}
}

// TestAudience: the digest of the people does not depend on what they are told
// or which roles they have, and finds an envelope whose cells were corrected.
func TestAudience(t *testing.T) {
	of := func(rows ...string) envelope.Identity {
		in := read(t, long("tab:Salary", rows...))
		check(offerChecker(), in.Drafts)
		return in.Drafts[0].Identity
	}
	first := of(ann+",4200", bo+",")
	raised := of(ann+",4300", bo+",")
	moved := of(strings.Replace(ann, "ann.ek@", "ann@", 1)+",4200", bo+",")
	if raised.People != first.People || raised.Content == first.Content {
		t.Error("another salary: the same people must get another content")
	}
	if moved.People == first.People || moved.Names != first.Names {
		t.Error("another address: other people with the same names")
	}
	if got := envelope.PeopleOf([]string{"BO.LIND@example.test", " ann.ek@example.test"}); got != first.People {
		t.Errorf("PeopleOf = %x, want %x", got, first.People)
	}
}

// TestFlagsAreNotContent: a file run again with other flags is the same file.
func TestFlagsAreNotContent(t *testing.T) {
	in := read(t, long("", ann, bo))
	c := offerChecker()
	check(c, in.Drafts)
	before := *in.Drafts[0].Envelope
	c.Defaults.Delay = 5
	check(c, in.Drafts)
	after := in.Drafts[0].Envelope
	if before.Content != after.Content || before.TransactionID != after.TransactionID {
		t.Error("a flag for reminders changes the content")
	}
	if before.Notification != nil || after.Notification == nil || after.Notification.Delay != 5 {
		t.Errorf("notification %v, then %v", before.Notification, after.Notification)
	}
}

// TestCheckingAgain forgets the last check's findings, and only those.
func TestCheckingAgain(t *testing.T) {
	in := read(t, long("", ann, bo, "B,Employee", "C,Employee,1,Cy,nobody"))
	c := offerChecker()
	check(c, in.Drafts)
	in.Drafts[0].Problems, in.Drafts[0].Envelope = append(in.Drafts[0].Problems, envelope.Problem{Code: envelope.AlreadySentCode}), nil
	var before []string
	for _, d := range in.Drafts[1:] {
		before = append(before, short(d.Problems)...)
	}
	check(c, in.Drafts)
	var after []string
	for _, d := range in.Drafts {
		after = append(after, short(d.Problems)...)
	}
	if strings.Join(before, ";") != strings.Join(after, ";") || in.Drafts[0].Envelope == nil {
		t.Errorf("first %q, then %q", before, after)
	}
}

// TestTwoFiles: one envelope value stands for one envelope of a batch.
func TestTwoFiles(t *testing.T) {
	first, second := read(t, long("", ann, bo)), read(t, long("", ann, strings.Replace(bo, "bo.lind", "cy.berg", 1)))
	again := read(t, long("", ann, bo))
	drafts := append(append(first.Drafts, second.Drafts...), again.Drafts...)
	check(offerChecker(), drafts)
	for i, want := range []envelope.Code{"", envelope.KeyConflict, envelope.DuplicateEnvelope} {
		got := envelope.Code("")
		if len(drafts[i].Problems) > 0 {
			got = drafts[i].Problems[0].Code
		}
		if got != want {
			t.Errorf("file %d: %v, want %s", i+1, drafts[i].Problems, want)
		}
	}
}

// TestSeveralTemplates: a file may name a template in each row.
func TestSeveralTemplates(t *testing.T) {
	other := one(nil)
	other.ID = "0ffe1e77-0000-4000-8000-000000000002"
	other.Roles[0].Tabs[0].Label = "Town"
	in := read(t, "name,email,templateId,City,Town\n"+
		"Ann Ek,ann.ek@example.test,,Oslo,\n"+
		"Bo Lind,bo.lind@example.test,"+other.ID+",,Rome\n"+
		"Cy Berg,cy.berg@example.test,"+other.ID+",Oslo,\n")
	c := checker(one(nil), other)
	for i, want := range []string{offerID, other.ID, other.ID} {
		if got := c.TemplateOf(in.Drafts[i]); got != want {
			t.Errorf("row %d wants template %q, want %q", i, got, want)
		}
	}
	check(c, in.Drafts)
	for i, want := range []string{"", "", "4 TAB_UNKNOWN City"} {
		if got := strings.Join(short(in.Drafts[i].Problems), ";"); got != want {
			t.Errorf("row %d: %q, want %q", i, got, want)
		}
	}
}

// TestWhatIsSent: values reach the envelope as DocuSign takes them.
func TestWhatIsSent(t *testing.T) {
	in := read(t, long("tab:first day,tab:Relocation,tab:Office,field:region,phone,note",
		ann+",Monday,Yes,Berlin,North,+46 (0)70 123 45 67,\" Dear Ann,\r\nhello \"", "A,Manager,,Bo Lind,Bo.Lind@Example.test,,,,,,"))
	check(offerChecker(), in.Drafts)
	env := in.Drafts[0].Envelope
	if env == nil {
		t.Fatal(in.Drafts[0].Problems)
	}
	e, m := env.Recipients[0], env.Recipients[1]
	want := []envelope.Tab{{Type: "textTabs", Label: "FirstDay", Value: "Monday", All: true}, {Type: "listTabs", Label: "Office", Value: "Berlin"}, {Type: "checkboxTabs", Label: "Relocation", Value: "true"}}
	if len(e.Tabs) != 3 || e.Tabs[0] != want[0] || e.Tabs[1] != want[1] || e.Tabs[2] != want[2] {
		t.Errorf("tabs %+v, want %+v", e.Tabs, want)
	}
	if e.Phone != (envelope.Phone{CountryCode: "46", Number: "701234567"}) || e.Note != "Dear Ann,\nhello" {
		t.Errorf("employee %+v", e)
	}
	if m.Email != "Bo.Lind@Example.test" || m.RoutingOrder != 2 || m.Line != 4 {
		t.Errorf("manager %+v", m)
	}
	if f := env.Fields; len(f) != 2 || f[0].Name != "Department" || f[1].Value != "North" || !f[1].List {
		t.Errorf("fields %+v", f)
	}
}

// TestSeveralWorkers: checking on two workers finds the same.
func TestSeveralWorkers(t *testing.T) {
	var lines []string
	for i := range 700 {
		label := fmt.Sprint("E", i)
		lines = append(lines, label+ann[1:], strings.Replace(label+bo[1:], "bo.lind", fmt.Sprint("m", i%600), 1))
		if i%7 == 0 {
			lines = append(lines, label+",Boss,,X,x")
		}
	}
	one, two := read(t, long("", lines...)), read(t, long("", lines...))
	c := offerChecker()
	warnings := checkOn(1, c, one.Drafts)
	if got := checkOn(2, c, two.Drafts); len(got) != len(warnings) {
		t.Errorf("%d warnings, want %d", len(got), len(warnings))
	}
	for i := range one.Drafts {
		if a, b := one.Drafts[i], two.Drafts[i]; fmt.Sprint(a.Problems) != fmt.Sprint(b.Problems) || (a.Envelope == nil) != (b.Envelope == nil) {
			t.Fatalf("line %d: %v with two workers, %v with one", a.Position().Line, b.Problems, a.Problems)
		}
	}
}
