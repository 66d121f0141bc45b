// Package ledger is the memory of what was claimed and sent. It decides that
// nothing is sent twice and nothing is lost, whatever ends a run.
//
// An envelope goes planned → sending → sent | failed | unknown, and every
// change is on disk before the call that makes it returns. A run takes a lease
// on its batches ([DB.Begin]) and works through a [Session]; a second live run
// is turned away with a [HeldError], and what a dead one left behind is listed
// by [Session.Unresolved]. The ledger does not know why two rows are the same:
// [envelope.TransactionID] and [envelope.Content] say.
//
// After a failed write (disk full, damage, I/O error) every later write fails
// at once with the same [Error]: nothing may be sent that cannot be recorded.
package ledger

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
)

// DB is an open ledger. It is safe for concurrent use.
type DB struct {
	path        string
	read        *sql.DB // nil if the file does not exist yet
	writer      *writer // nil if it was opened for reading only
	ignoreLocks bool    // works as if the system had no file locks; for tests
	copyDir     string  // directory of the copy that is read instead; "" if there is none
	indexes     batchIndexes
}

// Open opens the ledger at path, for reading and writing. It creates what is
// missing, private to the user, and migrates an older ledger; it refuses one from
// a newer version. Its errors are [*Error].
//
// The file must be on a disk of this machine: SQLite's write-ahead log does not
// work across a network.
func Open(ctx context.Context, path string) (*DB, error) {
	path, err := locate(path)
	if err != nil {
		return nil, err
	}
	if path, err = prepareFiles(path); err != nil {
		return nil, err
	}
	w, err := openWriter(ctx, path)
	if err != nil {
		return nil, err
	}
	return &DB{path: path, read: openReader(path), writer: w}, nil
}

// Empty returns a ledger without a file: nothing was sent. It can only be read.
func Empty() *DB { return &DB{} }

// OpenReadOnly opens the ledger at path for dry runs and status. It creates and
// changes nothing. A ledger that does not exist yet counts as empty; one of an
// earlier release is copied, and the copy is migrated and read.
func OpenReadOnly(ctx context.Context, path string) (*DB, error) {
	path, err := locate(path)
	if err != nil {
		return nil, err
	}
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return &DB{path: path}, nil
	case err != nil:
		return nil, systemError(path, err)
	case info.Size() == 0 && wasCreated(path):
		return nil, emptied(path)
	case info.Size() == 0:
		return &DB{path: path}, nil
	}
	db, err := openUntouched(path)
	if err != nil {
		return nil, err
	}
	version, err := versionOf(ctx, path, db)
	if err != nil {
		db.Close()
		return nil, err
	}
	if version == latest {
		return &DB{path: path, read: db}, nil
	}
	defer db.Close()
	return openCopy(ctx, path, db)
}

// Close waits for the last write and merges the write-ahead log into the file.
// Sessions must have been closed before.
func (db *DB) Close() error {
	var errs []error
	if db.read != nil {
		errs = append(errs, db.read.Close())
	}
	if db.writer != nil {
		errs = append(errs, db.writer.close())
	}
	if db.copyDir != "" {
		errs = append(errs, os.RemoveAll(db.copyDir))
	}
	return errors.Join(errs...)
}

// write runs do in a transaction that is on disk when write returns nil. If ctx
// ends before do has begun, do never runs and write returns ctx's error. Once do
// has begun, write waits for the commit, whatever happens to ctx: the caller always
// learns whether it was written.
func (db *DB) write(ctx context.Context, what string, do func(*txn) error) error {
	if err := db.writable(); err != nil {
		return err
	}
	return db.writer.do(ctx, what, do)
}

// explain returns an [*Error] for an error of the database; others as they are.
func (db *DB) explain(err error) error { return sqliteError(db.path, err) }

// writable returns an error if the ledger was opened for reading.
func (db *DB) writable() error {
	if db.writer != nil {
		return nil
	}
	return &Error{
		Kind: ReadOnly, Path: db.path, Cause: "it was opened for reading only",
		Cure: "this is a mistake in batchsend; please report it",
	}
}
