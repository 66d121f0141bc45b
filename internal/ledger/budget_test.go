package ledger_test

import (
	"bufio"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"batchsend/internal/ledger"
)

func join(t *testing.T, db *ledger.DB) *ledger.Budget {
	t.Helper()
	b, err := db.Budget(account)
	must(t, err)
	t.Cleanup(func() { b.Close() })
	return b
}

// A member is gone the moment its process is killed, and not before.
func TestBudgetMemberKilled(t *testing.T) {
	path := newPath(t)
	db := openAt(t, path)
	here := join(t, db)
	there := child(t, "share", path)
	member, counted := sharing(t, there)
	if here.Gone(member) {
		t.Error("a member that counts is gone")
	}
	for range 100 {
		must(t, here.Update(t.Context(), oneMore))
	}
	if line, err := counted.ReadString('\n'); line != "counted\n" {
		t.Fatalf("the other says %q, %v", line, err)
	}
	if got, err := db.BudgetText(t.Context(), account); string(got) != "200" || err != nil {
		t.Errorf("two processes have counted to %s, %v, want 200", got, err)
	}
	if here.Gone(member) {
		t.Error("a member that has counted is gone")
	}
	must(t, there.Process.Kill())
	there.Wait()
	if !here.Gone(member) {
		t.Error("a killed member is not gone")
	}
}

// sharing starts a process that shares the budget, as which member.
func sharing(t *testing.T, cmd *exec.Cmd) (member string, said *bufio.Reader) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	said = bufio.NewReader(out)
	line, err := said.ReadString('\n')
	must(t, err)
	return strings.TrimSpace(line), said
}

func TestBudgetMembers(t *testing.T) {
	path := newPath(t)
	db, other := openAt(t, path), openAt(t, path)
	begin(t, db, "may") // its lock is another
	members := []*ledger.Budget{join(t, db), join(t, db), join(t, other)}
	var done sync.WaitGroup
	for _, asks := range members {
		for range 2 {
			done.Go(func() {
				for range 200 {
					for _, of := range members {
						if asks.Gone(of.Member()) {
							t.Errorf("%s finds %s gone", asks.Member(), of.Member())
						}
					}
				}
			})
		}
	}
	done.Wait()
	must(t, members[0].Close())
	for _, asks := range members[1:] {
		if !asks.Gone(members[0].Member()) {
			t.Error("a member that has left is not gone")
		}
	}
	if members[1].Gone(members[2].Member()) || members[2].Gone(members[1].Member()) {
		t.Error("asking for one has made another gone")
	}
	for _, nobody := range []string{"", "-1", "NO", "zzzzzzzzzzzz", "7", members[1].Member() + "!"} {
		if !members[1].Gone(nobody) {
			t.Errorf("member %q is not gone", nobody)
		}
	}
}

// Without the system's locks nobody is ever certainly gone.
func TestBudgetWithoutLocks(t *testing.T) {
	path := newPath(t)
	db := deaf(t, path)
	here, there := join(t, db), join(t, db)
	if here.Member() == there.Member() {
		t.Errorf("two members are called %s", here.Member())
	}
	must(t, there.Close())
	if here.Gone(there.Member()) {
		t.Error("a member is gone, but nothing can tell")
	}
	must(t, here.Update(t.Context(), oneMore))
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
