package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"batchsend/internal/sandbox"
)

// program prepares a real process of batchsend with its state in dir.
func program(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1", "HOME="+dir, "GORACE="+noExitSleep)
	cmd.Dir = dir
	cmd.WaitDelay = 0
	return cmd
}

// startSandbox starts a sandbox process and returns its address and the
// settings that it wrote for others to source.
func startSandbox(t *testing.T, dir string, args ...string) (url string, settings []string) {
	t.Helper()
	cmd := program(t.Context(), dir, append([]string{"sandbox", "--addr", "127.0.0.1:0", "--dir", dir}, args...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Wait() })
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "sandbox: "); ok {
			url, _, _ = strings.Cut(rest, " ")
		}
		if strings.HasPrefix(lines.Text(), "Ctrl-C") {
			break
		}
	}
	env, err := os.ReadFile(filepath.Join(dir, ".env"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(env)) {
		settings = append(settings, strings.ReplaceAll(strings.TrimPrefix(strings.TrimSpace(line), "export "), "'", ""))
	}
	return url, settings
}

// mailed asks a sandbox process for its record.
func mailed(t *testing.T, url string) []sandbox.Envelope {
	t.Helper()
	resp, err := http.Get(url + "/sandbox/envelopes.json")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var all []sandbox.Envelope
	if err := json.NewDecoder(resp.Body).Decode(&all); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestTwoProcesses sends 500 rows from one process to another and holds the
// sandbox's record against the file, field by field.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	url, settings := startSandbox(t, dir)
	all := offers(250)
	file := writeOffers(t, dir, all)
	cmd := program(t.Context(), dir, "send", "--results", "results.csv", file)
	cmd.Env = append(cmd.Env, settings...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	record := mailed(t, url)
	slices.SortFunc(record, func(a, b sandbox.Envelope) int {
		return cmp.Compare(a.Recipients[0].Name, b.Recipients[0].Name)
	})
	if len(record) != len(all) {
		t.Fatalf("the sandbox has %d envelopes, the file %d", len(record), len(all))
	}
	for i, o := range all {
		if diff := gocmp.Diff(o.expected(), received(record[i])); diff != "" {
			t.Errorf("%s (-file +sandbox):\n%s", o.label, diff)
		}
	}
	results, err := os.ReadFile(filepath.Join(dir, "results.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, env := range record {
		if n := countLines(string(results), ",sent,"+env.ID+","+env.TransactionID+","); n != 2 {
			t.Errorf("envelope %s stands on %d lines of the results, want 2", env.ID, n)
		}
	}
}

// letter is what reached the recipients of one offer.
type letter struct {
	Template   string
	Subject    string
	People     []string // order, kind, role, name, address, whether mailed
	Salary     string
	Department string
	Delay      int
	Frequency  int
	Expire     int
	Warn       int
	Extra      []string // recipients that no role asked for
}

// expected is what the file asks for, with the template's values where it says
// nothing.
func (o offer) expected() letter {
	l := letter{
		Template: sandbox.DefaultTemplate, Subject: "Your offer letter", Salary: o.salary, Department: "Sales",
		Delay: 2, Frequency: 3, Expire: 30, Warn: 3,
		People: []string{
			fmt.Sprintf("1 signers Employee: Employee of %s <%s> true", o.label, o.employee),
			fmt.Sprintf("2 signers Manager: Manager of %s <%s> true", o.label, o.manager),
			"3 carbonCopies HR Records: HR Records <hr-records@example.test> true",
		},
	}
	for _, override := range []struct {
		cell string
		to   *int
	}{{o.delay, &l.Delay}, {o.frequency, &l.Frequency}, {o.expire, &l.Expire}} {
		if override.cell != "" {
			fmt.Sscan(override.cell, override.to)
		}
	}
	return l
}

// received is what the sandbox recorded.
func received(env sandbox.Envelope) letter {
	n := env.Notification
	l := letter{
		Template: env.TemplateID, Subject: env.EmailSubject,
		Delay: n.ReminderDelay, Frequency: n.ReminderFrequency, Expire: n.ExpireAfter, Warn: n.ExpireWarn,
	}
	for _, r := range env.Recipients {
		l.People = append(l.People, fmt.Sprintf("%d %s %s: %s <%s> %v", r.RoutingOrder, r.Kind, r.Role, r.Name, r.Email, r.Mailed))
		if r.Added != "" {
			l.Extra = append(l.Extra, r.Added)
		}
		for _, tab := range r.Tabs {
			if tab.Label == "Salary" {
				l.Salary = tab.Value
			}
		}
	}
	for _, f := range env.CustomFields {
		if f.Name == "Department" {
			l.Department = f.Value
		}
	}
	return l
}

// countLines counts the lines of text that contain part.
func countLines(text, part string) int {
	n := 0
	for line := range strings.Lines(text) {
		if strings.Contains(line, part) {
			n++
		}
	}
	return n
}
