package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"batchsend/internal/sandbox"
)

// bureau is a place where people send files: several desks, each with a ledger
// of its own, that share an account.
type bureau struct {
	t      *testing.T
	server *sandbox.Server
	dir    string
}

func newBureau(t *testing.T) *bureau {
	dir := t.TempDir()
	return &bureau{t: t, server: shareSandbox(t, dir, func(*sandbox.Server) {}), dir: dir}
}

// send gives a file of that name to the program at a desk.
func (o *bureau) send(desk, name, text string, args ...string) outcome {
	o.t.Helper()
	home := filepath.Join(o.dir, desk)
	if err := os.MkdirAll(home, 0o700); err != nil {
		o.t.Fatal(err)
	}
	path := filepath.Join(home, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		o.t.Fatal(err)
	}
	return runAgain(o.t, home, append([]string{"send", "--sandbox", path}, args...)...)
}

// edit changes the template's text; old must stand there.
func (o *bureau) edit(old, text string) {
	o.t.Helper()
	path := filepath.Join(o.server.TemplateDir, "template.json")
	before, err := os.ReadFile(path)
	if err != nil {
		o.t.Fatal(err)
	}
	after := strings.ReplaceAll(string(before), old, text)
	if after == string(before) {
		o.t.Fatalf("the template does not hold %q", old)
	}
	after = regexp.MustCompile(`"lastModified": "[^"]*"`).ReplaceAllString(after, `"lastModified": "`+o.server.Now().UTC().Format("2006-01-02T15:04:05.0000000Z")+`"`)
	if err := os.WriteFile(path, []byte(after), 0o600); err != nil {
		o.t.Fatal(err)
	}
}

// mailed is how many envelopes went out.
func (o *bureau) mailed() (n int) {
	for _, env := range o.server.Envelopes() {
		if !env.Sent.IsZero() {
			n++
		}
	}
	return n
}

// idOf returns the ID of an envelope that went to an address.
func (o *bureau) idOf(address string) string {
	for _, env := range o.server.Envelopes() {
		for _, r := range env.Recipients {
			if r.Email == address {
				return env.ID
			}
		}
	}
	o.t.Fatalf("nobody has mailed %s", address)
	return ""
}

// want holds a run to its exit code, what it says and how many envelopes have
// gone out since the beginning.
func (o *bureau) want(got outcome, code int, says string, mailed int) {
	o.t.Helper()
	if got.code != code || !strings.Contains(got.stdout+got.stderr, says) || o.mailed() != mailed {
		o.t.Errorf("exit code %d, want %d; %d mailed, want %d; want it to say %q:\n%s%s", got.code, code, o.mailed(), mailed, says, got.stdout, got.stderr)
	}
}

// unlabelled and labelled are files of two envelopes; each row says what %s
// stands for.
const (
	unlabelled = `Employee::Name,Employee::Email,Employee::Salary,Manager::Name,Manager::Email
Frej Alm,frej.alm@example.test,41000,Bo Lind,bo.lind@example.test
Gita Rao,gita.rao@example.test,47500,Dov Mann,dov.mann@example.test
`
	labelled = `envelope,Employee::Name,Employee::Email,Employee::Salary,Manager::Name,Manager::Email
1,Frej Alm,frej.alm@example.test,41000,Bo Lind,bo.lind@example.test
2,Gita Rao,gita.rao@example.test,47500,Dov Mann,dov.mann@example.test
`
)

// templateEdits are what somebody may change in the template between two runs.
var templateEdits = map[string][2]string{
	"routing order":   {`"routingOrder": "2"`, `"routingOrder": "4"`},
	"case of a label": {`"tabLabel": "Salary"`, `"tabLabel": "SALARY"`},
	"kind of a tab":   {`"tabLabel": "Salary",`, `"tabLabel": "Salary", "height": "1",`},
	"a role's name":   {`"roleName": "Manager"`, `"roleName": "Boss"`},
	"a label":         {`"tabLabel": "Salary"`, `"tabLabel": "Wages"`},
	"custom field":    {`"name": "Department"`, `"name": "DEPARTMENT"`},
}

// TestTemplateEditedAfterwards: what was sent stays sent, whatever the template
// asks for now.
func TestTemplateEditedAfterwards(t *testing.T) {
	t.Parallel()
	large(t)
	for form, file := range map[string]string{"without labels": unlabelled, "with labels": labelled} {
		for name, edit := range templateEdits {
			t.Run(form+"/"+name, func(t *testing.T) {
				o := newBureau(t)
				o.want(o.send("a", "may.csv", file), exitDone, "2 sent", 2)
				o.edit(edit[0], edit[1])
				o.want(o.send("a", "may.csv", file), exitDone, "2 already sent", 2)
				o.want(o.send("a", "may.csv", file, "--on-invalid", "skip", "--reminder-delay", "5"), exitDone, "2 already sent", 2)
			})
		}
	}
}

// TestTemplateEditedInTheMiddle: what is left of a batch does not go out with
// another template unless the operator wants that, and never under another name.
func TestTemplateEditedInTheMiddle(t *testing.T) {
	t.Parallel()
	large(t)
	for form, file := range map[string]string{"without labels": unlabelled, "with labels": labelled} {
		for name, edit := range templateEdits {
			t.Run(form+"/"+name, func(t *testing.T) {
				o := newBureau(t)
				o.send("a", "may.csv", file, "--limit", "1")
				o.edit(edit[0], edit[1])
				for _, args := range [][]string{{}, {"--dry-run"}, {"--on-invalid", "skip"}, {"--allow-repeat"}} {
					o.want(o.send("a", "may.csv", file, args...), exitCannotRun, "TEMPLATE_CHANGED", 1)
				}
				if name == "a role's name" || name == "a label" {
					o.want(o.send("a", "may.csv", file, "--allow-changed-template"), exitRejected, "1 already sent", 1)
					return
				}
				o.want(o.send("a", "may.csv", file, "--allow-changed-template"), exitDone, "1 already sent", 2)
			})
		}
	}
}

// TestSameNameAtTwoDesks: what another desk has sent under the same names is
// not taken for one's own, whatever gets lost.
func TestSameNameAtTwoDesks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		o := &bureau{t: t, dir: dir, server: shareSandbox(t, dir, func(*sandbox.Server) {})}
		others := strings.NewReplacer("frej.alm@", "hanna.berg@", "gita.rao@", "ivar.dahl@").Replace(labelled)
		o.want(o.send("a", "may.csv", labelled, "--via", "single"), exitDone, "2 sent", 2)
		o.server.Faults.DropBefore = 1
		time.AfterFunc(30*time.Second, func() { o.server.SetFaults(sandbox.Faults{}) })
		got := o.send("b", "may.csv", others, "--via", "single")
		o.want(got, exitDone, "2 sent", 4)
		if strings.Contains(got.stderr, "void") {
			t.Errorf("it asks to void a good envelope:\n%s", got.stderr)
		}
	})
}

// TestCorrectedCell: a row that was corrected after it had been sent does not
// send a second envelope in silence.
func TestCorrectedCell(t *testing.T) {
	t.Parallel()
	corrected := strings.Replace(unlabelled, "41000", "43000", 1)
	t.Run("sent", func(t *testing.T) {
		o := newBureau(t)
		o.want(o.send("a", "may.csv", unlabelled), exitDone, "2 sent", 2)
		got := o.send("a", "may.csv", corrected)
		o.want(got, exitRejected, "KEY_CONFLICT", 2)
		if first := o.idOf("frej.alm@example.test"); !strings.Contains(got.stderr, first) || !strings.Contains(got.stderr, time.Now().Format("2006-01-02")) {
			t.Errorf("it names neither envelope %s nor the day:\n%s", first, got.stderr)
		}
		o.want(o.send("a", "may.csv", corrected, "--dry-run"), exitRejected, "KEY_CONFLICT", 2)
		o.want(o.send("a", "may.csv", corrected, "--on-invalid", "skip"), exitRejected, "1 already sent, 1 rejected", 2)
		o.want(o.send("a", "may.csv", unlabelled), exitDone, "2 already sent", 2)
		got = o.send("a", "may.csv", corrected, "--allow-repeat")
		o.want(got, exitDone, "1 sent, 1 already sent", 3)
		if !strings.Contains(got.stderr, "--allow-repeat lets 1 envelope pass that would be rejected (KEY_CONFLICT 1)") {
			t.Errorf("the plan does not count what it lets pass:\n%s", got.stderr)
		}
		o.want(o.send("a", "may.csv", corrected), exitDone, "2 already sent", 3)
	})
	t.Run("only spelling", func(t *testing.T) {
		o := newBureau(t)
		o.send("a", "may.csv", unlabelled)
		o.want(o.send("a", "may.csv", strings.Replace(unlabelled, "Frej Alm", "Frej  Alm", 1)), exitDone, "2 already sent", 2)
	})
	t.Run("the template's reminder written out", func(t *testing.T) {
		o := newBureau(t)
		o.send("a", "may.csv", unlabelled)
		text := strings.ReplaceAll(unlabelled, "Email\n", "Email,reminderDelay\n")
		text = strings.ReplaceAll(text, ".test\n", ".test,2\n")
		o.want(o.send("a", "may.csv", text), exitRejected, "KEY_CONFLICT", 2)
	})
	t.Run("another template", func(t *testing.T) {
		o := newBureau(t)
		o.send("a", "may.csv", unlabelled)
		o.copyTemplate()
		o.want(o.send("a", "may.csv", unlabelled, "--template", otherTemplate), exitRejected, "KEY_CONFLICT", 2)
	})
	t.Run("another template with labels", func(t *testing.T) {
		o := newBureau(t)
		o.send("a", "may.csv", labelled)
		o.copyTemplate()
		got := o.send("a", "may.csv", labelled, "--template", otherTemplate)
		o.want(got, exitRejected, "from another template", 2)
	})
	t.Run("both rows stand there", func(t *testing.T) {
		o := newBureau(t)
		o.send("a", "may.csv", unlabelled)
		both := unlabelled + strings.Split(corrected, "\n")[1] + "\n"
		o.want(o.send("a", "may.csv", both), exitDone, "1 sent, 2 already sent", 3)
	})
	t.Run("under another name", func(t *testing.T) {
		o := newBureau(t)
		o.send("a", "may.csv", unlabelled)
		o.want(o.send("a", "june.csv", corrected, "--on-invalid", "skip"), exitRejected, `warning: `+o.dir+`/a/june.csv:2: DUPLICATE_ENVELOPE: the same people got envelope`, 3)
	})
	t.Run("another address", func(t *testing.T) {
		o := newBureau(t)
		o.send("a", "may.csv", unlabelled)
		moved := strings.Replace(unlabelled, "frej.alm@", "frej@", 1)
		got := o.send("a", "may.csv", moved)
		o.want(got, exitDone, "people of the same names and roles got envelope "+o.idOf("frej.alm@example.test"), 3)
	})
	t.Run("a new list under an old name", func(t *testing.T) {
		o := newBureau(t)
		list := func(salary string) string {
			var b strings.Builder
			b.WriteString("Employee::Name,Employee::Email,Employee::Salary,Manager::Name,Manager::Email\n")
			for i := range 15 {
				b.WriteString("Person,p" + string(rune('a'+i)) + "@example.test," + salary + ",Bo Lind,bo.lind@example.test\n")
			}
			return b.String()
		}
		o.send("a", "may.csv", list("1"))
		o.want(o.send("a", "may.csv", list("2")), exitRejected, "a new list under an old name, or a change in every row: 15 of 15 people", 15)
	})
}

// TestCorrectedAfterAKill: a row whose answer nobody heard is not sent again
// because a cell of it was corrected meanwhile.
func TestCorrectedAfterAKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		o := &bureau{t: t, dir: dir, server: shareSandbox(t, dir, func(s *sandbox.Server) { s.Faults.DropAfter = 1 })}
		o.send("a", "may.csv", unlabelled, "--via", "single", "--max-duration", "1s")
		o.server.Faults.DropAfter = 0
		o.want(o.send("a", "may.csv", strings.Replace(unlabelled, "41000", "43000", 1)), exitRejected, "KEY_CONFLICT", 2)
	})
}

// TestWarnedAgainAfterALostCall: what a run says of a row that it could not send
// is said again by the run that sends it.
func TestWarnedAgainAfterALostCall(t *testing.T) {
	dir := t.TempDir()
	moved := strings.Replace(unlabelled, "frej.alm@", "frej@", 1)
	synctest.Test(t, func(t *testing.T) {
		o := &bureau{t: t, dir: dir, server: shareSandbox(t, dir, func(*sandbox.Server) {})}
		o.send("a", "may.csv", unlabelled)
		says := "people of the same names and roles got envelope " + o.idOf("frej.alm@example.test")
		o.server.SetFaults(sandbox.Faults{DropBefore: 1})
		o.want(o.send("a", "may.csv", moved, "--via", "single", "--max-duration", "1s"), exitStopped, says, 2)
		o.server.SetFaults(sandbox.Faults{})
		o.want(o.send("a", "may.csv", moved), exitDone, says, 3)
	})
}

// TestUnknownUnderAnotherName: who gives rows again under another name, of which
// an earlier run did not learn whether they were sent, is told how to find out.
func TestUnknownUnderAnotherName(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		o := &bureau{t: t, dir: dir, server: shareSandbox(t, dir, func(s *sandbox.Server) { s.Faults.DropBefore = 1 })}
		o.send("a", "may.csv", unlabelled, "--via", "single", "--max-duration", "1s")
		o.server.SetFaults(sandbox.Faults{})
		o.want(o.send("a", "june.csv", unlabelled), exitRejected, "not known yet: batchsend reconcile asks DocuSign", 0)
		time.Sleep(time.Hour)
		if got := runAgain(t, filepath.Join(dir, "a"), "reconcile", "--sandbox"); got.code != exitDone {
			t.Errorf("reconcile: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
		o.want(o.send("a", "june.csv", unlabelled), exitDone, "2 sent", 2)
	})
}

// otherTemplate is a second template that asks for the same.
const otherTemplate = "0ffe1e77-0000-4000-8000-000000000777"

func (o *bureau) copyTemplate() {
	o.t.Helper()
	text, err := os.ReadFile(filepath.Join(o.server.TemplateDir, "template.json"))
	if err != nil {
		o.t.Fatal(err)
	}
	text = []byte(strings.ReplaceAll(string(text), sandbox.DefaultTemplate, otherTemplate))
	if err := os.WriteFile(filepath.Join(o.server.TemplateDir, "template-2.json"), text, 0o600); err != nil {
		o.t.Fatal(err)
	}
}

// TestLabelledAndCorrected: a column envelope that was added does not make a
// corrected cell another envelope.
func TestLabelledAndCorrected(t *testing.T) {
	t.Parallel()
	o := newBureau(t)
	o.want(o.send("a", "may.csv", unlabelled), exitDone, "2 sent", 2)
	o.want(o.send("a", "may.csv", labelled), exitRejected, "ALREADY_SENT", 2)
	corrected := strings.Replace(labelled, "41000", "43000", 1)
	got := o.send("a", "may.csv", corrected, "--on-invalid", "skip")
	o.want(got, exitRejected, "KEY_CONFLICT", 2)
	o.want(got, exitRejected, "has a cell been corrected?", 2)
}
