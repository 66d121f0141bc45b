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
		for _, r := range v.results {
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
	w.checkCorrected(v)
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
func (w *world) checkCorrected(v *visit) {
	if !v.command.sends || v.command.repeat {
		return
	}
	mailed := w.mailedTo()
	for i := range mailed {
		now := &mailed[i]
		if now.Sent.Before(v.began) {
			continue
		}
		c := w.contractOf(now)
		for j := range mailed[:i] {
			before := &mailed[j]
			if old := w.contractOf(before); old.people != c.people || !before.Sent.Before(v.began) || old.values == c.values && before.TemplateID == now.TemplateID {
				continue
			}
			by := w.sender(before)
			if by == nil || !v.ledger.knows[before.ID] {
				continue // this ledger may not know whom that letter went to
			}
			switch {
			case by.batch != v.batch && before.TemplateID != now.TemplateID:
			case by.batch == v.batch && before.TemplateID == now.TemplateID && !v.sheet.labels && !v.sheet.has(w.contractOf(before)):
				w.find("corrected", v, "%s got %q and then, by the same batch, %q, which is a correction of it", c.people, w.contractOf(before).values, c.values)
			case !v.cut && !strings.Contains(v.stderr, "warning"):
				w.find("corrected", v, "%s got %q and then %q without a warning", c.people, w.contractOf(before).values, c.values)
			}
		}
	}
}

// sender is the visit that made an envelope. Copies of bulk lists make
// themselves: of those, the one during which they did.
func (w *world) sender(e *sandbox.Envelope) *visit {
	if v := w.makers[e.ID]; v != nil {
		return v
	}
	for i := len(w.visits) - 1; i >= 0; i-- {
		if !e.Sent.Before(w.visits[i].began) {
			return w.visits[i]
		}
	}
	return nil
}

// has reports whether a letter stands in the file.
func (s *sheet) has(c contract) bool {
	return slices.ContainsFunc(s.letters, func(l sheetRow) bool { return s.contract(&l) == c })
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
		hardLink := v.command.isBeside && strings.Contains(v.stderr, "link")
		quiet := len(v.command.mishaps) == 0 && v.command.others == 0
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
		if v.calm && v.command.ends == 0 && all > 0 && done == all {
			w.find("exit", v, "exit code 5, and all is done")
		}
		if v.calm && v.command.ends == 0 && v.command.limit && all > 0 && done+counts["pending"] == all {
			w.find("exit", v, "exit code 5, and as many were sent as --limit says")
		}
		if v.calm && v.command.ends == 0 && !v.command.has("--max-errors") && !v.command.limit && v.results != nil && counts["pending"] > 0 && counts["unknown"]+counts["sending"] == 0 {
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
	wait := func(until time.Time) {
		gap := until.Sub(last)
		hour := last.Truncate(time.Hour).Add(time.Hour).Sub(last)
		most := max(hour, w.story.Account.settle(), 5*time.Minute) + margin
		if v.command.beside != nil || v.command.isBeside {
			most = hour + w.story.Account.settle() + margin // they may wait for each other
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
		same = same || old == c
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
