package ledger_test

import (
	"os"
	"path/filepath"
	"testing"

	"batchsend/internal/ledger"
	"batchsend/internal/ledger/ledgertest"
)

// TestProbe: what a run could do is tried, and nothing is changed.
func TestProbe(t *testing.T) {
	probe := func(t *testing.T, path string, want ledger.Probed) {
		t.Helper()
		before := tree(t, path)
		got, err := ledger.Probe(t.Context(), path)
		must(t, err)
		if got.Path != path || got.There != want.There || got.Older != want.Older || got.Free == 0 {
			t.Errorf("Probe = %+v, want %+v", got, want)
		}
		if after := tree(t, path); after != before {
			t.Errorf("Probe made of\n%s\nthis:\n%s", before, after)
		}
	}
	t.Run("missing", func(t *testing.T) { probe(t, newPath(t), ledger.Probed{}) })
	t.Run("empty", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "ledger.db")
		must(t, os.WriteFile(path, nil, 0o600))
		probe(t, path, ledger.Probed{})
	})
	t.Run("at rest", func(t *testing.T) { probe(t, written(t, 3), ledger.Probed{There: true}) })
	t.Run("beside a run", func(t *testing.T) {
		path := newPath(t)
		s := begin(t, openAt(t, path), "may")
		must(t, s.Plan(t.Context(), ledgertest.Planned(envs("may", 3))))
		probe(t, path, ledger.Probed{There: true})
		must(t, s.Claim(t.Context(), envs("may", 3)[0]))
	})
	t.Run("of an earlier release", func(t *testing.T) {
		text, err := os.ReadFile("../../testdata/release1/ledger.db")
		must(t, err)
		path := filepath.Join(t.TempDir(), "ledger.db")
		must(t, os.WriteFile(path, text, 0o600))
		probe(t, path, ledger.Probed{There: true, Older: true})
	})
	t.Run("of something else", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "ledger.db")
		must(t, os.WriteFile(path, []byte("envelope,roleName\n"), 0o600))
		_, err := ledger.Probe(t.Context(), path)
		wantTrouble(t, err, ledger.Foreign, path)
	})
	t.Run("cut to nothing", func(t *testing.T) {
		path := written(t, 1)
		must(t, os.Truncate(path, 0))
		_, err := ledger.Probe(t.Context(), path)
		wantTrouble(t, err, ledger.Damaged, path)
	})
	t.Run("a directory", func(t *testing.T) {
		path := t.TempDir()
		_, err := ledger.Probe(t.Context(), path)
		wantTrouble(t, err, ledger.Unusable, path)
	})
	t.Run("below a file", func(t *testing.T) {
		path := filepath.Join(written(t, 1), "deeper", "ledger.db")
		_, err := ledger.Probe(t.Context(), path)
		wantTrouble(t, err, ledger.Unusable, path)
	})
}

// tree lists what stands beside the ledger, with its content.
func tree(t *testing.T, path string) string {
	t.Helper()
	text := ""
	must(t, filepath.Walk(filepath.Dir(filepath.Dir(path)), func(name string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() && filepath.Ext(name) != ".db-shm" {
			content, _ := os.ReadFile(name)
			text += name + " " + info.Mode().String() + " " + string(content[:min(len(content), 100)]) + "\n"
		}
		return err
	}))
	return text
}
