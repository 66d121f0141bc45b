package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// desk is where one person works: a computer with a directory, in which the key,
// the ledger and the file are.
type desk struct {
	who     string
	dir     string
	sheet   *sheet
	file    string   // the sheet's name
	batch   string   // what --batch says; "": the file's name counts
	ledger  *book    // which ledger is there
	backups []backup // of the ledger as it was after each day
	visits  []*visit
}

// book is a ledger as people know it. One that is put back, copied or made anew
// is another.
type book struct {
	knows map[string]bool // IDs of envelopes that were mailed by runs with it
}

// another returns the book of a ledger that knows what b knows now.
func (b *book) another() *book {
	if b == nil {
		return &book{map[string]bool{}}
	}
	return &book{maps.Clone(b.knows)}
}

// backup is a copy of a ledger in a directory.
type backup struct {
	dir  string
	book *book
}

// newDesk sets up a desk with a key and an empty ledger.
func (w *world) newDesk(who string, s *sheet, file string) (*desk, error) {
	d := &desk{who: who, dir: filepath.Join(w.dir, who), sheet: s, file: file, ledger: (*book)(nil).another()}
	w.desks = append(w.desks, d)
	return d, errors.Join(os.MkdirAll(d.ledgerDir(), 0o700), os.WriteFile(filepath.Join(d.dir, "key.pem"), w.key.text, 0o600))
}

func (d *desk) ledgerDir() string { return filepath.Join(d.dir, "ledger") }

// ledgerFile is what --ledger says.
func (d *desk) ledgerFile() string { return filepath.Join(d.ledgerDir(), "ledger.db") }

// results is what --results says.
func (d *desk) results() string { return filepath.Join(d.dir, "results.csv") }

// environment is what the program gets at this desk.
func (w *world) environment(d *desk) map[string]string {
	server := "demo"
	if w.story.Account.Local {
		server = "http://127.0.0.1:1"
	}
	return map[string]string{
		"HOME": d.dir, "XDG_STATE_HOME": filepath.Join(d.dir, "state"), "XDG_CONFIG_HOME": filepath.Join(d.dir, "config"),
		"DOCUSIGN_AUTH_SERVER": server, "DOCUSIGN_INTEGRATION_KEY": w.server.IntegrationKey, "DOCUSIGN_USER_ID": w.server.UserID,
		"DOCUSIGN_PRIVATE_KEY": filepath.Join(d.dir, "key.pem"), "BATCHSEND_LEDGER": d.ledgerFile(),
	}
}

// template is the one that the desk's file is for.
func (d *desk) template() string {
	if d.sheet.single() {
		return templateOne
	}
	return templateTwo
}

// left reports whether there is a file with something in it.
func left(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() > 0
}

// second sets up the second desk; nil if there is one.
func (w *world) second(_ *desk, s *sheet) *desk {
	if len(w.desks) > 1 {
		return nil
	}
	d, err := w.newDesk("bert", s, "")
	w.must(err)
	return d
}

// backUp copies the ledger as it is at the end of a day.
func (w *world) backUp(d *desk) {
	to := filepath.Join(w.dir, fmt.Sprintf("backup-%s-%d", d.who, len(d.backups)))
	w.must(copyTree(d.ledgerDir(), to))
	d.backups = append(d.backups, backup{to, d.ledger.another()})
}

// settleBefore waits, if the desk's ledger is not the one of the last call, until
// the last call is settled: runs on different ledgers must not overlap.
func (w *world) settleBefore(d *desk) {
	w.mu.Lock()
	ledger, wait := w.lastLedger, w.story.Account.settle()+time.Minute-time.Since(w.lastCall)
	w.mu.Unlock()
	if ledger != nil && ledger != d.ledger && wait > 0 {
		time.Sleep(wait)
	}
}

// copyTree copies a directory and the files in it.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := to + strings.TrimPrefix(path, from)
		if entry.IsDir() {
			return os.MkdirAll(target, 0o700)
		}
		all, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		return os.WriteFile(target, all, 0o600)
	})
}
