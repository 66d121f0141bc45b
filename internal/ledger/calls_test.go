package ledger_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"batchsend/internal/ledger"
)

// TestCalls: the calls of an application are found in the order in which they left, those
// of others are not, and the ledger does not grow with them.
func TestCalls(t *testing.T) {
	t.Parallel()
	db := openAt(t, newPath(t))
	at := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	call := func(minute int) ledger.Call {
		return ledger.Call{At: at.Add(time.Duration(minute) * time.Minute), Method: "GET", Path: "/templates", Status: 200}
	}
	for _, minutes := range [][]int{{3, 9}, {1, 2}} { // of runs that went side by side
		must(t, db.RecordCalls(t.Context(), "demo key", []ledger.Call{call(minutes[0]), call(minutes[1])}))
	}
	must(t, db.RecordCalls(t.Context(), "demo other", []ledger.Call{call(5)}))
	got, err := db.Calls(t.Context(), "demo key")
	if diff := cmp.Diff([]ledger.Call{call(1), call(2), call(3), call(9)}, got); diff != "" || err != nil {
		t.Errorf("Calls: %v (-want +got):\n%s", err, diff)
	}
	for range 100 {
		must(t, db.RecordCalls(t.Context(), "demo other", []ledger.Call{call(5)}))
	}
	if got, err := db.Calls(t.Context(), "demo key"); len(got) != 0 || err != nil {
		t.Errorf("%d calls of runs of long ago are kept, %v", len(got), err)
	}
}
