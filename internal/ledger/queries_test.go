package ledger

import (
	"path/filepath"
	"strings"
	"testing"
)

// Every question is answered through an index; none reads a whole table but
// those of status.
func TestQueriesUseIndexes(t *testing.T) {
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for name, query := range map[string]string{
		"claim": sqlClaim, "settle": sqlSettle, "settle sent": sqlSettleSent, "draft": sqlDraft, "retry": sqlRetry,
		"record": sqlRecord, "sent content": sqlSentContent, "records": sqlRecords, "same content": sqlSameContent, "unresolved": sqlUnresolved,
		"envelopes": sqlEnvelopes, "lots": sqlLots, "lot": sqlLot, "settle in a lot": sqlSettleLot, "end lot": sqlEndLot, "ask for lot": sqlAskLot,
		"ID taken": sqlIDTaken, "lot taken": sqlLotTaken,
		"lot's state": sqlLotState, "lot speed": sqlLotSpeed, "lease holders": sqlHolders, "budget": sqlBudget, "set budget": sqlSetBudget, "calls": sqlCalls, "drop calls": sqlDropCalls,
		"counted": sqlCounted, "count surplus": sqlCountSurplus, "all sent": sqlAllSent, "surplus": sqlSurplus, "lot names": sqlLotNames, "looked": sqlBatchLooked,
		"remote statuses": sqlRemoteStatuses, "set remote status": sqlSetRemoteStatus,
		"last event": sqlLastEvent, "labels after": sqlLabelsAfter, "labels renamed": sqlLabelsRenamed, "by row numbers": sqlByIDs, "same people": sqlSamePeople, "has legacy": sqlHasLegacy, "rename": sqlRename,
	} {
		rows, err := db.read.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			t.Logf("%s: %s", name, detail)
			if strings.HasPrefix(detail, "SCAN") && detail != "SCAN n" && !strings.HasPrefix(detail, "SCAN n VIRTUAL TABLE") && detail != "SCAN CONSTANT ROW" {
				t.Errorf("%s reads everything: %s", name, detail)
			}
		}
		rows.Close()
	}
}
