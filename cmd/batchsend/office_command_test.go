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

// command is what somebody types.
type command struct {
	args    []string // from the command's name on, without the file
	sends   bool     // it is send, and no dry run
	file    bool     // the file's name comes last
	limit   bool     // --limit is given
	short   bool     // --settle is, and is too short
	repeat  bool     // --allow-repeat is
	ends    time.Duration
	mishaps []mishap
	others  int // calls that other apps make beside ten of ours
	first   []string
	beside  *beside // given before this one is done

	isBeside bool
}

// has reports whether a flag is given.
func (c *command) has(flag string) bool { return slices.Contains(c.args, flag) }

// set gives a flag its value, the last one said.
func (c *command) set(flag, value string) {
	if i := slices.Index(c.args, flag); i >= 0 {
		c.args[i+1] = value
		return
	}
	c.args = append(c.args, flag, value)
}

// give gives a flag without a value.
func (c *command) give(flag string) {
	if !c.has(flag) {
		c.args = append(c.args, flag)
	}
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

// beside is another sending command that somebody gives while the first runs.
type beside struct {
	after time.Duration
	kind  int
}

// The kinds of [beside].
const (
	besideSame     = iota // the same command
	besideLink            // the ledger is named by a symbolic link
	besideUnlocked        // somebody has deleted what lies beside the ledger
	besideHardLink        // the ledger is named by another name of the file
	besideBatch           // the same file under another batch
	besideKinds
)

func (b *beside) words() string {
	return []string{
		"somebody gives it again", "somebody gives it again and names the ledger by a symbolic link",
		"somebody deletes the lock beside the ledger and gives it again", "somebody gives it again and names the ledger by a hard link",
		"somebody gives it under another batch",
	}[b.kind]
}

// command is what is given beside c.
func (b *beside) command(d *desk, c *command) *command {
	again := &command{args: slices.Clone(c.args), sends: true, file: true, limit: c.limit, ends: c.ends, repeat: c.repeat, isBeside: true}
	again.set("--results", d.results()+".second")
	switch b.kind {
	case besideLink, besideHardLink:
		again.set("--ledger", b.link(d))
	case besideBatch:
		again.set("--batch", "beside")
		again.set("--on-invalid", "skip")
	}
	return again
}

func (b *beside) link(d *desk) string { return filepath.Join(d.ledgerDir(), "link.db") }

// prepare is done just before the command is given.
func (b *beside) prepare(w *world, d *desk) {
	switch b.kind {
	case besideLink:
		w.must(os.Symlink("ledger.db", b.link(d)))
	case besideHardLink:
		if err := os.Link(d.ledgerFile(), b.link(d)); !errors.Is(err, fs.ErrNotExist) {
			w.must(err)
		}
	case besideUnlocked:
		files, err := os.ReadDir(d.ledgerDir())
		w.must(err)
		for _, f := range files {
			if f.Name() != "ledger.db" && !strings.HasPrefix(f.Name(), "ledger.db-") {
				w.must(os.Remove(filepath.Join(d.ledgerDir(), f.Name())))
			}
		}
	}
}

// tidy removes the links, and what a program may have put beside them.
func (b *beside) tidy(w *world, d *desk) {
	links, err := filepath.Glob(b.link(d) + "*")
	w.must(err)
	for _, path := range links {
		w.must(os.Remove(path))
	}
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
	withFlag("--max-errors", "1", "3"),
	withFlag("--reserve", "20", "50"),
	{name: "limit", with: func(_ *world, c *command, a act) {
		c.limit = true
		c.set("--limit", strconv.Itoa(1+a.A%3))
	}},
	{name: "max-duration", with: func(_ *world, c *command, a act) {
		c.ends = []time.Duration{30 * time.Second, 5 * time.Minute, 40 * time.Minute}[a.A%3]
		c.set("--max-duration", c.ends.String())
	}},
	{name: "allow-repeat", with: func(_ *world, c *command, a act) {
		if a.A%4 == 0 { // rarely
			c.repeat = true
			c.give("--allow-repeat")
		}
	}},
	{name: "short-settle", with: func(_ *world, c *command, a act) {
		c.short = true
		c.set("--settle", []string{"0s", "1s", "1m"}[a.A%3])
	}},
	{name: "other-template", with: func(_ *world, c *command, _ act) {
		i := slices.Index(c.args, "--template") + 1
		c.args[i] = map[string]string{templateOne: otherOne, templateTwo: otherTwo}[c.args[i]]
	}},
}

// otherCommands are given, and calls made, before the command or beside it.
var otherCommands = []action{
	{name: "beside", with: func(_ *world, c *command, a act) {
		c.beside = &beside{moments[a.A%len(moments)] + 11*time.Nanosecond, a.B % besideKinds}
	}},
	{name: "other-apps", with: func(_ *world, c *command, a act) { c.others = 1 + a.A%20 }},
	{name: "dry-run-first", with: func(_ *world, c *command, _ act) { c.first = append(c.first, "dry-run") }},
	{name: "reconcile-first", with: func(_ *world, c *command, _ act) { c.first = append(c.first, "reconcile") }},
	{name: "refresh-first", with: func(_ *world, c *command, _ act) { c.first = append(c.first, "refresh") }},
	{name: "doctor-first", with: func(_ *world, c *command, _ act) { c.first = append(c.first, "doctor") }},
}

// sending is the command with which a desk sends its file.
func (w *world) sending(d *desk) *command {
	c := &command{args: []string{"send", "--template", d.template(), "--results", d.results()}, sends: true, file: true}
	c.args = append(c.args, w.story.Usual...)
	if d.batch != "" {
		c.set("--batch", d.batch)
	}
	if s := w.story.Account.Settle; s > 0 {
		c.set("--settle", s.String())
	}
	return c
}

// other is a command of another kind that comes before c.
func (w *world) other(c *command, kind string) *command {
	switch kind {
	case "dry-run":
		dry := &command{args: append(slices.Clone(c.args), "--dry-run"), file: true}
		return dry
	case "reconcile":
		r := &command{args: []string{"reconcile"}}
		if s := w.story.Account.Settle; s > 0 {
			r.set("--settle", s.String())
		}
		return r
	case "refresh":
		return &command{args: []string{"status", "--refresh"}}
	}
	return &command{args: []string{"doctor"}}
}

// typed is the command as somebody reads it.
func (c *command) typed(d *desk) string {
	text := "batchsend " + strings.Join(c.args, " ")
	for id, name := range map[string]string{templateOne: "NOTICE", templateTwo: "OFFER", otherOne: "NOTICE2", otherTwo: "OFFER2"} {
		text = strings.ReplaceAll(text, id, name)
	}
	text = strings.ReplaceAll(text, " --results "+d.results(), "")
	if c.file {
		text += " " + d.file
	}
	return text
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

// pick returns one of the letters.
func (s *sheet) pick(n int) *sheetRow { return &s.letters[n%len(s.letters)] }
