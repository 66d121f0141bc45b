package ledger

import (
	"context"
	"database/sql"
	"iter"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"batchsend/envelope"
)

type event struct {
	Envelope, Count int
	Change          string
	Attempt         int
	Code            string
}

// Every change leaves an event, nothing else does, and the past cannot be
// changed.
func TestEvents(t *testing.T) {
	ctx := t.Context()
	db, err := Open(ctx, filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, err := db.Begin(ctx, Run{Account: "a", Batches: []string{"may"}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	one := &envelope.Envelope{Identity: envelope.Identity{TransactionID: envelope.TransactionID{15: 1}, Account: "a", Batch: "may"}}
	two := &envelope.Envelope{Identity: envelope.Identity{TransactionID: envelope.TransactionID{15: 2}, Account: "a", Batch: "may"}}
	edited := *two
	edited.Content[0] = 1
	id := one.TransactionID
	for i, step := range []func() error{
		func() error { return s.Plan(ctx, planned([]*envelope.Envelope{two, one})) },
		func() error { return s.Plan(ctx, planned([]*envelope.Envelope{two, one})) },
		func() error { return s.Plan(ctx, planned([]*envelope.Envelope{&edited})) },
		func() error { return s.Claim(ctx, one) },
		func() error { return s.Settle(ctx, id, envelope.Outcome{Status: envelope.Failed, Code: "NO"}) },
		func() error { return s.Settle(ctx, id, envelope.Outcome{Status: envelope.Failed, Code: "NO"}) },
		func() error { return s.Claim(ctx, one) },
		func() error { return s.Draft(ctx, id, "draft") },
		func() error { return s.Settle(ctx, id, envelope.Outcome{Status: envelope.Unknown, Code: "TIMEOUT"}) },
		func() error { return s.Retry(ctx, id) },
		func() error { return s.Settle(ctx, id, envelope.Outcome{Status: envelope.Sent, ID: "id"}) },
	} {
		if err := step(); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
	want := []event{
		{1, 2, "np", 0, ""},
		{2, 1, "pp", 0, ""},
		{1, 1, "pc", 1, ""},
		{1, 1, "cf", 1, "NO"},
		{1, 1, "fc", 2, ""},
		{1, 1, "cc", 2, ""},
		{1, 1, "cu", 2, "TIMEOUT"},
		{1, 1, "uc", 3, ""},
		{1, 1, "cs", 3, ""},
	}
	if diff := cmp.Diff(want, eventsOf(t, db)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	for statement, says := range map[string]string{
		"DELETE FROM event":                              "forgets no event",
		"UPDATE event SET at = 0":                        "rewrites no event",
		"DELETE FROM envelope":                           "forgets no envelope",
		"UPDATE envelope SET state = 'p'":                "stays sent",
		"UPDATE envelope SET state = 's' WHERE id = 2":   "CHECK constraint", // never tried
		"UPDATE envelope SET state = 'new' WHERE id = 2": "CHECK constraint",
	} {
		if err := db.writer.execute(statement); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s = %v, want an error that says %q", statement, err, says)
		}
	}
}

func eventsOf(t *testing.T, db *DB) (events []event) {
	t.Helper()
	rows, err := db.read.QueryContext(t.Context(), "SELECT envelope, count, change, attempt, code FROM event ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var e event
		var code sql.NullString
		if err := rows.Scan(&e.Envelope, &e.Count, &e.Change, &e.Attempt, &code); err != nil {
			t.Fatal(err)
		}
		e.Code = code.String
		events = append(events, e)
	}
	return events
}

func TestCut(t *testing.T) {
	for _, tt := range []struct {
		in   string
		n    int
		want string
	}{
		{"", 5, ""},
		{"short", 5, "short"},
		{"longer", 5, "lo…"},
		{"ééé", 5, "é…"},
		{"日本語", 7, "日…"},
	} {
		if got := cut(tt.in, tt.n); got != tt.want {
			t.Errorf("cut(%q, %d) = %q, want %q", tt.in, tt.n, got, tt.want)
		}
	}
}

// planned is what is planned of envelopes.
func planned(envs []*envelope.Envelope) iter.Seq[Planned] {
	return func(yield func(Planned) bool) {
		for _, e := range envs {
			if !yield(Planned{e.Identity, e.Position}) {
				return
			}
		}
	}
}
