package ledger

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"batchsend/envelope"
	"batchsend/internal/history"
	"batchsend/internal/remote"
)

// version1 is what a run wrote into a ledger of version 1: five envelopes of a
// batch, one in each state, the last two of which a dead run left behind.
const version1 = `
	INSERT INTO account (id, guid) VALUES (1, 'acc');
	INSERT INTO batch (id, account, name, created, low, high) VALUES (1, 1, 'may', 1000, 1, 5);
	INSERT INTO file (id, name) VALUES (1, 'may.csv');
	INSERT INTO run (id, account, host, pid, owner, version, started) VALUES (1, 1, 'atlas', 4711, 'ann', '1.0', 1000);
	INSERT INTO lease (batch, run, beat, beat_at, locked) VALUES (1, 1, 7, 2000, 1);
	INSERT INTO template (batch, template, fingerprint, seen) VALUES (1, 't', 'two roles', 1500);
	INSERT INTO envelope (key, content, batch, file, line, label, run, at, state, attempts, docusign) VALUES
		(x'00000000000050008000000000000001', x'01010101010101010101010101010101', 1, 1, 2, 'E-1', 1, 1000, 'p', 0, zeroblob(16)),
		(x'00000000000050008000000000000002', x'02020202020202020202020202020202', 1, 1, 3, 'E-2', 1, 1000, 'p', 0, zeroblob(16)),
		(x'00000000000050008000000000000003', x'03030303030303030303030303030303', 1, 1, 4, 'E-3', 1, 1000, 'p', 0, zeroblob(16)),
		(x'00000000000050008000000000000004', x'04040404040404040404040404040404', 1, 1, 5, 'E-4', 1, 1000, 'p', 0, zeroblob(16)),
		(x'00000000000050008000000000000005', x'05050505050505050505050505050505', 1, 1, 6, 'E-5', 1, 1000, 'p', 0, zeroblob(16));
	INSERT INTO event (at, envelope, count, change, run, attempt) VALUES (1000, 1, 5, 'np', 1, 0);
	UPDATE envelope SET state = 'c', attempts = 1, at = 1700 WHERE id > 1;
	UPDATE envelope SET state = 's', at = 1800, docusign = x'aaaaaaaabbbb4ccc8dddeeeeeeeeeeee' WHERE id = 2;
	UPDATE envelope SET state = 'f', at = 1900, code = 'NO', message = 'refused' WHERE id = 3;
	UPDATE envelope SET state = 'u', at = 1950, code = 'TIMEOUT', message = 'no answer' WHERE id = 4;
`

// oldLedger makes a ledger of version 1.
func oldLedger(t *testing.T) (path string) {
	t.Helper()
	return earlierLedger(t, 1, version1)
}

// earlierLedger makes a ledger of an earlier version in which something was written.
func earlierLedger(t *testing.T, version int64, written string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "ledger.db")
	db, err := sql.Open("sqlite", dsn(path, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	files, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithLogger(goose.NopLogger()), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{"PRAGMA " + isLedger, written, "PRAGMA journal_mode = wal"} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := markCreated(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// oldEnvelopes are those of an old ledger.
func oldEnvelopes() []*envelope.Envelope {
	all := make([]*envelope.Envelope, 5)
	for i := range all {
		n := byte(i + 1)
		legacy := &envelope.Legacy{
			TransactionID: envelope.TransactionID{6: 0x50, 8: 0x80, 15: n},
			Content:       envelope.Content([]byte(strings.Repeat(string(n), 16))),
		}
		all[i] = &envelope.Envelope{Identity: envelope.Identity{
			TransactionID: envelope.TransactionID{6: 0x50, 8: 0x80, 15: 0x10 + n},
			Content:       envelope.Content([]byte(strings.Repeat(string(n+9), 16))),
			Legacy:        legacy, Account: "acc", Batch: "may",
		}}
	}
	return all
}

// ids returns the identities of envs.
func ids(envs []*envelope.Envelope) []*envelope.Identity {
	out := make([]*envelope.Identity, len(envs))
	for i, env := range envs {
		out[i] = &env.Identity
	}
	return out
}

// A ledger of version 1 is brought up to date with nothing lost, and used.
func TestMigrateFrom1(t *testing.T) {
	ctx := t.Context()
	path := oldLedger(t)
	db, err := Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	all := oldEnvelopes()
	recorded, err := db.Records(ctx, "acc", ids(all))
	if err != nil {
		t.Fatal(err)
	}
	content := func(i int) envelope.Content { return all[i].Legacy.Content }
	want := []history.Record{
		{State: history.StatePlanned, Content: content(0), At: timeOf(1000), Legacy: true},
		{State: history.StateSent, Content: content(1), At: timeOf(1800), ID: "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee", Legacy: true},
		{State: history.StateFailed, Content: content(2), At: timeOf(1900), Code: "NO", Message: "refused", Legacy: true},
		{State: history.StateUnknown, Content: content(3), At: timeOf(1950), Code: "TIMEOUT", Message: "no answer", Legacy: true},
		{State: history.StateSending, Content: content(4), At: timeOf(1700), Legacy: true},
	}
	if diff := cmp.Diff(want, recorded); diff != "" {
		t.Errorf("Records (-want +got):\n%s", diff)
	}
	if has, err := db.HasLegacy(ctx, "acc"); !has || err != nil {
		t.Errorf("HasLegacy = %v, %v", has, err)
	}
	for _, env := range all {
		env.UseLegacy()
	}
	summaries, err := db.Batches(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]BatchSummary{{
		Account: "acc", Name: "may", Files: []string{"may.csv"},
		Planned: 1, Sent: 1, Failed: 1, Unknown: 1, Sending: 1, First: timeOf(1000), Last: timeOf(1950),
	}}, summaries); diff != "" {
		t.Errorf("Batches (-want +got):\n%s", diff)
	}
	n := 0
	for e, err := range db.BatchEnvelopes(ctx, "acc", "may") {
		if err != nil || e.Line != n+2 || e.Status != "" || !e.Asked.IsZero() {
			t.Errorf("BatchEnvelopes has %+v, %v", e, err)
		}
		n++
	}
	if n != 5 {
		t.Errorf("BatchEnvelopes has %d envelopes, want 5", n)
	}
	events := []event{
		{1, 5, "np", 0, ""},
		{2, 1, "pc", 1, ""},
		{3, 1, "pc", 1, ""},
		{4, 1, "pc", 1, ""},
		{5, 1, "pc", 1, ""},
		{2, 1, "cs", 1, ""},
		{3, 1, "cf", 1, "NO"},
		{4, 1, "cu", 1, "TIMEOUT"},
	}
	if diff := cmp.Diff(events, eventsOf(t, db)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if got, seen, err := db.Template(ctx, "acc", "may", "t"); got != "two roles" || !seen.Equal(timeOf(1500)) || err != nil {
		t.Errorf("Template = %q, %v, %v", got, seen, err)
	}
	sendOn(t, db, all)
}

// sendOn uses an old ledger in all new ways.
func sendOn(t *testing.T, db *DB, all []*envelope.Envelope) {
	t.Helper()
	ctx := t.Context()
	s, err := db.Begin(ctx, Run{Account: "acc", Batches: []string{"may"}}) // the holder has no lock, so it is dead
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(ctx)
	unresolved, err := s.Unresolved(ctx)
	if err != nil || len(unresolved) != 2 || !unresolved[0].Attempted.Equal(timeOf(1700)) {
		t.Errorf("Unresolved = %v, %v, want two", unresolved, err)
	}
	if lots, err := s.Lots(ctx); len(lots) > 0 || err != nil {
		t.Errorf("Lots = %v, %v, want none", lots, err)
	}
	lot := &remote.Lot{ID: "lot"}
	if err := s.AddLot(ctx, lot, "may"); err != nil {
		t.Error(err)
	}
	if refused, err := s.ClaimLot(ctx, lot, []*envelope.Envelope{all[0], all[2]}); err != nil || refused != nil || len(lot.Envelopes) != 2 {
		t.Errorf("ClaimLot = %v, %v, %v, want the planned and the failed one", lot.Envelopes, refused, err)
	}
	sent := envelope.Outcome{Status: envelope.Sent, ID: "id"}
	if err := errors.Join(s.SettleLot(ctx, lot, map[envelope.TransactionID]envelope.Outcome{lot.Envelopes[0]: sent}), s.EndLot(ctx, lot, 1)); err != nil {
		t.Error(err)
	}
	statuses, err := db.RemoteStatuses(ctx, "acc", "may")
	if err != nil || len(statuses) != 2 {
		t.Errorf("RemoteStatuses = %v, %v, want two", statuses, err)
	}
	for i := range statuses {
		statuses[i].Status, statuses[i].Asked = "completed", timeOf(5000)
	}
	if err := db.RecordRemoteStatuses(ctx, statuses); err != nil {
		t.Error(err)
	}
	b, err := db.Budget("acc")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := b.Update(ctx, func([]byte) []byte { return []byte("text") }); err != nil {
		t.Error(err)
	}
	var found string
	if err := db.read.QueryRowContext(ctx, "PRAGMA integrity_check").Scan(&found); found != "ok" || err != nil {
		t.Errorf("integrity_check: %s, %v", found, err)
	}
}

// What an earlier release has written of the call budget is forgotten: the throttle
// cannot read it any more.
func TestForgetOldBudget(t *testing.T) {
	db, err := Open(t.Context(), earlierLedger(t, 5, `
		INSERT INTO account (id, guid) VALUES (1, 'acc');
		INSERT INTO budget (account, text, at) VALUES (1, CAST('throttle1 1800000000123 12 0 0 0 1 0 d2f1c90a' AS BLOB), 1000);`))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if text, err := db.BudgetText(t.Context(), "acc"); text != nil || err != nil {
		t.Errorf("BudgetText = %q, %v, want none", text, err)
	}
}

// Eight processes come upon an old ledger at once.
func TestMigrateTogether(t *testing.T) {
	path := oldLedger(t)
	var done sync.WaitGroup
	for range 8 {
		done.Go(func() {
			db, err := Open(t.Context(), path)
			if err != nil {
				t.Errorf("Open: %v", err)
				return
			}
			defer db.Close()
			if got, err := db.Records(t.Context(), "acc", ids(oldEnvelopes())); err != nil || got[1].State != history.StateSent {
				t.Errorf("Records = %v, %v", got, err)
			}
		})
	}
	done.Wait()
	db, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	all := oldEnvelopes()
	for _, env := range all {
		env.UseLegacy()
	}
	sendOn(t, db, all)
}

// What an earlier release has planned and not sent takes its new name.
func TestRenameLegacy(t *testing.T) {
	db, err := Open(t.Context(), oldLedger(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	all := oldEnvelopes()
	for _, env := range all {
		env.Replaces = env.Legacy.TransactionID
	}
	s, err := db.Begin(t.Context(), Run{Account: "acc", Batches: []string{"may"}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	if err := s.Plan(t.Context(), planned(all[:1])); err != nil { // it is planned
		t.Fatal(err)
	}
	if err := s.Plan(t.Context(), planned(all[2:3])); err != nil { // it has failed
		t.Fatal(err)
	}
	got, err := db.Records(t.Context(), "acc", ids(all[:3]))
	if err != nil || got[0].State != history.StatePlanned || got[0].Legacy || got[2].State != history.StateFailed || got[2].Legacy || !got[1].Legacy {
		t.Errorf("Records = %+v, %v", got, err)
	}
	if b, err := db.Batches(t.Context()); err != nil || b[0].Planned != 1 || b[0].Failed != 1 || b[0].Sent != 1 {
		t.Errorf("Batches = %+v, %v", b, err)
	}
	if err := s.Claim(t.Context(), all[2]); err != nil {
		t.Errorf("Claim: %v", err)
	}
}

// Reading only changes nothing, and yet reads an old ledger.
func TestReadOldLedger(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	path := oldLedger(t)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	beside, err := filepath.Glob(path + "*")
	if err != nil {
		t.Fatal(err)
	}
	db, err := OpenReadOnly(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := db.Batches(t.Context()); err != nil || len(b) != 1 || b[0].Sent != 1 {
		t.Errorf("Batches = %+v, %v", b, err)
	}
	if legacy, err := db.HasLegacy(t.Context(), "acc"); err != nil || !legacy {
		t.Errorf("HasLegacy = %v, %v", legacy, err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if after, err := os.ReadFile(path); err != nil || !slices.Equal(before, after) {
		t.Errorf("reading changed the file (%v)", err)
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("a copy is left behind: %v %v", left, err)
	}
	if left, err := filepath.Glob(path + "*"); err != nil || !slices.Equal(left, beside) {
		t.Errorf("reading left files behind: %v %v", left, err)
	}
}
