package job

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"batchsend/envelope"
	"batchsend/internal/report"
	"batchsend/internal/rows"
	"batchsend/internal/templatefile"
)

// TestPutAwayUnread: a file of which no row can be read leaves the folder with its
// reason, unless it may still be being written. Files that can be read stay.
func TestPutAwayUnread(t *testing.T) {
	t.Parallel()
	inbox, bad := t.TempDir(), t.TempDir()
	old := time.Now().Add(-time.Hour)
	var paths []string
	for name, text := range map[string]string{
		"torn.csv": "name,\"email\nZoë,zoe@example.test\n", "good.csv": "name,email\nZoë,zoe@example.test\n", "empty.csv": "",
	} {
		path := filepath.Join(inbox, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if name != "empty.csv" {
			if err := os.Chtimes(path, old, old); err != nil {
				t.Fatal(err)
			}
		}
		paths = append(paths, path)
	}
	if err := os.WriteFile(filepath.Join(bad, "torn.csv"), []byte("another one"), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := Open(Files{Paths: paths})
	defer func() { in.Close() }() // it has files with an error, too
	if _, ok := errors.AsType[*HeaderError](err); !ok {
		t.Fatalf("Open: %v", err)
	}
	var told []string
	say := func(format string, args ...any) { told = append(told, fmt.Sprintf(format, args...)) }
	if err := in.PutAwayUnread(Folders{}, say); err != nil || len(told) > 0 {
		t.Errorf("without a folder: %v, %q", err, told)
	}
	if err := in.PutAwayUnread(Folders{Rejected: bad}, say); err != nil || len(told) != 2 {
		t.Errorf("PutAwayUnread: %v, %q", err, told)
	}
	for path, want := range map[string]bool{
		filepath.Join(inbox, "torn.csv"): false, filepath.Join(inbox, "good.csv"): true, filepath.Join(inbox, "empty.csv"): true,
		filepath.Join(bad, "torn-2.csv"): true, filepath.Join(bad, "empty.csv"): false,
	} {
		if exists(path) != want {
			t.Errorf("%s exists: %v", path, !want)
		}
	}
	reason, err := os.ReadFile(filepath.Join(bad, "torn-2.reason.txt"))
	if err != nil || !strings.Contains(string(reason), "torn.csv:1: CSV_MALFORMED: the header cannot be read") {
		t.Errorf("the reason is %q: %v", reason, err)
	}
}

// TestEncodingOfRejects: the command that gives rejected rows back names the encoding
// where it would be a guess again.
func TestEncodingOfRejects(t *testing.T) {
	t.Parallel()
	const text = "name,email\nRen\xe9 \xc5str\xf6m,rene@example.test\nZo\xeb M\xfcller,zoe@example.test\nJosé,\n"
	path := writeFile(t, "in.csv", strings.ReplaceAll(text, "José", "Jos\xe9"))
	in, err := Open(Files{Paths: []string{path}, AcceptGuess: true})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for _, tt := range []struct{ name, text, want string }{
		{"latin.csv", "name,email\nJos\xe9,\n", strings.ToLower(in.files[0].text.Guess().Encoding)},
		{"ascii.csv", "name,email\nAnn,\n", ""},
		{"utf8.csv", "\ufeffname,email\nJosé,\n", ""},
	} {
		if got := in.encodingOf(report.Kept{Path: writeFile(t, tt.name, tt.text), Input: path}); got != tt.want {
			t.Errorf("%s: encoding %q, want %q", tt.name, got, tt.want)
		}
	}
	named, err := Open(Files{Paths: []string{path}, Reading: rows.Options{Encoding: "windows-1252"}})
	if err != nil {
		t.Fatal(err)
	}
	defer named.Close()
	if got := named.encodingOf(report.Kept{Path: path, Input: path}); got != "" {
		t.Errorf("what was typed is repeated anyway, but encodingOf says %q", got)
	}
}

// TestOfflineCallsNobody: what a check against template files must never do fails.
func TestOfflineCallsNobody(t *testing.T) {
	t.Parallel()
	check, err := offline([]*templatefile.File{leaseFile()}, "")
	if err != nil {
		t.Fatal(err)
	}
	if id, err := check.Site.DocuSign.Send(t.Context(), &envelope.Envelope{}, nil); !errors.Is(err, errNobody) || id != "" {
		t.Errorf("Send returns %q, %v", id, err)
	}
	if _, err := check.Site.DocuSign.SendList(t.Context(), nil, nil); !errors.Is(err, errNobody) {
		t.Errorf("SendList: %v", err)
	}
}
