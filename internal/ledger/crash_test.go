package ledger_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"batchsend/internal/history"
	"batchsend/internal/ledger"
	"batchsend/internal/racetest"
)

// However a run is killed, the next one finishes its work, and every envelope
// is mailed once.
func TestKilledAnywhere(t *testing.T) {
	if racetest.On(t) {
		t.Skip("it has nothing to race and takes long under the race detector")
	}
	for _, point := range ledger.CrashPoints {
		for _, nth := range []int{1, 3} {
			t.Run(fmt.Sprintf("%s/%d", point, nth), func(t *testing.T) {
				t.Parallel()
				killedAt(t, point, nth)
			})
		}
	}
}

func killedAt(t *testing.T, point string, nth int) {
	path, outbox := newPath(t), filepath.Join(t.TempDir(), "outbox")
	if strings.HasPrefix(point, "retry") { // only after a kill is there anything to retry
		if !run(t, path, outbox, "claim:committed 2") {
			t.Fatal("the run before was not killed")
		}
	}
	killed := run(t, path, outbox, fmt.Sprint(point, " ", nth))
	if !killed && nth == 1 && !strings.HasPrefix(point, "beat") { // no run here takes 15 s
		t.Errorf("the run did not come by %s", point)
	}
	if run(t, path, outbox, "") {
		t.Fatal("the last run was killed")
	}

	all := envs("may", 5)
	mailed, err := os.ReadFile(outbox)
	must(t, err)
	got := strings.Fields(string(mailed))
	slices.Sort(got)
	var want []string
	for _, e := range all {
		want = append(want, e.TransactionID.String())
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("mailed %q, want each of %q once", got, want)
	}
	db := openAt(t, path)
	recorded, err := db.Records(t.Context(), account, ids(all))
	must(t, err)
	for i, st := range recorded {
		if st.State != history.StateSent {
			t.Errorf("envelope %d is %v, want sent", i, st.State)
		}
	}
	s := begin(t, db, "may")
	if lots, err := s.Lots(t.Context()); err != nil || len(lots) > 0 {
		t.Errorf("Lots = %v, %v, want none", lots, err)
	}
	if unresolved, err := s.Unresolved(t.Context()); err != nil || len(unresolved) > 0 {
		t.Errorf("Unresolved = %v, %v, want none", unresolved, err)
	}
}

// run runs a process that sends, which is to be killed at point, and reports
// whether it was.
func run(t *testing.T, path, outbox, point string) (killed bool) {
	t.Helper()
	cmd := child(t, "send", path, outbox, point)
	err := cmd.Run()
	killed = cmd.ProcessState.ExitCode() == -1
	if err != nil && !killed {
		t.Fatalf("a run failed by itself: %v", err)
	}
	return killed
}
