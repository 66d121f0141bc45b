package main

import (
	"encoding/csv"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"batchsend/internal/job"
	"batchsend/internal/report"
)

const goodRows = "envelope,roleName,name,email\n1,Employee,Ann Ek,ann.ek@example.test\n1,Manager,Bo Lind,bo.lind@example.test\n"

// readResults returns the status and the message of each line of a results file.
func readResults(t *testing.T, text string) (lines []string) {
	t.Helper()
	records, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(records) == 0 || !slices.Equal(records[0], report.ResultsHeader) {
		t.Errorf("no results file: %v\n%.500s", err, text)
		return nil
	}
	for _, record := range records[1:] {
		lines = append(lines, strings.TrimSpace(record[6]+" "+record[10]))
	}
	return lines
}

// TestFilesHoweverItEnded: once a run has begun its files are replaced, whatever
// becomes of it, lest those of an earlier run be taken for its own. What the run
// did not come to know it does not tell.
func TestFilesHoweverItEnded(t *testing.T) {
	const (
		rejectsHeader = "envelope,roleName,name,email,rejectCode,rejectMessage\n"
		pending       = "pending " + job.NotLookedUp
	)
	for _, tt := range []struct {
		name    string
		file    string // "-": there is none
		args    []string
		code    int
		results []string // nil: as it was
		rejects string
	}{
		{"a flag is wrong", goodRows, []string{"--concurrency", "0"}, exitUsage, nil, "old"},
		{"an output is an input", goodRows, []string{"--report", "in.csv"}, exitUsage, nil, "old"},
		{"an output cannot be written", goodRows, []string{"--report", "no/such/report.html"}, exitCannotRun, nil, "old"},
		{"no such input", "-", nil, exitCannotRun, []string{}, ""},
		{"nothing in it", "", nil, exitRejected, []string{}, ""},
		{"the header is wrong", strings.Replace(goodRows, "email", "e-male", 1), nil, exitRejected, []string{"rejected", "rejected"}, "envelope,roleName,name,e-male,rejectCode,rejectMessage\n1,Employee"},
		{"no rows", "envelope,roleName,name,email\n\n", nil, exitDone, []string{}, rejectsHeader},
		{"too young", goodRows, []string{"--min-age", "1h"}, exitStopped, []string{}, ""},
		{"another input is wrong", goodRows, []string{"wrong.csv"}, exitRejected, []string{"pending", "pending", "rejected"}, ""},
		{"nobody can sign in", goodRows, []string{"--sandbox=false", "--auth-server", "http://127.0.0.1:1", "--integration-key", "k", "--user-id", "u", "--private-key", "practice/private.pem"}, exitCannotRun, []string{pending, pending}, rejectsHeader},
		{"no ledger", goodRows, []string{"--ledger", "."}, exitCannotRun, []string{pending, pending}, rejectsHeader},
		{"no template", goodRows, []string{"--template", "Offer letter"}, exitUsage, []string{pending, pending}, rejectsHeader},
		{"a row is wrong", goodRows + "2,Employee,Cy Ost,\n", nil, exitRejected, []string{"pending", "pending", "rejected"}, rejectsHeader + "2,Employee"},
		{"all is well", goodRows, nil, exitDone, []string{"sent", "sent"}, rejectsHeader},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlace(t)
			for _, name := range []string{"r.csv", "j.csv", "h.html"} {
				p.write(t, name, "old")
			}
			p.write(t, "wrong.csv", "a,b\n1,2\n")
			if p.write(t, "in.csv", tt.file); tt.file == "-" {
				os.Remove("in.csv")
			}
			got := p.run(t, nil, append([]string{"send", "--sandbox", "--results", "r.csv", "--rejects", "j.csv", "--report", "h.html", "in.csv"}, tt.args...)...)
			if got.code != tt.code {
				t.Errorf("exit code %d, want %d\n%s%s", got.code, tt.code, got.stdout, got.stderr)
			}
			if tt.results == nil {
				for _, name := range []string{"r.csv", "j.csv", "h.html"} {
					if text := readFile(t, name); text != "old" {
						t.Errorf("%s was replaced: %q", name, text)
					}
				}
				return
			}
			lines := readResults(t, readFile(t, "r.csv"))
			for i, line := range lines {
				if status, _, _ := strings.Cut(line, " "); status == "rejected" || status == "sent" {
					lines[i] = status
				}
			}
			if diff := cmp.Diff(tt.results, append([]string{}, lines...)); diff != "" {
				t.Errorf("results (-want +got):\n%s", diff)
			}
			if text := readFile(t, "j.csv"); !strings.HasPrefix(text, tt.rejects) || tt.rejects == "" && text != "" {
				t.Errorf("rejects: %q, want %q", text, tt.rejects)
			}
			if text := readFile(t, "h.html"); !strings.HasPrefix(text, "<!doctype html>") {
				t.Errorf("report: %.100q", text)
			}
			if names, _ := os.ReadDir("."); slices.ContainsFunc(names, func(e os.DirEntry) bool { return strings.HasSuffix(e.Name(), ".tmp") }) {
				t.Errorf("left over: %v", names)
			}
		})
	}
}

// TestFilesOnStdout: "-", or what leads to it, is standard output, and the table
// makes way.
func TestFilesOnStdout(t *testing.T) {
	for _, path := range []string{"-", "/dev/stdout", "to stdout"} {
		p := newPlace(t)
		if err := os.Symlink("/dev/stdout", "to stdout"); err != nil {
			t.Fatal(err)
		}
		p.write(t, "in.csv", goodRows+"2,Employee,\u200bCy Ost,\n")
		send := func(args ...string) outcome {
			return p.run(t, nil, append([]string{"send", "--sandbox", "--on-invalid", "skip", "in.csv"}, args...)...)
		}
		got := send("--results", path)
		if lines := readResults(t, got.stdout); len(lines) != 3 || lines[0] != "sent" {
			t.Errorf("--results %s: %q", path, got.stdout)
		}
		if got.code != exitRejected || !strings.Contains(got.stderr, "2 envelopes: 1 sent, 1 rejected") {
			t.Errorf("--results %s: exit code %d, and the table does not stand on stderr:\n%s", path, got.code, got.stderr)
		}
		if got := send("--results", path, "--quiet"); strings.Contains(got.stderr, "already sent") {
			t.Errorf("--results %s --quiet: %s", path, got.stderr)
		}
		if got := send("--rejects", path); !strings.HasPrefix(got.stdout, "envelope,roleName,name,email,rejectCode,rejectMessage\n2,Employee,\u200bCy Ost,,") {
			t.Errorf("--rejects %s: %q", path, got.stdout)
		}
		if got := send("--report", path); !strings.HasPrefix(got.stdout, "<!doctype html>") || strings.Contains(got.stdout, "LINE  ENVELOPE") {
			t.Errorf("--report %s: %.200q", path, got.stdout)
		}
		for _, both := range [][]string{{"--results", path, "--json"}, {"--rejects", path, "--json"}, {"--results", path, "--rejects", "-"}, {"--results", "-", "--report", path}} {
			if got := send(both...); got.code != exitUsage || !strings.Contains(got.stderr, "would both be written to standard output") {
				t.Errorf("%q: exit code %d\n%s", both, got.code, got.stderr)
			}
		}
		// Standard input and standard output bear one name.
		if got := p.run(t, nil, "send", "--sandbox", "--dry-run", "--batch", "piped", "--on-invalid", "skip", "--results", path, "-"); got.code != exitRejected || len(readResults(t, got.stdout)) != 3 {
			t.Errorf("from - to %s: exit code %d\n%s%s", path, got.code, got.stdout, got.stderr)
		}
	}
}

// TestFilesThroughLinks: the link stays, run after run, and no output replaces
// what is still needed, whichever way it is named.
func TestFilesThroughLinks(t *testing.T) {
	p := newPlace(t)
	p.write(t, "in.csv", goodRows)
	p.write(t, "config/batchsend/config.toml", "concurrency = 4\n")
	p.write(t, "archive/2026/r.csv", "old")
	p.write(t, "state/batchsend/sandbox/logins/127.0.0.1_key.json", "{}")
	for link, to := range map[string]string{
		"r.csv": "archive/latest", "archive/latest": "2026/r.csv", "input": "in.csv", "config.lnk": "config/batchsend/config.toml",
		"new": "fresh.csv", "key": "state/batchsend/sandbox/private.pem", "led": "state/batchsend/sandbox/ledger.db",
		"login": "state/batchsend/sandbox/logins/127.0.0.1_key.json",
	} {
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"sent", "already-sent"} {
		if got := p.run(t, nil, "send", "--sandbox", "--results", "r.csv", "in.csv"); got.code != exitDone {
			t.Fatalf("exit code %d\n%s", got.code, got.stderr)
		}
		if to, err := os.Readlink("r.csv"); err != nil || to != "archive/latest" {
			t.Errorf("the link leads to %q: %v", to, err)
		}
		if lines := readResults(t, readFile(t, "archive/2026/r.csv")); len(lines) != 2 || !strings.HasPrefix(lines[0], want) {
			t.Errorf("results %q, want %s", lines, want)
		}
	}
	for _, tt := range []struct{ results, rejects, says string }{
		{"input", "", "input is an input"},
		{"config.lnk", "", "config.lnk is the configuration file"},
		{"key", "", "key is the sandbox's"},
		{"led", "", "led is the ledger"},
		{"login", "", "login is a login"},
		{"new", "fresh.csv", "fresh.csv is another output"},
		{"r.csv", "archive/2026/r.csv", "archive/2026/r.csv is another output"},
	} {
		args := []string{"send", "--sandbox", "--results", tt.results, "in.csv"}
		if tt.rejects != "" {
			args = append(args, "--rejects", tt.rejects)
		}
		if got := p.run(t, nil, args...); got.code != exitUsage || !strings.Contains(got.stderr, tt.says) {
			t.Errorf("%q: exit code %d, want %q\n%s", args, got.code, tt.says, got.stderr)
		}
	}
}

// TestFileNotWritten: a file that cannot be written is told of by its own name
// with the cure, and what was sent is not lost.
func TestFileNotWritten(t *testing.T) {
	p := newPlace(t)
	p.write(t, "in.csv", goodRows)
	got := p.run(t, nil, "send", "--sandbox", "--results", "out/put/r.csv", "in.csv")
	if got.code != exitCannotRun || !strings.Contains(got.stderr, "out/put/r.csv cannot be written: no such file or directory: out/put is missing, the nearest directory is "+p.dir+"; nothing was sent\nhint: mkdir -p out/put") {
		t.Errorf("no directory: exit code %d\n%s", got.code, got.stderr)
	}
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("there is no device that is full")
	}
	got = p.run(t, nil, "send", "--sandbox", "--results", "/dev/full", "--report", "h.html", "in.csv")
	if got.code != exitCannotRun || !strings.Contains(got.stdout, "1 sent") || !strings.Contains(got.stderr, "/dev/full could not be written: no space left on device\nhint: make room") || strings.Contains(got.stderr, ".tmp") {
		t.Errorf("a full disk: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	if text := readFile(t, "h.html"); !strings.Contains(text, "1 sent") {
		t.Errorf("the other file was not written: %.100q", text)
	}
	if got := p.run(t, nil, "send", "--sandbox", "--results", "r.csv", "in.csv"); got.code != exitDone || !strings.Contains(readFile(t, "r.csv"), "already-sent") {
		t.Errorf("given again: exit code %d\n%s", got.code, got.stderr)
	}
}
