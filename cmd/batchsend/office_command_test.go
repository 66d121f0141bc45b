package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
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
	report  bool     // --report and --rejects are
	repeat  bool     // --allow-repeat is
	ends    time.Duration
	mishaps []mishap
	others  int // calls that other apps make beside ten of ours
	first   []string
	beside  *beside // given before this one is done

	isBeside  bool
	suspended bool // DocuSign has suspended the account
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

// prepare is done just before the command is given. It reports whether it can be
// given.
func (b *beside) prepare(w *world, d *desk) bool {
	switch b.kind {
	case besideLink:
		w.must(os.Symlink("ledger.db", b.link(d)))
	case besideHardLink:
		if err := os.Link(d.ledgerFile(), b.link(d)); errors.Is(err, fs.ErrNotExist) {
			return false
		} else {
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
	return true
}

// tidy removes the links, and what a program may have put beside them.
func (b *beside) tidy(w *world, d *desk) {
	links, err := filepath.Glob(b.link(d) + "*")
	w.must(err)
	for _, path := range links {
		w.must(os.Remove(path))
	}
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
		return &command{args: append(slices.Clone(c.args), "--dry-run"), file: true, report: c.report, short: c.short, ends: c.ends}
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

// arguments is what the program gets.
func (c *command) arguments(d *desk) []string {
	args := slices.Clone(c.args)
	if c.report {
		args = append(args, "--report", filepath.Join(d.dir, "report.html"), "--rejects", filepath.Join(d.dir, "rejects.csv"))
	}
	if c.file {
		args = append(args, filepath.Join(d.dir, d.file))
	}
	return args
}

// typed is the command as somebody reads it.
func (c *command) typed(d *desk) string {
	text := "batchsend " + strings.Join(c.arguments(d), " ")
	for id, name := range map[string]string{templateOne: "NOTICE", templateTwo: "OFFER", otherOne: "NOTICE2", otherTwo: "OFFER2"} {
		text = strings.ReplaceAll(text, id, name)
	}
	text = strings.ReplaceAll(text, " --results "+d.results()+".second", "")
	text = strings.ReplaceAll(text, " --results "+d.results(), "")
	return strings.NewReplacer(d.ledgerDir()+"/", "", d.dir+"/", "").Replace(text)
}
