package ledger_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"batchsend/envelope"
	"batchsend/internal/history"
	"batchsend/internal/ledger"
	"batchsend/internal/ledger/ledgertest"
)

// fillUp plans until the disk is full, and checks that from then on nothing can
// be claimed, for the same reason.
func fillUp(t *testing.T, db *ledger.DB, path string) {
	t.Helper()
	ctx := t.Context()
	s := begin(t, db, "may")
	first := env("may", "first", "x")
	must(t, s.Plan(ctx, ledgertest.Planned([]*envelope.Envelope{first})))
	var full error
	for i := 0; full == nil && i < 100; i++ {
		full = s.Plan(ctx, ledgertest.Planned(envs("may", (i+1)*1000)))
	}
	wantTrouble(t, full, ledger.Full, path)
	if err := s.Claim(ctx, first); !errors.Is(err, full) {
		t.Errorf("Claim on a full disk = %v, want %v", err, full)
	}
	if err := s.Settle(ctx, first.TransactionID, sent(first)); !errors.Is(err, full) {
		t.Errorf("Settle on a full disk = %v, want %v", err, full)
	}
	got, err := db.Records(ctx, account, ids([]*envelope.Envelope{first}))
	if err != nil || got[0].State != history.StatePlanned {
		t.Errorf("Records = %v, %v, want it planned", got, err)
	}
	if err := s.Close(ctx); !errors.Is(err, full) {
		t.Errorf("Close on a full disk = %v, want %v", err, full)
	}
}

func TestDatabaseFull(t *testing.T) {
	path := newPath(t)
	db := openAt(t, path)
	must(t, db.Say("PRAGMA max_page_count = 60"))
	fillUp(t, db, path)
}

// mount mounts a small file system of its own for the test.
func mount(t *testing.T, size string, flags uintptr) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("NOT TESTED: only root can mount a small disk")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", flags, "size="+size); err != nil {
		t.Skipf("NOT TESTED: a small disk cannot be mounted: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return dir
}

func TestDiskFull(t *testing.T) {
	path := filepath.Join(mount(t, "1m", 0), "ledger.db")
	ballast := filepath.Join(filepath.Dir(path), "ballast")
	must(t, os.WriteFile(ballast, make([]byte, 128<<10), 0o600))
	db := openAt(t, path)
	fillUp(t, db, path)
	must(t, db.Close())

	// With room again all goes on.
	must(t, os.Remove(ballast))
	db = openAt(t, path)
	must(t, begin(t, db, "may").Claim(t.Context(), env("may", "first", "x")))
	must(t, db.Close())
}

func TestDiskFullFromTheStart(t *testing.T) {
	dir := mount(t, "64k", 0)
	path := filepath.Join(dir, "ledger.db")
	os.WriteFile(filepath.Join(dir, "ballast"), make([]byte, 1<<20), 0o600) // as far as it goes
	_, err := ledger.Probe(t.Context(), path)
	wantTrouble(t, err, ledger.Full, path)
	_, err = ledger.Open(t.Context(), path)
	wantTrouble(t, err, ledger.Full, path)
}

func TestDiskReadOnly(t *testing.T) {
	dir := mount(t, "4m", 0)
	path := filepath.Join(dir, "ledger.db")
	db := openAt(t, path)
	s := begin(t, db, "may")
	must(t, s.Plan(t.Context(), ledgertest.Planned(envs("may", 3))))
	must(t, s.Close(t.Context()))
	must(t, db.Close())
	must(t, syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))

	_, err := ledger.Probe(t.Context(), path)
	wantTrouble(t, err, ledger.ReadOnly, path)
	_, err = ledger.Open(t.Context(), path)
	wantTrouble(t, err, ledger.ReadOnly, path)
	db, err = ledger.OpenReadOnly(t.Context(), path)
	must(t, err)
	defer db.Close()
	got, err := db.Records(t.Context(), account, ids(envs("may", 3)))
	if err != nil || got[2].State != history.StatePlanned {
		t.Errorf("Records = %v, %v", got, err)
	}
}

// Another user may not write.
func TestNoPermission(t *testing.T) {
	path := written(t, 1)
	must(t, os.Remove(path+".lock"))
	for dir := filepath.Dir(path); len(dir) > len(os.TempDir()); dir = filepath.Dir(dir) {
		must(t, os.Chmod(dir, 0o755))
	}
	for _, mode := range []struct{ dir, file os.FileMode }{{0o555, 0o666}, {0o777, 0o444}} {
		must(t, os.Chmod(filepath.Dir(path), mode.dir))
		must(t, os.Chmod(path, mode.file))
		cmd := child(t, "open", path)
		cmd.Dir = "/"
		if os.Getuid() == 0 {
			cmd.Path = copyOfSelf(t, cmd.Path)
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		}
		out, err := cmd.Output()
		must(t, err)
		if !strings.Contains(string(out), "cannot be written") {
			t.Errorf("directory %o, file %o: Open says %s", mode.dir, mode.file, out)
		}
	}
	must(t, os.Chmod(filepath.Dir(path), 0o700))
}

// copyOfSelf puts the test binary where everybody may run it.
func copyOfSelf(t *testing.T, self string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ledger")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	binary, err := os.ReadFile(self)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "self"), binary, 0o755))
	return filepath.Join(dir, "self")
}
