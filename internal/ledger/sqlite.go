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
)

// patience is how long a statement waits, in milliseconds, for another process
// to finish its transaction. The longest of ours takes well under a second.
const patience = "busy_timeout(10000)"

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
		// SQLite makes the file, and -wal and -shm beside it, with the mode of
		// the locks' file. Were we to make it, closing it would drop the locks
		// that SQLite holds on it elsewhere in this process.
		"modeof": {lockPath(path)},
		"_pragma": {
			patience, "foreign_keys(1)", "synchronous(full)", "fullfsync(1)",
			"cell_size_check(1)", "cache_size(-8000)", "temp_store(memory)",
		},
	}))
	if err != nil {
		return nil, sqliteError(path, err)
	}
	db.SetMaxOpenConns(1)
	if err = migrate(ctx, path, db); err == nil {
		err = inspect(ctx, path, db)
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

// inspected is the size up to which a ledger is read through for damage when it
// is opened, which takes 5 ms per MiB. In a larger one damage shows when it is
// come upon.
const inspected = 16 << 20

func inspect(ctx context.Context, path string, db *sql.DB) error {
	if info, err := os.Stat(path); err != nil || info.Size() > inspected {
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
	db, err := sql.Open("sqlite", dsn(path, url.Values{"_pragma": {patience, "query_only(1)"}}))
	if err != nil {
		panic(err) // it connects later; only an unknown driver fails here
	}
	db.SetMaxOpenConns(4)
	return db
}

// openStill opens the ledger at path without leaving a trace.
//
// Beside a write-ahead log one reads as everybody does, and SQLite may use the
// files that are there already. Without one nobody is writing and the file is
// complete by itself: then SQLite is told that it is immutable, or it would
// create a log, or fail where it cannot. A run that begins in the meantime
// writes to its log first, so the file holds still for as long as the short
// questions of a dry run take. Were that ever too short, what a dry run says
// would be wrong, never what a run does.
func openStill(path string) (*sql.DB, error) {
	query := url.Values{"mode": {"ro"}, "_pragma": {patience, "cell_size_check(1)"}}
	if info, err := os.Stat(path + "-wal"); errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		query.Set("immutable", "1")
	}
	db, err := sql.Open("sqlite", dsn(path, query))
	if err != nil {
		return nil, sqliteError(path, err)
	}
	return db, nil
}

// sqliteError makes of what the driver said an [*Error] that says what to do.
// It leaves other errors alone.
func sqliteError(path string, err error) error {
	said, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return err
	}
	e := &Error{Path: path, Err: err}
	switch code := said.Code(); {
	case code&0xff == sqlite3.SQLITE_NOTADB && counted(path): // it was one
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

// systemError does the same for an error of the operating system.
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
	cureFull = "free some space on its disk and run the same command again; " +
		"nothing is sent that cannot be recorded"
	cureReadOnly = "make the file and its directory writable for this user, or give --ledger another path"
	cureBusy     = "run the same command again; if it stays locked, look which process has the file open"
	cureBroken   = "look into the system's log for trouble with the disk, then run the same command again; " +
		"nothing is sent that cannot be recorded"
)
