package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// runsPath names the file beside the ledger that counts its runs. It is no part
// of the database, so that a database which is older than it, because a backup
// was restored or its log was lost, is known to be.
func runsPath(path string) string { return path + ".runs" }

// counted reports whether runs have used the ledger.
func counted(path string) bool {
	_, err := os.Stat(runsPath(path))
	return err == nil
}

// counter is what that file says: the last run that has begun on the ledger, and
// whether it ended by itself. The zero counter is that of a ledger without the
// file, which may have been copied here.
type counter struct {
	run   int64
	ended bool
}

// maxRun keeps a counter that was tampered with from using up the numbers.
const maxRun = 1 << 40

// readCounter reads the file. One that holds something else counts for nothing.
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

// write writes over the file, which stays as long as it is: so it takes no room on
// a full disk, and a few bytes are written whole or not at all.
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

// addRun gives the session's run its number, and notes if the ledger is older
// than its counter says.
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

// count writes down that the session's run has begun. Runs that begin at the same
// time take turns by the database, so that the last one's number stays.
func (s *Session) count(t *txn) error {
	c := counter{}
	if _, err := t.row(sqlLastRun, nil, &c.run); err != nil {
		return err
	}
	return c.write(s.db.path)
}

// countEnd writes down that the run has ended, if none has begun since. That it
// cannot is no harm: then the run counts as one that was killed.
func (s *Session) countEnd() {
	if c, err := readCounter(s.db.path); err == nil && c.run == s.id {
		_ = counter{s.id, true}.write(s.db.path)
	}
}
