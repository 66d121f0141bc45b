package ledger

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
)

// Probed is what [Probe] found.
type Probed struct {
	Path  string // absolute
	There bool   // false: a run would create it
	Older bool   // a run would migrate it
	Free  int64  // bytes left on its disk, -1 if that is not known
}

// Probe finds out whether a run could use the ledger at path as [Open] does: whether it
// can be read and written, and whether files can be created in its directory. It
// changes nothing and leaves nothing behind, except that SQLite may recover the file
// after a crash. Its errors are [*Error].
func Probe(ctx context.Context, path string) (Probed, error) {
	path, err := locate(path)
	if err != nil {
		return Probed{}, err
	}
	p := Probed{Path: path}
	switch info, err := os.Stat(path); {
	case err == nil:
		p.There = info.Size() > 0
		if !p.There && wasCreated(path) {
			return p, emptied(path)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return p, systemError(path, err)
	}
	dir := nearest(filepath.Dir(path))
	if err := probeDirectory(dir); err != nil {
		return p, systemError(path, err)
	}
	p.Free = free(dir)
	if p.There {
		p.Older, err = probeFile(ctx, path)
	}
	return p, err
}

// nearest is the directory, or its nearest parent that exists.
func nearest(dir string) string {
	for {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

// probeDirectory makes a file and removes it.
func probeDirectory(dir string) error {
	f, err := os.CreateTemp(dir, ".batchsend.*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(make([]byte, 4096)) // on a full disk files can be created, but not written
	return errors.Join(err, f.Close())
}

// probeFile begins a transaction that writes, and rolls it back.
func probeFile(ctx context.Context, path string) (older bool, err error) {
	db, err := sql.Open("sqlite", dsn(path, url.Values{
		"mode": {"rw"}, "_pragma": {busyTimeout, "cell_size_check(1)"},
	}))
	if err != nil {
		return false, sqliteError(path, err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	version, err := versionOf(ctx, path, db)
	if err == nil {
		err = checkIntegrity(ctx, path, db)
	}
	for _, statement := range []string{sqlBegin, "ROLLBACK"} {
		if err == nil {
			if _, failed := db.ExecContext(ctx, statement); failed != nil {
				err = sqliteError(path, failed)
			}
		}
	}
	return version < latest, err
}
