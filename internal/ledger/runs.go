package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// runsPath names the file beside the ledger that counts its runs. It is not in the
// database, to show when the database has lost runs: because a backup was restored, or
// its log was lost.
func runsPath(path string) string { return path + ".runs" }

// counted reports whether runs on the ledger have been counted.
func counted(path string) bool {
	_, err := os.Stat(runsPath(path))
	return err == nil
}

// counter is the content of that file: the last run that has begun on the ledger, and
// whether it ended by itself. It is zero if there is no such file, for instance because
// the ledger was copied here without it.
type counter struct {
	run   int64
	ended bool
}

// maxRun limits the number that is believed, lest a file that was tampered with use up
// all numbers.
const maxRun = 1 << 40

// readCounter reads the file. A file that holds something else counts as missing.
func readCounter(path string) (c counter, err error) {
	text, err := os.ReadFile(runsPath(path))
	if errors.Is(err, fs.ErrNotExist) {
		return counter{}, nil
	}
	if err != nil {
		return counter{}, systemError(runsPath(path), err)
	}
	var how string
	n, _ := fmt.Sscanf(string(text), "%d %s", &c.run, &how)
	if n == 0 || c.run < 0 || c.run > maxRun {
		return counter{}, nil
	}
	c.ended = how == "ended"
	return c, nil
}

// write overwrites the file in place, always with as many bytes: that needs no room on a
// full disk, and so few bytes are written whole or not at all.
func (c counter) write(path string) error {
	f, err := os.OpenFile(runsPath(path), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return systemError(runsPath(path), err)
	}
	how := "begun"
	if c.ended {
		how = "ended"
	}
	_, err = fmt.Fprintf(f, "%013d %s\n", c.run, how)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return systemError(runsPath(path), err)
	}
	return nil
}

// addRun gives the session's run its number, and records a gap if the ledger has lost
// runs that the counter knows.
func (s *Session) addRun(t *txn, now int64) error {
	c, err := readCounter(s.db.path)
	if err != nil {
		return err
	}
	var last int64
	if _, err := t.row(sqlLastRun, nil, &last); err != nil {
		return err
	}
	if _, err := t.row(sqlAddRun, []any{s.account, s.run.Host, s.run.PID, s.run.Owner, s.run.Version, now, c.run}, &s.id); err != nil {
		return err
	}
	if c.run <= last {
		return nil
	}
	_, err = t.exec(sqlAddGap, s.id, !c.ended)
	return err
}

// count writes into the file that the session's run has begun. It does so in a
// transaction, so that of runs that begin at the same time the last one's number stays.
func (s *Session) count(t *txn) error {
	c := counter{}
	if _, err := t.row(sqlLastRun, nil, &c.run); err != nil {
		return err
	}
	return c.write(s.db.path)
}

// recordRunEnd writes into the file that the run has ended, if no other has begun
// since. If it cannot, the run counts as killed, which is safe.
func (s *Session) recordRunEnd() {
	if c, err := readCounter(s.db.path); err == nil && c.run == s.id {
		_ = counter{s.id, true}.write(s.db.path)
	}
}
