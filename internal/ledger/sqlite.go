package ledger

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"batchsend/envelope"
)

// busyTimeout makes a statement wait, up to 10,000 ms, for another process to finish
// its transaction. The longest of ours takes well under a second.
const busyTimeout = "busy_timeout(10000)"

// dsn names the database at path. The query is SQLite's and the driver's.
func dsn(path string, query url.Values) string {
	slashed := filepath.ToSlash(path)
	if slashed[0] != '/' {
		slashed = "/" + slashed // a drive letter
	}
	escaped := strings.ReplaceAll(query.Encode(), "+", "%20") // SQLite takes a plus for a plus
	return (&url.URL{Scheme: "file", Path: slashed, RawQuery: escaped}).String()
}

// openWriter opens the one connection that writes.
func openWriter(ctx context.Context, path string) (*writer, error) {
	db, err := sql.Open("sqlite", dsn(path, url.Values{
		// SQLite creates the file, and -wal and -shm beside it, with the mode of
		// the lock file. If we created it, closing it would drop the locks that
		// SQLite has on it elsewhere in this process.
		"modeof": {lockPath(path)},
		"_pragma": {
			busyTimeout, "foreign_keys(1)", "synchronous(full)", "fullfsync(1)",
			"cell_size_check(1)", "cache_size(-8000)", "temp_store(memory)",
		},
	}))
	if err != nil {
		return nil, sqliteError(path, err)
	}
	db.SetMaxOpenConns(1)
	if err = migrate(ctx, path, db); err == nil {
		err = checkIntegrity(ctx, path, db)
	}
	if err != nil {
		db.Close()
		return nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		db.Close()
		return nil, sqliteError(path, err)
	}
	w := newWriter(path, db, conn)
	go w.run()
	return w, nil
}

// integrityLimit is the size, in bytes, up to which a ledger is checked for damage
// when it is opened, which takes 5 ms per MiB. In a larger one SQLite finds damage
// when it reads the damaged page.
const integrityLimit = 16 << 20

func checkIntegrity(ctx context.Context, path string, db *sql.DB) error {
	if info, err := os.Stat(path); err != nil || info.Size() > integrityLimit {
		return nil
	}
	var found string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&found); err != nil {
		return sqliteError(path, err)
	}
	if found != "ok" {
		return damaged(path, errors.New(found))
	}
	return nil
}

// openReader opens connections that read beside the writer of this process.
func openReader(path string) *sql.DB {
	db, err := sql.Open("sqlite", dsn(path, url.Values{"_pragma": {busyTimeout, "query_only(1)"}}))
	if err != nil {
		panic(err) // only an unknown driver fails here: it connects later
	}
	db.SetMaxOpenConns(4)
	return db
}

// openUntouched opens the ledger at path for reading and creates no file.
//
// If there is a write-ahead log, SQLite uses it and the files beside it, as any
// reader does. If there is none, nobody is writing and the file is complete: SQLite
// is told that it is immutable, because it would otherwise create a log, or fail
// where it cannot. A run that begins meanwhile writes to its log first, so the file
// does not change during the short queries of a dry run. If it did, the dry run
// could report something wrong; a run that sends would not be affected.
func openUntouched(path string) (*sql.DB, error) {
	query := url.Values{"mode": {"ro"}, "_pragma": {busyTimeout, "cell_size_check(1)"}}
	if info, err := os.Stat(path + "-wal"); errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		query.Set("immutable", "1")
	}
	db, err := sql.Open("sqlite", dsn(path, query))
	if err != nil {
		return nil, sqliteError(path, err)
	}
	return db, nil
}

// sqliteError turns an error of the driver into an [*Error] that says what to do.
// It returns other errors as they are.
func sqliteError(path string, err error) error {
	driverErr, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return err
	}
	e := &Error{Path: path, Err: err}
	switch code := driverErr.Code(); {
	case code&0xff == sqlite3.SQLITE_NOTADB && counted(path): // it was a ledger once
		return damaged(path, err)
	case code&0xff == sqlite3.SQLITE_NOTADB:
		return foreign(path, err)
	case code&0xff == sqlite3.SQLITE_CORRUPT:
		return damaged(path, err)
	case code&0xff == sqlite3.SQLITE_FULL, code == sqlite3.SQLITE_IOERR_SHMSIZE:
		e.Kind, e.Cause, e.Cure = Full, "no room left to write", cureFull
	case code&0xff == sqlite3.SQLITE_READONLY, code&0xff == sqlite3.SQLITE_PERM:
		e.Kind, e.Cause, e.Cure = ReadOnly, "it cannot be written", cureReadOnly
	case code&0xff == sqlite3.SQLITE_CANTOPEN:
		e.Kind, e.Cause, e.Cure = Unusable, "it cannot be opened", cureReadOnly
	case code&0xff == sqlite3.SQLITE_BUSY, code&0xff == sqlite3.SQLITE_LOCKED:
		e.Kind, e.Cause, e.Cure = Busy, "another process keeps it locked", cureBusy
	default:
		e.Kind, e.Cause, e.Cure = Broken, "reading or writing failed", cureBroken
	}
	return e
}

// systemError turns an error of the operating system into an [*Error].
func systemError(path string, err error) error {
	e := &Error{Path: path, Err: err}
	switch {
	case errors.Is(err, syscall.ENOSPC):
		e.Kind, e.Cause, e.Cure = Full, "no room left to write", cureFull
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		e.Kind, e.Cause, e.Cure = ReadOnly, "it cannot be written", cureReadOnly
	default:
		e.Kind, e.Cause, e.Cure = Unusable, "it cannot be opened", cureReadOnly
	}
	return e
}

func damaged(path string, err error) error {
	return &Error{Kind: Damaged, Path: path, Err: err, Cause: "the file is damaged", Cure: cureDamaged}
}

func foreign(path string, err error) error {
	return &Error{
		Kind: Foreign, Path: path, Err: err, Cause: "this is not a ledger of batchsend",
		Cure: "give --ledger another path; batchsend has not changed this file",
	}
}

const (
	cureDamaged = "nothing is sent until you decide. Keep the file, then put the latest backup in its place (and remove the -wal and -shm beside it), " +
		"or recover it with `sqlite3 damaged.db .recover | sqlite3 ledger.db`, " +
		"or move it and the -wal, -shm and .lock beside it away to begin with an empty ledger. " +
		"Before the next run sends, it asks DocuSign what was sent that the ledger does not know and adopts it, so that nothing goes out twice: " +
		"let the last run be over for 10 minutes (--settle), give each file under its old name (or --batch), and keep the .runs beside the ledger"
	cureFull = "free some space on its disk and " + envelope.RunAgain + "; " +
		"nothing is sent that cannot be recorded"
	cureReadOnly = "make the file and its directory writable for this user, or give --ledger another path"
	cureBusy     = envelope.RunAgain + "; if it stays locked, look which process has the file open"
	cureBroken   = "look into the system's log for trouble with the disk, then " + envelope.RunAgain + "; " +
		"nothing is sent that cannot be recorded"
)
