package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// rooms is the plan of the house: which of our packages each may import. The
// arrows are one-way, and only the command joins rooms that must not meet.
var rooms = map[string][]string{
	"template":               {},
	"reminders":              {},
	"envelope":               {"reminders", "template"},
	"throttle":               {},
	"throttle/throttletest":  {}, // serves tests only
	"internal/access":        {"internal/docusign", "internal/ledger", "internal/signin", "internal/waits", "throttle"},
	"internal/batch":         {"envelope", "internal/history", "internal/remote", "throttle"},
	"internal/censor":        {},
	"internal/cmdline":       {"internal/censor", "internal/settings", "internal/usage", "template"},
	"internal/console":       {"internal/censor"},
	"internal/docusign":      {"envelope", "internal/censor", "internal/remote", "internal/secretfile", "reminders", "template"},
	"internal/explain":       {"envelope", "internal/docusign", "internal/usage", "template"},
	"internal/history":       {"envelope"},
	"internal/manual":        {"internal/cmdline", "internal/settings"},
	"internal/progress":      {"envelope", "internal/console", "internal/report", "throttle"},
	"internal/remote":        {"envelope"},
	"internal/jsonschema":    {},
	"internal/job":           {"envelope", "internal/batch", "internal/censor", "internal/docusign", "internal/explain", "internal/history", "internal/ledger", "internal/remote", "internal/report", "internal/rows", "internal/spool", "internal/templatefile", "internal/usage", "reminders", "template", "throttle"},
	"internal/manpages":      {},
	"internal/ledger":        {"envelope", "internal/history", "internal/remote"},
	"internal/report":        {"envelope", "internal/censor", "internal/usage", "reminders", "template"},
	"internal/notify":        {"internal/censor", "internal/report", "internal/usage"},
	"internal/rows":          {"envelope", "internal/sheet", "internal/spool", "template"},
	"internal/sheet":         {"internal/spool"},
	"internal/spool":         {},
	"internal/sandbox":       {},
	"internal/secretfile":    {},
	"internal/sendflags":     {"envelope", "internal/access", "internal/batch", "internal/cmdline", "internal/docusign", "internal/job", "internal/notify", "internal/report", "internal/rows", "internal/settings", "internal/usage", "reminders"},
	"internal/settings":      {"internal/censor", "internal/secretfile", "internal/usage", "template"},
	"internal/signin":        {"internal/censor", "internal/secretfile"},
	"internal/templatefile":  {"envelope", "internal/censor", "reminders", "template"},
	"internal/usage":         {},
	"internal/waits":         {"envelope", "internal/docusign", "throttle"},
	"internal/apispec":       {}, // serves tests only
	"internal/golden":        {}, // likewise
	"internal/racetest":      {}, // likewise
	"cmd/batchsend":          {"internal/access", "internal/censor", "internal/cmdline", "internal/console", "internal/docusign", "internal/explain", "internal/job", "internal/jsonschema", "internal/ledger", "internal/manual", "internal/notify", "internal/progress", "internal/report", "internal/sandbox", "internal/secretfile", "internal/sendflags", "internal/settings", "internal/signin", "internal/templatefile", "internal/usage", "internal/waits"},
	"internal/apispec/tally": {"internal/apispec"},

	"internal/bench":             {"internal/rows/rowstest", "internal/sandbox"},                         // make bench-dryrun, bench-send
	"internal/ledger/ledgertest": {"envelope", "internal/history", "internal/ledger", "internal/remote"}, // the suite for every database
	"internal/rows/rowstest":     {},                                                                     // writes files for tests and benchmarks
}

// TestRooms holds the import graph to its plan.
func TestRooms(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "batchsend/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := 0
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var pkg struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&pkg); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		seen++
		room := strings.TrimPrefix(pkg.ImportPath, "batchsend/")
		allowed, known := rooms[room]
		if !known {
			t.Errorf("package %s is not in the plan", room)
		}
		for _, path := range pkg.Imports {
			if ours, ok := strings.CutPrefix(path, "batchsend/"); ok && !slices.Contains(allowed, ours) {
				t.Errorf("%s imports %s, which the plan does not allow", room, ours)
			}
		}
	}
	if seen != len(rooms) {
		t.Errorf("go list shows %d packages, the plan has %d", seen, len(rooms))
	}
}
