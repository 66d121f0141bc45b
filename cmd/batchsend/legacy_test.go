package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"batchsend/internal/sandbox"
)

// halfSent is an office whose ledger an earlier release has written: of each
// file one envelope was sent, the answer to a second was lost, and two are
// planned. edit may change what DocuSign has.
func halfSent(t *testing.T, edit func(envelopes string) string) *bureau {
	t.Helper()
	dir := t.TempDir()
	desk := filepath.Join(dir, "a", "batchsend", "sandbox")
	for _, d := range []string{desk, filepath.Join(dir, "sandbox")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{"ledger.db": desk, "ledger.db.lock": desk, "template.json": filepath.Join(dir, "sandbox"), "envelopes.jsonl": filepath.Join(dir, "sandbox")} {
		text, err := os.ReadFile(filepath.Join("..", "..", "testdata", "release1", name))
		if err != nil {
			t.Fatal(err)
		}
		if name == "envelopes.jsonl" && edit != nil {
			text = []byte(edit(string(text)))
		}
		if err := os.WriteFile(filepath.Join(to, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o := &bureau{t: t, dir: dir}
	o.server = shareSandbox(t, dir, func(s *sandbox.Server) { s.Store = filepath.Join(dir, "sandbox") })
	t.Cleanup(func() { o.server.Close() })
	return o
}

// TestEarlierRelease: a batch that an earlier release has begun goes on, and
// nothing of it goes out twice.
func TestEarlierRelease(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"list.csv", "named.csv"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "testdata", "release1", name))
		if err != nil {
			t.Fatal(err)
		}
		file := string(text)
		corrected := strings.Replace(file, "41000", "43000", 1)
		const before = 4 // of both files
		t.Run("unchanged/"+name, func(t *testing.T) {
			o := halfSent(t, nil)
			o.want(o.send("a", name, file, "--dry-run"), exitDone, "1 already sent, 3 valid", before)
			o.want(o.send("a", name, file), exitDone, "2 sent, 2 already sent", before+2)
			o.want(o.send("a", name, file), exitDone, "4 already sent", before+2)
		})
		t.Run("renamed/"+name, func(t *testing.T) {
			o := halfSent(t, nil)
			o.want(o.send("a", "june.csv", file), exitRejected, "ALREADY_SENT", before)
			o.want(o.send("a", "june.csv", file, "--on-invalid", "skip"), exitRejected, "2 sent, 2 rejected", before+2)
			o.want(o.send("a", "june.csv", file), exitRejected, "2 already sent, 2 rejected", before+2)
		})
		t.Run("corrected/"+name, func(t *testing.T) {
			o := halfSent(t, nil)
			o.want(o.send("a", name, corrected, "--dry-run"), exitRejected, "KEY_CONFLICT", before)
			o.want(o.send("a", name, corrected), exitRejected, "KEY_CONFLICT", before)
			o.want(o.send("a", name, corrected, "--on-invalid", "skip"), exitRejected, "2 sent, 1 already sent, 1 rejected", before+2)
		})
		t.Run("corrected before it went/"+name, func(t *testing.T) {
			o := halfSent(t, nil)
			late := strings.Replace(file, "test,1,", "test,100,", 1)
			o.want(o.send("a", name, late), exitDone, "2 sent, 2 already sent", before+2)
		})
		t.Run("another ledger's envelope/"+name, func(t *testing.T) {
			o := halfSent(t, strings.NewReplacer("gita.rao@", "somebody.else@", "kim.berg@", "somebody.else@").Replace)
			o.want(o.send("a", name, file), exitFailed, "which goes to other people", before+2)
		})
	}
}
