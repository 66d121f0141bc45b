package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"batchsend/internal/sandbox"
)

// TestTwoLedgers is the kill matrix with two ledgers that take turns on one
// batch, and lose their logs or all they know between the turns.
func TestTwoLedgers(t *testing.T) {
	t.Parallel()
	const each = 50 // rounds with one sandbox
	for first := 0; first < rounds(t); first += each {
		t.Run(fmt.Sprintf("from %d", first), func(t *testing.T) {
			url, settings := startSandbox(t, t.TempDir(), "--calls-per-hour", "100000000", "--calls-per-burst", "100000000",
				"--faults", fmt.Sprintf("slow=2ms,jitter=5ms,drop-after=0.03,503=0.02,502-after=0.02,seed=%d", first))
			for round := first; round < min(first+each, rounds(t)); round++ {
				t.Run(strconv.Itoa(round), func(t *testing.T) {
					t.Parallel()
					takeTurns(t, url, settings, round)
				})
			}
		})
	}
}

// turns is a batch that is sent with several ledgers in turn.
type turns struct {
	*victim
	dice *rand.Rand
	via  []string
}

// ledger is the path of one of the ledgers.
func (v *turns) ledger(i int) string { return filepath.Join(v.dir, fmt.Sprintf("ledger%d.db", i)) }

// with prepares a process that sends with one of the ledgers.
func (v *turns) with(ledger int) *exec.Cmd {
	cmd := v.send(v.via...)
	cmd.Env = append(cmd.Env, "BATCHSEND_LEDGER="+v.ledger(ledger))
	return cmd
}

// settle waits until searches show what the last process has done: that long
// ledgers must not overlap.
func (v *turns) settle() { time.Sleep(200 * time.Millisecond) }

// suffer does to a ledger what happens to ledgers, while nobody uses it.
func (v *turns) suffer(ledger int) {
	v.t.Helper()
	path := v.ledger(ledger)
	backup := path + ".backup"
	switch v.dice.IntN(6) {
	case 0: // its log is lost
		os.Remove(path + "-wal")
		os.Remove(path + "-shm")
	case 1: // all is lost
		for _, end := range []string{"", "-wal", "-shm", ".lock", ".runs"} {
			os.Remove(path + end)
		}
	case 2: // an older one is put in its place, if there is one
		if text, err := os.ReadFile(backup); err == nil {
			os.Remove(path + "-wal")
			os.Remove(path + "-shm")
			if err := os.WriteFile(path, text, 0o600); err != nil {
				v.t.Fatal(err)
			}
		}
	case 3: // it is saved, as far as it is not in the log
		if text, err := os.ReadFile(path); err == nil {
			if err := os.WriteFile(backup, text, 0o600); err != nil {
				v.t.Fatal(err)
			}
		}
	}
}

// takeTurns plays one round.
func takeTurns(t *testing.T, url string, settings []string, round int) {
	dice := rand.New(rand.NewPCG(2027, uint64(round)))
	v := &turns{victim: newVictim(t, url, settings, fmt.Sprintf("turns%d", round), 10+dice.IntN(20)), dice: dice}
	v.via = []string{"--via", []string{"single", "two-step", "bulk"}[round%3], "--concurrency", strconv.Itoa(1 + dice.IntN(8))}
	for range 2 + dice.IntN(3) {
		ledger := dice.IntN(2)
		cmd := v.with(ledger)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// A real process has real time; any moment will do.
		time.Sleep(time.Duration(dice.IntN(600)) * time.Millisecond)
		cmd.Process.Kill()
		cmd.Wait()
		v.suffer(ledger)
		v.settle()
	}
	for _, ledger := range []int{0, 1, 0} {
		v.finishWith(ledger)
		v.settle()
	}
	var record []sandbox.Envelope
	ours := make(map[string]bool)
	for _, o := range v.offers {
		ours[o.employee] = true
	}
	for _, env := range mailed(t, url) {
		if ours[env.Recipients[0].Email] {
			record = append(record, env)
		}
	}
	wantEachOnce(t, v.offers, record)
	known := make(map[string]bool)
	for _, env := range record {
		known[env.ID] = true
	}
	v.verifyResults(known)
}

// finishWith sends with a ledger until all is sent, as an operator would.
func (v *turns) finishWith(ledger int) {
	v.t.Helper()
	var said []byte
	for range 60 {
		cmd := v.with(ledger)
		out, err := cmd.CombinedOutput()
		switch code := exitOf(err); {
		case err == nil:
			return
		case code == exitCannotRun && bytes.Contains(out, []byte("begin with an empty ledger")):
			for _, end := range []string{"", "-wal", "-shm", ".lock"} {
				os.Remove(v.ledger(ledger) + end)
			}
		case code != exitStopped && code != exitFailed:
			v.t.Fatalf("%v\n%s", err, out)
		}
		said = out
		time.Sleep(100 * time.Millisecond) // a list of another ledger's may be under way
	}
	v.t.Fatalf("not finished after 60 runs; the last said\n%s", said)
}
