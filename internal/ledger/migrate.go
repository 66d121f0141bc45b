package ledger

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/sqlite/*.sql
var migrations embed.FS

// latest is the version of the last migration: the tables this program knows.
const latest = 7

// applicationID tells ledgers from other SQLite files: "bsnd".
const applicationID = 0x62736e64

var isLedger = fmt.Sprintf("application_id = %d", applicationID)

// migrateTimeout is how long another process may take for the same migration.
const migrateTimeout = 2 * time.Second

// migrate turns db, which may be empty, into a ledger of the latest version.
//
// Other processes may be doing the same. They take turns by a file lock. Where the
// system has none, SQLite lets one of them do each step; the others fail, start
// again and find the step done.
func migrate(ctx context.Context, path string, db *sql.DB) error {
	start := time.Now()
	for {
		err := migrateOnce(ctx, path, db)
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Kind != Busy && e.Kind != Broken || time.Since(start) > migrateTimeout {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func migrateOnce(ctx context.Context, path string, db *sql.DB) error {
	version, err := versionOf(ctx, path, db)
	if err != nil {
		return err
	}
	if version < 0 && wasCreated(path) {
		return emptied(path)
	}
	if version < latest {
		if err := withMigrationLock(ctx, path, func() error { return migrateUp(ctx, path, db) }); err != nil {
			return err
		}
	}
	// So far nothing was written, so a read-only file shows here.
	if err := pragmas(ctx, path, db, isLedger); err != nil {
		return err
	}
	return markCreated(path)
}

func migrateUp(ctx context.Context, path string, db *sql.DB) error {
	if version, err := versionOf(ctx, path, db); err != nil || version == latest {
		return err
	}
	if err := pragmas(ctx, path, db, isLedger, "journal_mode = wal"); err != nil {
		return err
	}
	return sqliteError(path, migrateTables(ctx, db))
}

// migrationByte is the byte of the lock file that a migrating process locks. Those
// after it stand for batches.
const migrationByte = 0

// withMigrationLock calls do when no other process is migrating the ledger. Where
// the system has no locks it calls do at once: see [migrate].
func withMigrationLock(ctx context.Context, path string, do func() error) error {
	locks, err := openLocks(path)
	if err != nil {
		return systemError(path, err)
	}
	defer locks.close()
	for {
		if locked, supported := locks.take(migrationByte); locked || !supported {
			return do()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func pragmas(ctx context.Context, path string, db *sql.DB, pragmas ...string) error {
	for _, pragma := range pragmas {
		if _, err := db.ExecContext(ctx, "PRAGMA "+pragma); err != nil {
			return sqliteError(path, err)
		}
	}
	return nil
}

func migrateTables(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files,
		goose.WithLogger(goose.NopLogger()), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}

// versionOf returns the version of the ledger in db: 0 if it has no tables yet, -1 if
// the file is empty. It refuses a file that is no ledger, and a ledger that is newer
// than this program.
func versionOf(ctx context.Context, path string, db *sql.DB) (int, error) {
	var app, tables, versioned int
	err := db.QueryRowContext(ctx, sqlFileKind).Scan(&app, &tables, &versioned)
	switch {
	case err != nil:
		return 0, sqliteError(path, err)
	case app == 0 && tables == 0:
		return -1, nil
	case app != applicationID:
		return 0, foreign(path, nil)
	case versioned == 0:
		return 0, nil
	}
	var version int
	if err := db.QueryRowContext(ctx, sqlVersion).Scan(&version); err != nil {
		return 0, sqliteError(path, err)
	}
	if version > latest {
		return 0, &Error{
			Kind: Newer, Path: path,
			Cause: fmt.Sprintf("a newer batchsend has written it (version %d, this one knows %d)", version, latest),
			Cure:  "install the newer batchsend again, or give --ledger another path",
		}
	}
	return version, nil
}

// openCopy copies a ledger of an earlier release and migrates the copy, for those who
// must change nothing. Close removes the copy.
func openCopy(ctx context.Context, path string, db *sql.DB) (*DB, error) {
	dir, err := os.MkdirTemp("", "batchsend-ledger-*") // private to the user
	if err != nil {
		return nil, systemError(os.TempDir(), err)
	}
	opened := &DB{path: path, copyDir: dir}
	if err := opened.copyFrom(ctx, db); err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	return opened, nil
}

// copyFrom copies a database and migrates the copy.
func (db *DB) copyFrom(ctx context.Context, from *sql.DB) error {
	file := filepath.Join(db.copyDir, "ledger.db")
	if _, err := from.ExecContext(ctx, "VACUUM INTO ?", file); err != nil {
		return sqliteError(db.path, err)
	}
	var err error
	if db.read, err = sql.Open("sqlite", dsn(file, url.Values{"_pragma": {busyTimeout}})); err != nil {
		return sqliteError(db.path, err)
	}
	return sqliteError(db.path, migrateTables(ctx, db.read))
}
