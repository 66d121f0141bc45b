package ledger_test

import (
	"bufio"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"batchsend/internal/ledger"
	"batchsend/internal/ledger/ledgertest"
)

func join(t *testing.T, db *ledger.DB) *ledger.Budget {
	t.Helper()
	b, err := db.Budget(account)
	must(t, err)
	t.Cleanup(func() { b.Close() })
	return b
}

// A participant is gone the moment its process is killed, and not before.
func TestBudgetParticipantKilled(t *testing.T) {
	path := newPath(t)
	db := openAt(t, path)
	here := join(t, db)
	there := child(t, "share", path)
	participant, counted := sharing(t, there)
	if here.Gone(participant) {
		t.Error("a participant that counts is gone")
	}
	for range 100 {
		must(t, here.Update(t.Context(), ledgertest.OneMore))
	}
	if line, err := counted.ReadString('\n'); line != "counted\n" {
		t.Fatalf("the other says %q, %v", line, err)
	}
	if got, err := db.BudgetText(t.Context(), account); string(got) != "200" || err != nil {
		t.Errorf("two processes have counted to %s, %v, want 200", got, err)
	}
	if here.Gone(participant) {
		t.Error("a participant that has counted is gone")
	}
	must(t, there.Process.Kill())
	there.Wait()
	if !here.Gone(participant) {
		t.Error("a killed participant is not gone")
	}
}

// sharing starts a process that shares the budget, as which participant.
func sharing(t *testing.T, cmd *exec.Cmd) (participant string, said *bufio.Reader) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	said = bufio.NewReader(out)
	line, err := said.ReadString('\n')
	must(t, err)
	return strings.TrimSpace(line), said
}

func TestBudgetParticipants(t *testing.T) {
	path := newPath(t)
	db, other := openAt(t, path), openAt(t, path)
	begin(t, db, "may") // its lock is another
	participants := []*ledger.Budget{join(t, db), join(t, db), join(t, other)}
	var done sync.WaitGroup
	for _, asks := range participants {
		for range 2 {
			done.Go(func() {
				for range 200 {
					for _, of := range participants {
						if asks.Gone(of.Participant()) {
							t.Errorf("%s finds %s gone", asks.Participant(), of.Participant())
						}
					}
				}
			})
		}
	}
	done.Wait()
	must(t, participants[0].Close())
	for _, asks := range participants[1:] {
		if !asks.Gone(participants[0].Participant()) {
			t.Error("a participant that has left is not gone")
		}
	}
	if participants[1].Gone(participants[2].Participant()) || participants[2].Gone(participants[1].Participant()) {
		t.Error("asking for one has made another gone")
	}
	for _, nobody := range []string{"", "-1", "NO", "zzzzzzzzzzzz", "7", participants[1].Participant() + "!"} {
		if !participants[1].Gone(nobody) {
			t.Errorf("participant %q is not gone", nobody)
		}
	}
}

// Without the system's locks nobody is ever certainly gone.
func TestBudgetWithoutLocks(t *testing.T) {
	path := newPath(t)
	db := ignoreLocks(t, path)
	here, there := join(t, db), join(t, db)
	if here.Participant() == there.Participant() {
		t.Errorf("two participants are called %s", here.Participant())
	}
	must(t, there.Close())
	if here.Gone(there.Participant()) {
		t.Error("a participant is gone, but nothing can tell")
	}
	must(t, here.Update(t.Context(), ledgertest.OneMore))
}

func TestBudgetReadOnly(t *testing.T) {
	path := written(t, 1)
	db, err := ledger.OpenReadOnly(t.Context(), path)
	must(t, err)
	defer db.Close()
	_, err = db.Budget(account)
	wantTrouble(t, err, ledger.ReadOnly, path)
	if got, err := db.BudgetText(t.Context(), account); got != nil || err != nil {
		t.Errorf("BudgetText = %q, %v, want none", got, err)
	}
}
