package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"batchsend/internal/ledger"
	"batchsend/internal/report"
	"batchsend/internal/sandbox"
)

// victim is one file, sent again and again by processes that are killed.
type victim struct {
	t        *testing.T
	name     string // of the batch: all victims share an account
	dir      string
	url      string
	settings []string
	offers   []offer
	file     string
	settle   time.Duration
}

// newVictim makes a file of n envelopes that no other victim has.
func newVictim(t *testing.T, url string, settings []string, name string, n int) *victim {
	v := &victim{t: t, name: name, dir: t.TempDir(), url: url, settings: settings, offers: offers(n), settle: 150 * time.Millisecond}
	for i := range v.offers {
		v.offers[i].employee = name + "." + v.offers[i].employee
	}
	v.file = writeOffers(t, v.dir, v.offers)
	return v
}

// send prepares a process that sends the file, with a ledger of its own.
func (v *victim) send(args ...string) *exec.Cmd {
	args = append([]string{"send", "--quiet", "--batch", v.name, "--settle", v.settle.String(), "--results", "results.csv"}, args...)
	cmd := program(v.t.Context(), v.dir, append(args, v.file)...)
	cmd.Env = append(append(cmd.Env, v.settings...), "BATCHSEND_LEDGER="+filepath.Join(v.dir, "ledger.db"))
	return cmd
}

// finish sends until all is sent, as an operator would.
func (v *victim) finish(args ...string) {
	v.t.Helper()
	for range 20 {
		out, err := v.send(args...).CombinedOutput()
		var exit *exec.ExitError
		switch {
		case err == nil:
			return
		case errors.As(err, &exit) && (exit.ExitCode() == exitStopped || exit.ExitCode() == exitFailed):
			continue
		}
		v.t.Fatalf("%v\n%s", err, out)
	}
	v.t.Fatal("not finished after 20 runs")
}

// verify holds sandbox, ledger and results against the file.
func (v *victim) verify() {
	v.t.Helper()
	ours := map[string]bool{}
	for _, o := range v.offers {
		ours[o.employee] = true
	}
	var record []sandbox.Envelope
	for _, env := range mailed(v.t, v.url) {
		if ours[env.Recipients[0].Email] {
			record = append(record, env)
		}
	}
	wantEachOnce(v.t, v.offers, record)

	status := program(v.t.Context(), v.dir, "status", "--json", "--batch", v.name, "--ledger", filepath.Join(v.dir, "ledger.db"))
	out, err := status.Output()
	if err != nil {
		v.t.Fatal(err)
	}
	var entries []report.EnvelopeStatus
	if err := json.Unmarshal(out, &entries); err != nil {
		v.t.Fatal(err)
	}
	known := map[string]bool{}
	for _, e := range entries {
		if e.State != "sent" {
			v.t.Errorf("the ledger says that line %d is %s", e.Line, e.State)
		}
		known[string(e.EnvelopeID)] = true
	}
	for _, env := range record {
		if env.Status == "sent" && !known[env.ID] {
			v.t.Errorf("the ledger does not know envelope %s", env.ID)
		}
	}
	v.verifyResults(known)
}

func (v *victim) verifyResults(known map[string]bool) {
	v.t.Helper()
	f, err := os.Open(filepath.Join(v.dir, "results.csv"))
	if err != nil {
		v.t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		v.t.Fatal(err)
	}
	if len(rows) != 1+2*len(v.offers) {
		v.t.Errorf("the results have %d lines, want %d", len(rows), 1+2*len(v.offers))
	}
	for _, row := range rows[1:] {
		if status, id := row[6], row[7]; status != "sent" && status != "already-sent" || !known[id] {
			v.t.Errorf("results: line %s is %s with envelope %q", row[1], status, id)
		}
	}
}

// rounds is how often the kill matrix is played: a few times in every test run,
// and as often as BATCHSEND_TORTURE says in `make torture`.
func rounds(t *testing.T) int {
	t.Helper()
	if n, err := strconv.Atoi(os.Getenv("BATCHSEND_TORTURE")); err == nil {
		return n
	}
	return sized(t, 50, 8)
}

// TestKillMatrix kills real processes at random moments, runs the command again
// until all is sent, and demands that everybody was mailed once.
func TestKillMatrix(t *testing.T) {
	t.Parallel()
	matrix{rounds: rounds(t), settle: 150 * time.Millisecond}.play(t)
}

// TestKillMatrixLag does so while searches show an envelope only when it is nearly
// too late: --settle is as short as the lag allows. The margin is for what a busy
// machine may take to read a request of a process that is dead already.
func TestKillMatrixLag(t *testing.T) {
	t.Parallel()
	large(t)
	const lag = time.Second
	matrix{rounds: max(rounds(t)/5, 1), lag: lag, settle: lag + 500*time.Millisecond}.play(t)
}

// TestKillMatrixEdited does so while somebody edits the template after each kill.
func TestKillMatrixEdited(t *testing.T) {
	t.Parallel()
	large(t)
	matrix{rounds: max(rounds(t)/2, 1), settle: 150 * time.Millisecond, edited: true}.play(t)
}

// matrix is how the rounds of a kill matrix are played.
type matrix struct {
	rounds int
	lag    time.Duration // until searches show an envelope
	settle time.Duration
	edited bool // the template is edited after each kill
}

func (m matrix) play(t *testing.T) {
	const each = 50 // rounds with one sandbox, whose record each of them reads
	for first := 0; first < m.rounds; first += each {
		t.Run(fmt.Sprintf("from %d", first), func(t *testing.T) {
			dir := t.TempDir()
			url, settings := startSandbox(t, dir, "--calls-per-hour", "100000000", "--calls-per-burst", "100000000", "--search-delay", m.lag.String(),
				"--faults", fmt.Sprintf("slow=2ms,jitter=5ms,drop-after=0.03,503=0.02,502-after=0.02,seed=%d", first))
			between, flags := func() {}, []string(nil)
			if m.edited {
				between, flags = editor(t, filepath.Join(dir, "template.json")), []string{"--allow-changed-template"}
			}
			for round := first; round < min(first+each, m.rounds); round++ {
				t.Run(strconv.Itoa(round), func(t *testing.T) {
					t.Parallel()
					v := newVictim(t, url, settings, fmt.Sprintf("round%d", round), 10+round%20)
					v.settle = m.settle
					v.killAtRandom(round, between, flags...)
				})
			}
		})
	}
}

// editor returns what edits a template, so that it is another one each time and
// takes the same rows.
func editor(t *testing.T, path string) func() {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const saved = `"lastModified": "`
	if !bytes.Contains(text, []byte(saved)) {
		t.Fatalf("%s does not say when it was saved", path)
	}
	var mu sync.Mutex
	edits := 0
	return func() {
		mu.Lock()
		defer mu.Unlock()
		edits++
		at := bytes.Index(text, []byte(saved)) + len(saved)
		end := at + bytes.IndexByte(text[at:], '"')
		now := []byte(time.Now().UTC().Format("2006-01-02T15:04:05.0000000Z"))
		edited := slices.Concat(text[:at], now, text[end:])
		edited = bytes.ReplaceAll(edited, []byte(`"tabLabel": "Salary",`), fmt.Appendf(nil, `"tabLabel": "Salary", "height": "%d",`, edits))
		if err := os.WriteFile(path+".new", edited, 0o600); err != nil {
			t.Error(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Error(err)
		}
	}
}

// killAtRandom plays one round: it sends, kills, and does what happens between
// the kills.
func (v *victim) killAtRandom(round int, between func(), flags ...string) {
	dice := rand.New(rand.NewPCG(2026, uint64(round)))
	via := append(slices.Clone(flags), "--via", []string{"single", "two-step"}[round%2], "--concurrency", strconv.Itoa(1+dice.IntN(8)))
	for range 1 + dice.IntN(3) {
		cmd := v.send(via...)
		if err := cmd.Start(); err != nil {
			v.t.Fatal(err)
		}
		// A real process has real time; any moment will do.
		time.Sleep(time.Duration(dice.IntN(400)) * time.Millisecond)
		cmd.Process.Kill()
		cmd.Wait()
		between()
	}
	v.finish(via...)
	v.verify()
}

// TestCrashPoints kills a process between every two statements of the ledger.
func TestCrashPoints(t *testing.T) {
	url, settings := startSandbox(t, t.TempDir(), "--calls-per-hour", "100000000", "--calls-per-burst", "100000000")
	for _, point := range ledger.CrashPoints {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			v := newVictim(t, url, settings, strings.NewReplacer(":", "").Replace(point), 6)
			for _, nth := range []int{1, 4} {
				cmd := v.send("--via", "two-step")
				cmd.Env = append(cmd.Env, fmt.Sprintf("BATCHSEND_TEST_CRASH=%s %d", point, nth))
				_ = cmd.Run() // killed, or past the point without passing it so often
			}
			v.finish("--via", "two-step")
			v.verify()
		})
	}
}

// TestOverlap runs eight processes on one ledger and one file at once.
func TestOverlap(t *testing.T) {
	t.Parallel()
	url, settings := startSandbox(t, t.TempDir(), "--calls-per-hour", "100000000", "--calls-per-burst", "100000000", "--faults", "slow=5ms")
	v := newVictim(t, url, settings, "overlap", 60)
	var all []*exec.Cmd
	var said [8]bytes.Buffer
	for i := range said {
		cmd := v.send()
		cmd.Stderr = &said[i]
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		all = append(all, cmd)
	}
	done := 0
	for i, cmd := range all {
		switch code := exitOf(cmd.Wait()); code {
		case exitDone:
			done++
		case exitStopped:
		default:
			t.Errorf("exit code %d, want 0 or 5:\n%s", code, &said[i])
		}
	}
	if done == 0 {
		t.Error("no process finished")
	}
	v.finish()
	v.verify()
}

// TestSameContentTwice runs two processes on files of different names with the
// same content: between them everybody is mailed once.
func TestSameContentTwice(t *testing.T) {
	t.Parallel()
	url, settings := startSandbox(t, t.TempDir(), "--calls-per-hour", "100000000", "--calls-per-burst", "100000000", "--faults", "slow=5ms")
	v := newVictim(t, url, settings, "twice", 60)
	var all []*exec.Cmd
	for _, batch := range []string{"one", "two"} {
		cmd := v.send("--batch", batch, "--on-invalid", "skip", "--concurrency", "2")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		all = append(all, cmd)
	}
	for _, cmd := range all {
		if code := exitOf(cmd.Wait()); code != exitDone && code != exitRejected {
			t.Errorf("exit code %d, want 0 or 3", code)
		}
	}
	wantEachOnce(t, v.offers, mailed(t, url))
}

func exitOf(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return 0
}
