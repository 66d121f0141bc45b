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
const latest = 6

// applicationID marks an SQLite file as a ledger: "bsnd".
const applicationID = 0x62736e64

var isLedger = fmt.Sprintf("application_id = %d", applicationID)

// migratePatience is how long others may take over the same migration.
const migratePatience = 2 * time.Second

// migrate makes db, which may be empty, a ledger of the latest version.
//
// Other processes may be doing the same at this moment. They take turns; where
// they cannot, SQLite lets one of them do each step, and whoever comes second
// starts anew and finds it done.
func migrate(ctx context.Context, path string, db *sql.DB) error {
	start := time.Now()
	for {
		err := migrateOnce(ctx, path, db)
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Kind != Busy && e.Kind != Broken || time.Since(start) > migratePatience {
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
	if version < 0 && marked(path) {
		return vanished(path)
	}
	if version < latest {
		if err := inTurn(ctx, path, func() error { return migrateUp(ctx, path, db) }); err != nil {
			return err
		}
	}
	// A file that can only be read has been opened without complaint so far.
	if err := pragmas(ctx, path, db, isLedger); err != nil {
		return err
	}
	return mark(path)
}

func migrateUp(ctx context.Context, path string, db *sql.DB) error {
	if version, err := versionOf(ctx, path, db); err != nil || version == latest {
		return err
	}
	if err := pragmas(ctx, path, db, isLedger, "journal_mode = wal"); err != nil {
		return err
	}
	return sqliteError(path, goUp(ctx, db))
}

// turn is the byte of the locks' file that the one who migrates holds; those
// after it stand for batches.
const turn = 0

// inTurn does what several processes must not do at once. Where the system has
// no locks they do it all the same, and the slower ones begin again.
func inTurn(ctx context.Context, path string, do func() error) error {
	locks, err := openLocks(path)
	if err != nil {
		return systemError(path, err)
	}
	defer locks.close()
	for {
		if got, able := locks.take(turn); got || !able {
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

func goUp(ctx context.Context, db *sql.DB) error {
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

// versionOf returns the version of the ledger in db, 0 if its tables are yet to
// be made and -1 if the file is empty. It refuses whatever is not a ledger, and
// one that is newer than this program.
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

// openCopy opens a copy of a ledger that an earlier release has written, brought
// up to date, for those who must change nothing. Close removes it.
func openCopy(ctx context.Context, path string, db *sql.DB) (*DB, error) {
	dir, err := os.MkdirTemp("", "batchsend-ledger-*") // private to the user
	if err != nil {
		return nil, systemError(os.TempDir(), err)
	}
	copied := &DB{path: path, copied: dir}
	if err := copied.take(ctx, db); err != nil {
		return nil, errors.Join(err, copied.Close())
	}
	return copied, nil
}

// take copies what db holds and brings the copy up to date.
func (db *DB) take(ctx context.Context, from *sql.DB) error {
	file := filepath.Join(db.copied, "ledger.db")
	if _, err := from.ExecContext(ctx, "VACUUM INTO ?", file); err != nil {
		return sqliteError(db.path, err)
	}
	var err error
	if db.read, err = sql.Open("sqlite", dsn(file, url.Values{"_pragma": {patience}})); err != nil {
		return sqliteError(db.path, err)
	}
	return sqliteError(db.path, goUp(ctx, db.read))
}
