package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// act is something that somebody does, or that goes wrong. What A and B mean is
// the action's business.
type act struct {
	Name string
	A, B int
}

// action is one kind of act.
type action struct {
	name string
	// before does something to the office before the command is given.
	before func(*world, *desk, act)
	// with changes the command.
	with func(*world, *command, act)
	// during returns what goes wrong while the program runs.
	during func(*world, act) mishap
}

// actions are all that can happen, in groups that are drawn equally often. Each
// can be switched on or off by its name, see [enabled].
func actions() [][]action {
	return [][]action{fileActions, ledgerActions, templateActions, deskActions, commandActions, stopActions, waitActions, otherCommands, mishapActions, lossActions}
}

// actionNamed finds an action.
func actionNamed(name string) action {
	for _, a := range slices.Concat(actions()...) {
		if a.name == name {
			return a
		}
	}
	panic("no action " + name)
}

// fileActions are what somebody does to the file.
var fileActions = []action{
	{name: "correct-cell", before: func(w *world, d *desk, a act) {
		l := d.sheet.pick(a.A)
		l.salary += 100
		w.tell("%s corrects the salary of %s to %d", d.who, l.employee, l.salary)
	}},
	{name: "correct-name", before: func(w *world, d *desk, a act) {
		l := d.sheet.pick(a.A)
		l.employee += "a"
		w.tell("%s corrects a name to %s", d.who, l.employee)
	}},
	{name: "correct-address", before: func(w *world, d *desk, a act) {
		l := d.sheet.pick(a.A)
		l.address = strings.Replace(l.address, "@", "b@", 1)
		w.tell("%s corrects the address of %s to %s", d.who, l.employee, l.address)
	}},
	{name: "spell", before: func(w *world, d *desk, a act) {
		l := d.sheet.pick(a.A)
		l.spelling = 1 + a.B%2
		w.tell("%s spells %s in another way: %q <%s>", d.who, l.employee, l.name(), l.mail())
	}},
	{name: "add-rows", before: func(w *world, d *desk, a act) {
		n := 1 + a.A%3
		d.sheet.add(n)
		w.tell("%s adds %d rows", d.who, n)
	}},
	{name: "remove-row", before: func(w *world, d *desk, a act) {
		if len(d.sheet.letters) < 2 {
			return
		}
		i := a.A % len(d.sheet.letters)
		w.tell("%s removes the row of %s", d.who, d.sheet.letters[i].employee)
		d.sheet.letters = slices.Delete(d.sheet.letters, i, i+1)
	}},
	{name: "reorder-rows", before: func(w *world, d *desk, a act) {
		slices.Reverse(d.sheet.letters[a.A%len(d.sheet.letters):])
		w.tell("%s turns the order of the rows round, from the %d. on", d.who, a.A%len(d.sheet.letters)+1)
	}},
	{name: "double-row", before: func(w *world, d *desk, a act) {
		l := d.sheet.pick(a.A)
		l.duplicate = !l.duplicate
		w.tell("the row of %s stands in the file twice, or no longer", l.employee)
	}},
	{name: "relabel-row", before: func(w *world, d *desk, a act) {
		if l := d.sheet.pick(a.A); d.sheet.labels {
			l.label += "x"
			w.tell("%s gives the row of %s the envelope value %s", d.who, l.employee, l.label)
		}
	}},
	{name: "swap-labels", before: func(w *world, d *desk, a act) {
		one, two := d.sheet.pick(a.A), d.sheet.pick(a.A+1+a.B)
		if d.sheet.labels && one != two {
			one.label, two.label = two.label, one.label
			w.tell("%s exchanges the envelope values of %s and %s", d.who, one.employee, two.employee)
		}
	}},
	{name: "same-person", before: func(w *world, d *desk, a act) {
		if l := d.sheet.pick(a.A); !d.sheet.single() {
			l.manager = l.address
			w.tell("%s is their own manager now", l.employee)
		}
	}},
	{name: "rename-file", before: func(w *world, d *desk, a act) {
		d.file = fmt.Sprintf("offers-%d.csv", a.A%3)
		w.tell("%s calls the file %s", d.who, d.file)
	}},
	{name: "name-batch", before: func(w *world, d *desk, a act) {
		d.batch = []string{"", "spring", "summer"}[a.A%3]
		w.tell("%s gives --batch %q from now on", d.who, d.batch)
	}},
}

// withFlag is an action that gives a flag with one of some values.
func withFlag(name string, values ...string) action {
	return action{name: strings.TrimPrefix(name, "--"), with: func(_ *world, c *command, a act) {
		if len(values) == 0 {
			c.give(name)
			return
		}
		c.set(name, values[a.A%len(values)])
	}}
}

// commandActions change the command.
var commandActions = []action{
	withFlag("--via", "bulk", "two-step", "single", "auto"),
	withFlag("--concurrency", "1", "2", "30"),
	withFlag("--reminder-delay", "5", "7"),
	withFlag("--expire-after", "60", "90"),
	withFlag("--on-invalid", "skip"),
	withFlag("--allow-same-person"),
	withFlag("--allow-changed-template"),
	withFlag("--reserve", "20", "50"),
	withFlag("--verbose"),
	withFlag("--json"),
	withFlag("--log-format", "json"),
	{name: "report", with: func(w *world, c *command, _ act) { c.report = true }},
	{name: "allow-repeat", with: func(_ *world, c *command, a act) {
		if a.A%4 == 0 { // rarely
			c.repeat = true
			c.give("--allow-repeat")
		}
	}},
	{name: "other-template", with: func(_ *world, c *command, _ act) {
		i := slices.Index(c.args, "--template") + 1
		c.args[i] = map[string]string{templateOne: otherOne, templateTwo: otherTwo}[c.args[i]]
	}},
}

// stopActions end a run before it is done.
var stopActions = []action{
	withFlag("--max-errors", "1", "3"),
	{name: "limit", with: func(_ *world, c *command, a act) {
		c.limit = true
		c.set("--limit", strconv.Itoa(1+a.A%3))
	}},
	{name: "max-duration", with: func(_ *world, c *command, a act) {
		c.ends = []time.Duration{30 * time.Second, 5 * time.Minute, 40 * time.Minute}[a.A%3]
		c.set("--max-duration", c.ends.String())
	}},
	{name: "ctrl-c", during: func(_ *world, a act) mishap {
		return once("somebody presses Ctrl-C", a, func(x *wire) { x.signal() })
	}},
	{name: "power", during: func(_ *world, a act) mishap {
		return once("the power fails", a, func(x *wire) { x.supply.fail() })
	}},
}

// waitActions change how long the program has to wait, or may.
var waitActions = []action{
	{name: "suspended", with: func(_ *world, c *command, _ act) { c.suspended = true }},
	{name: "short-settle", with: func(_ *world, c *command, a act) {
		c.short = true
		c.set("--settle", []string{"0s", "1s", "1m"}[a.A%3])
	}},
	{name: "other-apps", with: func(_ *world, c *command, a act) { c.others = 1 + a.A%20 }},
}

// otherCommands are given before the command.
var otherCommands = []action{
	{name: "dry-run-first", with: func(_ *world, c *command, _ act) { c.first = append(c.first, "dry-run") }},
	{name: "reconcile-first", with: func(_ *world, c *command, _ act) { c.first = append(c.first, "reconcile") }},
	{name: "refresh-first", with: func(_ *world, c *command, _ act) { c.first = append(c.first, "refresh") }},
	{name: "doctor-first", with: func(_ *world, c *command, _ act) { c.first = append(c.first, "doctor") }},
}

// ledgerActions are what people do to ledgers.
var ledgerActions = []action{
	{name: "restore-ledger", before: func(w *world, d *desk, a act) {
		if len(d.backups) == 0 {
			return
		}
		back := len(d.backups) - 1 - a.A%min(3, len(d.backups))
		w.must(os.RemoveAll(d.ledgerDir()))
		w.must(copyTree(d.backups[back].dir, d.ledgerDir()))
		d.ledger = d.backups[back].book.another()
		w.tell("%s puts the ledger back that was there after day %d", d.who, back+1)
	}},
	{name: "restore-ledger-file", before: func(w *world, d *desk, a act) {
		if len(d.backups) == 0 {
			return
		}
		back := len(d.backups) - 1 - a.A%min(3, len(d.backups))
		saved, err := os.ReadFile(filepath.Join(d.backups[back].dir, "ledger.db"))
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		w.must(err)
		if left(filepath.Join(d.backups[back].dir, "ledger.db-wal")) || left(d.ledgerFile()+"-wal") {
			return // the file alone is not the ledger
		}
		w.must(os.WriteFile(d.ledgerFile(), saved, 0o600))
		d.ledger = d.backups[back].book.another()
		w.tell("%s puts only the file ledger.db back that was there after day %d", d.who, back+1)
	}},
	{name: "lose-ledger", before: func(w *world, d *desk, _ act) {
		w.must(os.RemoveAll(d.ledgerDir()))
		w.must(os.Mkdir(d.ledgerDir(), 0o700))
		d.ledger = (*book)(nil).another()
		w.tell("%s loses the ledger", d.who)
	}},
	{name: "lose-wal", before: func(w *world, d *desk, _ act) {
		if !left(d.ledgerFile() + "-wal") {
			return
		}
		w.must(os.Remove(d.ledgerFile() + "-wal"))
		_ = os.Remove(d.ledgerFile() + "-shm")
		d.ledger = (*book)(nil).another()
		w.tell("%s tidies up and deletes ledger.db-wal", d.who)
	}},
}

// templateActions edit the template.
var templateActions = []action{
	{name: "template-order", before: edit(func(e *edition, _ *sheet, _ act) string {
		e.orders = [2]int{e.orders[1], e.orders[0]}
		return "the manager and the employee change places in the routing order"
	})},
	{name: "template-role", before: edit(func(e *edition, _ *sheet, a act) string {
		e.roles[0] = []string{"Staff", "Employee"}[a.A%2]
		return fmt.Sprintf("the employee's role is called %s now", e.roles[0])
	})},
	{name: "template-role-and-file", before: edit(func(e *edition, s *sheet, a act) string {
		e.roles[0] = []string{"Staff", "Employee"}[a.A%2]
		s.roles = e.roles
		return fmt.Sprintf("the employee's role is called %s now, and in the file too", e.roles[0])
	})},
	{name: "template-tab-type", before: edit(func(e *edition, _ *sheet, _ act) string {
		e.number = !e.number
		return "the salary's field gets another type"
	})},
	{name: "template-label-case", before: edit(func(e *edition, _ *sheet, a act) string {
		e.tab = []string{"SALARY", "Salary"}[a.A%2]
		return fmt.Sprintf("the salary's field is called %s now", e.tab)
	})},
	{name: "template-field-case", before: edit(func(e *edition, _ *sheet, a act) string {
		e.field = []string{"department", "Department"}[a.A%2]
		return fmt.Sprintf("the envelope's field is called %s now", e.field)
	})},
	{name: "template-second-tab", before: edit(func(e *edition, _ *sheet, _ act) string {
		e.twice = !e.twice
		return "a second field with the salary's label comes or goes"
	})},
	{name: "template-reminders", before: edit(func(e *edition, _ *sheet, a act) string {
		e.delay = 1 + a.A%9
		return fmt.Sprintf("reminders begin after %d days", e.delay)
	})},
	{name: "template-saved", before: edit(func(*edition, *sheet, act) string { return "it is saved again as it was" })},
}

// edit makes an action of a change to the template.
func edit(change func(*edition, *sheet, act) string) func(*world, *desk, act) {
	return func(w *world, d *desk, a act) {
		what := ""
		w.editTemplates(func(e *edition) { what = change(e, d.sheet, a) })
		w.tell("somebody edits the template: %s", what)
	}
}

// deskActions have two work at once: at the same desk or at a second one.
var deskActions = []action{
	{name: "beside", with: func(_ *world, c *command, a act) {
		c.beside = &beside{moments[a.A%len(moments)] + 11*time.Nanosecond, a.B % besideKinds}
	}},
	{name: "second-desk-copy", before: func(w *world, d *desk, a act) {
		to := w.second(d, d.sheet.clone())
		if to == nil {
			return
		}
		to.file, to.batch = d.file, d.batch
		what := "file and ledger"
		if a.A%2 == 1 {
			what = "file, without the ledger"
		} else {
			w.must(os.RemoveAll(to.ledgerDir()))
			w.must(copyTree(d.ledgerDir(), to.ledgerDir()))
			to.ledger = d.ledger.another()
		}
		w.tell("%s copies %s to %s's desk", d.who, what, to.who)
	}},
	{name: "second-desk-same-name", before: func(w *world, d *desk, _ act) {
		if to := w.second(d, newSheet(w.story, "bert")); to != nil {
			to.file, to.batch = d.file, d.batch
			w.tell("%s has a file of the same name with other people in it", to.who)
		}
	}},
}

// pick returns one of the letters.
func (s *sheet) pick(n int) *sheetRow { return &s.letters[n%len(s.letters)] }
