package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"batchsend/internal/sandbox"
)

// finding is something that must not be.
type finding struct {
	kind string // see [findings]
	text string
	tale string // of what happened
}

// findings are the kinds of findings. Like actions they can be switched off by
// their names.
var findings = []string{
	"twice",     // somebody got the same letter twice
	"untrue",    // a row is called sent, and has no envelope of its own
	"corrected", // a corrected row is mailed beside the letter that it corrects, in silence
	"changed",   // a batch that was begun goes on with an edited template, and nobody was asked
	"overlap",   // two runs sent one batch at the same time
	"lost",      // a good row was not sent in the end, and nobody says why
	"exit",      // the exit code does not say what happened
	"refused",   // DocuSign refused a call because of a limit, without other apps
	"wait",      // a run waited longer than anything asks for
	"secret",    // a secret can be read
	"crash",     // the program failed in itself
}

// find ends the story with a finding, unless findings of its kind are switched
// off.
func (w *world) find(kind string, v *visit, format string, args ...any) {
	if only := words(officeOnly); slices.Contains(words(officeWithout), kind) ||
		slices.ContainsFunc(only, func(name string) bool { return slices.Contains(findings, name) }) && !slices.Contains(only, kind) {
		return
	}
	f := &finding{kind: kind, text: fmt.Sprintf(format, args...)}
	w.tell("\nWRONG (%s): %s", f.kind, f.text)
	if v != nil {
		w.tale = append(w.tale, "", "The last command said:", indented(v.stdout), indented(v.stderr))
		for _, r := range v.results[:min(len(v.results), 20)] {
			w.tale = append(w.tale, "    | "+strings.Join(r, ","))
		}
	}
	panic(f)
}

func indented(text string) string {
	if len(text) > 6000 {
		text = text[:3000] + "\n...\n" + text[len(text)-3000:]
	}
	return "    | " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    | ")
}

// check holds everything against the promise, as far as it can be known after a
// run.
func (w *world) check(v *visit) {
	w.checkTwice(v)
	w.checkCorrected()
	w.checkChanged(v)
	w.checkOverlap(v)
	w.checkRefused(v)
	w.checkSecrets(v)
	if v.cut {
		return
	}
	if strings.Contains(v.stderr, "internal error") || strings.Contains(v.stderr, "panic") {
		w.find("crash", v, "the program failed in itself")
	}
	w.checkResults(v)
	w.checkExit(v)
	w.checkWaits(v)
}

// mailedTo lists what was mailed so far.
func (w *world) mailedTo() []sandbox.Envelope {
	return slices.DeleteFunc(w.server.Envelopes(), func(e sandbox.Envelope) bool { return e.Sent.IsZero() })
}

// mailing is what must not be sent twice.
type mailing struct {
	contract
	template string
}

// checkTwice: nobody gets the same letter twice, but for every run that was told
// to repeat it. That a letter was sent under another batch only the ledger
// knows: one that does not know the batch cannot find out.
func (w *world) checkTwice(v *visit) {
	allowed := map[mailing]int{}
	for _, v := range w.visits {
		if v.command.repeat {
			for i := range v.sheet.letters {
				n := 1
				if v.sheet.letters[i].duplicate {
					n = 2
				}
				allowed[mailing{v.sheet.contract(&v.sheet.letters[i]), v.template}] += n
			}
		}
	}
	mailed := map[mailing][]*visit{}
	all := w.mailedTo()
	for i := range all {
		e := &all[i]
		k, by := mailing{w.contractOf(e), e.TemplateID}, w.sender(e)
		for j := range all[:i] {
			before := &all[j]
			if sender := w.sender(before); before.TemplateID == e.TemplateID && w.contractOf(before) == k.contract && sender.batch != by.batch && !by.ledger.knows[before.ID] {
				allowed[k]++
				break
			}
		}
		if mailed[k] = append(mailed[k], by); len(mailed[k]) > 1+allowed[k] {
			w.find("twice", v, "the letter %q to %s was mailed %d times", k.values, k.people, len(mailed[k]))
		}
	}
}

// checkCorrected: to people who have got a letter of this batch, another is sent
// only if the first still stands in the file, or was sent from another template
// or under another name, and then not in silence. What was sent from another
// template under another batch has nothing to do with it.
func (w *world) checkCorrected() {
	mailed := w.mailedTo()
	for i := range mailed {
		now := &mailed[i]
		v := w.sender(now)
		if v.ended.IsZero() || w.judged[now.ID] {
			continue
		}
		w.judged[now.ID] = true
		if v.command.repeat {
			continue
		}
		for j := range mailed[:i] {
			if before := &mailed[j]; before.Sent.Before(v.began) {
				w.checkCorrection(v, now, before)
			}
		}
	}
}

// checkCorrection looks at one of the letters that a visit has sent, beside one
// that was mailed before it.
func (w *world) checkCorrection(v *visit, now, before *sandbox.Envelope) {
	c, old, by := w.contractOf(now), w.contractOf(before), w.sender(before)
	sameBatch, sameTemplate := by.batch == v.batch, before.TemplateID == now.TemplateID
	if old == c && sameTemplate {
		return // see checkTwice
	}
	if !v.ledger.knows[before.ID] {
		return // this ledger may not know whom that letter went to
	}
	warned := v.cut || strings.Contains(v.stderr, "warning")
	switch {
	case old.people != c.people:
		if old.values == c.values && sameBatch && !v.sheet.has(old) && !warned {
			w.find("corrected", v, "the letter %q went to %s, and now without a warning to %s", c.values, old.people, c.people)
		}
	case !sameBatch && !sameTemplate:
	case sameBatch && sameTemplate && !v.sheet.labels && !v.sheet.has(old):
		w.find("corrected", v, "%s got %q and then, by the same batch, %q, which is a correction of it", c.people, old.values, c.values)
	case !warned:
		w.find("corrected", v, "%s got %q and then %q without a warning", c.people, old.values, c.values)
	}
}

// sender is the visit that made an envelope. Copies of bulk lists make
// themselves: of those, the one that gave DocuSign the list.
func (w *world) sender(e *sandbox.Envelope) *visit {
	if v := w.makers[e.ID]; v != nil {
		return v
	}
	for _, l := range slices.Backward(w.lists) {
		if !slices.ContainsFunc(e.CustomFields, func(f sandbox.CustomField) bool { return !strings.Contains(l.body, f.Value) }) {
			return l.by
		}
	}
	panic("nobody has made envelope " + e.ID)
}

// has reports whether a letter stands in the file.
func (s *sheet) has(c contract) bool {
	return slices.ContainsFunc(s.letters, func(l sheetRow) bool { return s.contract(&l) == c })
}

// checkChanged: what a run has left for the next one is not sent from a template
// that was edited since, unless somebody says so. What counts is the template as
// the program has read it last: that may be half an hour old, no more.
func (w *world) checkChanged(v *visit) {
	if !v.command.sends || v.command.has("--allow-changed-template") || v.cut {
		return
	}
	before := w.lastSending(v)
	for _, e := range w.mailedTo() {
		if w.makers[e.ID] != v {
			continue // also copies of lists: they are made from a draft
		}
		read := v.readBefore(e.Created)
		if age := e.Created.Sub(read.at); age > trusted+w.story.Account.settle() && !read.edition.asksLike(w.editionAt(e.Created)) {
			w.find("changed", v, "%q came from a template that was edited, and the program has not looked at it for %v", w.contractOf(&e).values, age)
		}
		if before == nil || read.edition.asksLike(before.readBefore(before.ended).edition) {
			continue
		}
		for i, rows := range w.resultOf(before) {
			if before.sheet.contract(&before.sheet.letters[i]) == w.contractOf(&e) && rows[0].status == "pending" && rows[0].code == "" {
				w.find("changed", v, "%q was left for later on %s, and is sent now from a template that was edited since", w.contractOf(&e).values, w.when(before.began))
			}
		}
	}
}

// editedUnseen reports whether an envelope was made from a template that was
// edited after the program has read it: what it says is then the editor's doing.
func (w *world) editedUnseen(e *sandbox.Envelope) bool {
	return w.sender(e).readBefore(e.Created).edition.saved != w.editionAt(e.Created).saved
}

// trusted is how long the program takes a template to be as it was.
const trusted = 30 * time.Minute

// lastSending is the run before v that has sent some of the same batch and had
// to leave others; nil if there is none.
func (w *world) lastSending(v *visit) *visit {
	for _, before := range slices.Backward(w.visits) {
		if before == v || !before.command.sends || before.ledger != v.ledger || before.batch != v.batch || before.template != v.template {
			continue
		}
		if before.command.has("--allow-changed-template") {
			return nil
		}
		if before.planned() {
			if before.code == exitStopped || before.command.limit && before.code == exitDone {
				return before
			}
			return nil
		}
	}
	return nil
}

// checkOverlap: while a run sends a batch no other does, by whatever name it
// knows the ledger.
func (w *world) checkOverlap(v *visit) {
	began, ended := v.sending()
	for _, other := range w.visits {
		if other == v || other.batch != v.batch || other.ledger != v.ledger {
			continue
		}
		if from, to := other.sending(); from.Before(ended) && began.Before(to) {
			w.find("overlap", v, "two runs sent batch %q between %s and %s", v.batch, w.when(from), w.when(ended))
		}
	}
}

// sending is when a run made the first and the last call that creates
// envelopes.
func (v *visit) sending() (from, to time.Time) {
	for _, c := range v.calls {
		if c.creates {
			if from.IsZero() {
				from = c.begun
			}
			to = c.begun
		}
	}
	return from, to
}

// planned reports whether a run had begun to send.
func (v *visit) planned() bool {
	return slices.ContainsFunc(v.results, func(r []string) bool { return r[6] == "sent" })
}

// asksLike reports whether two editions of the templates ask for the same.
func (e edition) asksLike(o edition) bool {
	a, b := e, o
	a.saved, b.saved = time.Time{}, time.Time{}
	return a == b
}

// checkRefused: without other apps no call is refused by a limit. A ledger that
// is another one now does not know of this hour's calls, and no ledger of those
// of a dry run or of doctor.
func (w *world) checkRefused(v *visit) {
	if w.others {
		return
	}
	for _, before := range w.visits {
		traceless := !before.command.sends && before != v
		if (traceless || before.ledger != v.ledger) && before.ended.Truncate(time.Hour).Equal(v.began.Truncate(time.Hour)) {
			return
		}
	}
	for _, c := range v.calls {
		if c.status == 429 {
			w.find("refused", v, "DocuSign refused a call (%s) because of a limit", c.kind)
		}
	}
}

// checkSecrets: no line of the key, no token and no access code stands in what
// was printed or written, but for the file itself and the rejects.
func (w *world) checkSecrets(v *visit) {
	look := func(where string, text []byte) {
		for _, secret := range w.secrets {
			if bytes.Contains(text, []byte(secret)) {
				w.find("secret", v, "a line of the key or a token can be read in %s", where)
			}
		}
		for _, l := range v.sheet.letters {
			if bytes.Contains(text, []byte(l.code)) {
				w.find("secret", v, "the access code of %s can be read in %s", l.employee, where)
			}
		}
	}
	look("what was printed", []byte(v.stdout+v.stderr))
	for _, r := range v.results {
		look("the results", []byte(strings.Join(r, ",")))
	}
	w.must(filepath.WalkDir(v.desk.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, ".csv") || strings.HasSuffix(path, ".pem") {
			return err
		}
		text, err := os.ReadFile(path)
		look(filepath.Base(path), text)
		return err
	}))
}

// row is one letter in the results.
type resultRow struct{ status, id, code, message string }

// letters returns what the results say of each letter of the file, by its place;
// those that say different things of one letter are a finding.
func (w *world) resultOf(v *visit) map[int][]resultRow {
	out := map[int][]resultRow{}
	for _, r := range v.results {
		line, err := strconv.Atoi(r[1])
		i, ok := v.lines[line]
		if err != nil || !ok {
			w.find("untrue", v, "the results tell of line %s, which the file has not", r[1])
		}
		out[i] = append(out[i], resultRow{r[6], r[7], r[9], r[10]})
	}
	return out
}

// checkResults: every row that is called sent has an envelope of its own, which
// was mailed, to its own people and with its own values.
func (w *world) checkResults(v *visit) {
	if v.results == nil {
		return
	}
	envelopes := map[string]*sandbox.Envelope{}
	all := w.server.Envelopes()
	for i := range all {
		envelopes[strings.ToLower(all[i].ID)] = &all[i]
	}
	owner := map[string]int{}
	for i, rows := range w.resultOf(v) {
		l := &v.sheet.letters[i]
		for _, r := range rows {
			if r.status != "sent" && r.status != "already-sent" {
				continue
			}
			e := envelopes[strings.ToLower(r.id)]
			switch other, taken := owner[r.id]; {
			case e == nil:
				w.find("untrue", v, "the row of %s is %s with an envelope that DocuSign has not", l.employee, r.status)
			case e.Sent.IsZero():
				w.find("untrue", v, "the row of %s is %s, and its envelope was not mailed: it is %s", l.employee, r.status, e.Status)
			case taken && other != i:
				w.find("untrue", v, "the rows of %s and %s have one envelope between them", l.employee, v.sheet.letters[other].employee)
			case w.editedUnseen(e) && w.contractOf(e).people == v.sheet.contract(l).people:
			case w.contractOf(e) != v.sheet.contract(l):
				w.find("untrue", v, "the row of %s is %s with an envelope to %s that says %q", l.employee, r.status, w.contractOf(e).people, w.contractOf(e).values)
			}
			owner[r.id] = i
		}
	}
	if len(v.sheet.letters) != len(w.resultOf(v)) {
		w.find("lost", v, "the results tell of %d letters, the file has %d", len(w.resultOf(v)), len(v.sheet.letters))
	}
}

// checkExit: the exit code says what happened.
func (w *world) checkExit(v *visit) {
	counts := map[string]int{}
	for _, rows := range w.resultOf(v) {
		for _, r := range rows {
			counts[r.status]++
		}
	}
	done := counts["sent"] + counts["already-sent"] + counts["valid"]
	all := 0
	for _, n := range counts {
		all += n
	}
	switch v.code {
	case exitDone:
		if done < all && !(v.command.limit && counts["pending"] == all-done) {
			w.find("exit", v, "exit code 0, but of %d lines of the results only %d are done", all, done)
		}
	case exitCannotRun:
		hardLink := (v.command.isBeside || v.command.beside != nil) && strings.Contains(v.stderr, "hard links")
		migrates := v.command.has("--dry-run") && strings.Contains(v.stderr, "an older batchsend has written it") // which it must not change
		quiet := !migrates && len(v.command.mishaps) == 0 && v.command.others == 0 && !v.command.suspended
		if quiet && !strings.Contains(v.stderr, "TEMPLATE_CHANGED") && !hardLink {
			w.find("exit", v, "exit code 1, and nothing was wrong but other commands")
		}
		if v.stderr == "" {
			w.find("exit", v, "exit code 1 without a word")
		}
	case exitUsage:
		if v.command.short && strings.Contains(v.stderr, "--settle") {
			break // it is refused
		}
		w.find("exit", v, "exit code 2 for a good command")
	case exitRejected:
		if v.results != nil && counts["rejected"] == 0 {
			w.find("exit", v, "exit code 3, and nothing is rejected")
		}
	case exitFailed:
		if v.command.sends && v.results != nil && counts["failed"]+counts["unknown"] == 0 {
			w.find("exit", v, "exit code 4, and nothing has failed or is unknown")
		}
	case exitStopped:
		if v.command.suspended && len(v.command.mishaps) == 0 && v.command.ends == 0 && !v.command.limit && v.command.beside == nil && !v.command.isBeside && counts["pending"] > 0 {
			w.find("exit", v, "exit code 5, and somebody must have the account unlocked first")
		}
		if v.calm && v.command.ends == 0 && all > 0 && done == all {
			w.find("exit", v, "exit code 5, and all is done")
		}
		if v.calm && v.command.ends == 0 && v.command.limit && all > 0 && done+counts["pending"] == all {
			w.find("exit", v, "exit code 5, and as many were sent as --limit says")
		}
		asked := !v.command.has("--dry-run") || !strings.Contains(v.stderr, "could not be asked") // one that cannot ask says so, and does not wait
		if v.calm && asked && v.command.ends == 0 && !v.command.has("--max-errors") && !v.command.limit && v.results != nil && counts["pending"] > 0 && counts["unknown"]+counts["sending"] == 0 {
			w.find("exit", v, "exit code 5 on a calm day, and nothing says why rows are pending")
		}
	default:
		w.find("exit", v, "exit code %d, which there is not", v.code)
	}
}

// checkWaits: between two calls no run waits longer than to the end of the hour,
// for its --settle, or for an answer that does not come.
func (w *world) checkWaits(v *visit) {
	const margin = 3 * time.Minute
	last := v.began
	var asked time.Time // when DocuSign has last asked for a pause
	wait := func(until time.Time) {
		gap := until.Sub(last)
		hour := last.Truncate(time.Hour).Add(time.Hour).Sub(last)
		most := max(hour, w.story.Account.settle(), 5*time.Minute) + margin
		if v.command.beside != nil || v.command.isBeside {
			most = hour + w.story.Account.settle() + margin // they may wait for each other
			if h := w.story.Account.Hourly; h > 0 && h < 30 {
				most += 3 * time.Hour // of so few calls the other run may have taken all, hour after hour
			}
		}
		if until.Sub(asked) <= time.Hour+margin {
			return // DocuSign asked for more, and no window is longer
		}
		if gap > most {
			w.find("wait", v, "nothing happened from %s for %v, and nothing asks for more than %v", w.when(last), gap.Round(time.Second), most.Round(time.Second))
		}
	}
	for _, c := range v.calls {
		if c.begun.After(last) {
			wait(c.begun)
		}
		if c.ended.After(last) {
			last = c.ended
		}
		if c.pause {
			asked = c.ended
		}
	}
	wait(v.ended)
	if v.command.ends > 0 && v.ended.Sub(v.began) > v.command.ends+15*time.Minute {
		w.find("wait", v, "--max-duration %v, and the run took %v", v.command.ends, v.ended.Sub(v.began).Round(time.Second))
	}
}

// checkEnd: when all is calm, every row was sent or is named with its cause, and
// the cause is a true one.
func (w *world) checkEnd(v *visit) {
	rows := w.resultOf(v)
	for i := range v.sheet.letters {
		l := &v.sheet.letters[i]
		if len(rows[i]) == 0 {
			w.find("lost", v, "nothing is said of the row of %s", l.employee)
		}
		for _, r := range rows[i] {
			switch r.status {
			case "sent", "already-sent":
			case "rejected", "failed", "unknown":
				if r.code == "" && r.message == "" {
					w.find("lost", v, "the row of %s is %s without a cause", l.employee, r.status)
				}
				if why := w.unjust(v, l, r); why != "" {
					w.find("lost", v, "the row of %s is %s %s: %s", l.employee, r.status, r.code, why)
				}
			default:
				w.find("lost", v, "the row of %s is %s in the end", l.employee, r.status)
			}
		}
	}
}

// unjust says why a row must not have ended like this; "" if it may.
func (w *world) unjust(v *visit, l *sheetRow, r resultRow) string {
	c := v.sheet.contract(l)
	same, people := w.forgotten(v, c)
	for _, e := range w.mailedTo() {
		old := w.contractOf(&e)
		same = same || old == c || old.people == c.people && w.editedUnseen(&e)
		people = people || old.people == c.people
	}
	switch r.code {
	case "ALREADY_SENT":
		if !same {
			return "nobody has got this letter"
		}
	case "KEY_CONFLICT":
		if !people && !w.labelled(l) {
			return "these people have got no letter"
		}
	case "DUPLICATE_ENVELOPE":
		if !l.duplicate && !w.twin(v, l) {
			return "it stands in the file once"
		}
	case "DUPLICATE_RECIPIENT":
		if l.manager != l.address {
			return "it names nobody twice"
		}
	default:
		if r.status == "rejected" {
			return "nothing is wrong with it"
		}
		if r.status == "failed" {
			return "DocuSign would take it"
		}
	}
	return ""
}

// forgotten reports whether the letter, or another to the same people, was in
// doubt for so long that DocuSign has forgotten its transaction ID: then only a
// person can find out whether it was sent.
func (w *world) forgotten(now *visit, c contract) (same, people bool) {
	for _, v := range w.visits {
		if now.ended.Sub(v.began) < 7*24*time.Hour {
			continue
		}
		for i := range v.sheet.letters {
			old := v.sheet.contract(&v.sheet.letters[i])
			doubt := v.cut || slices.ContainsFunc(w.resultOf(v)[i], func(r resultRow) bool { return r.status == "unknown" })
			same = same || doubt && old == c
			people = people || doubt && old.people == c.people
		}
	}
	return same, people
}

// labelled reports whether another letter had l's envelope value once.
func (w *world) labelled(l *sheetRow) bool {
	for _, v := range w.visits {
		for i := range v.sheet.letters {
			if old := &v.sheet.letters[i]; old.label == l.label && v.sheet.labels && old.address != l.address {
				return true
			}
		}
	}
	return false
}

// twin reports whether another row of the file is the same letter.
func (w *world) twin(v *visit, l *sheetRow) bool {
	n := 0
	for i := range v.sheet.letters {
		if v.sheet.contract(&v.sheet.letters[i]) == v.sheet.contract(l) {
			n++
		}
	}
	return n > 1
}
