package job

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"batchsend/envelope"
	"batchsend/internal/ledger"
	"batchsend/internal/report"
)

// recorded opens a ledger in which a run has sent one envelope, failed with one, left one
// in doubt, and not come to the last.
func recorded(t *testing.T) *ledger.DB {
	t.Helper()
	ctx := t.Context()
	db, err := ledger.Open(ctx, filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s, err := db.Begin(ctx, ledger.Run{Account: "acc", Batches: []string{"may"}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.WithoutCancel(ctx))
	var envs []*envelope.Envelope
	for _, name := range []string{"A", "B", "C", "D"} {
		env := &envelope.Envelope{Identity: envelope.Identity{Account: "acc", Batch: "may", Label: name, TransactionID: named(name)}}
		env.Content[0] = name[0]
		envs = append(envs, env)
	}
	plan := func(yield func(ledger.Planned) bool) {
		for i, env := range envs {
			if !yield(ledger.Planned{Identity: env.Identity, Position: envelope.Position{File: "may.csv", Line: i + 2}}) {
				return
			}
		}
	}
	steps := []error{s.SeeTemplate(ctx, "may", "t1", "saved roles"), s.Plan(ctx, plan)}
	for i, out := range []envelope.Outcome{
		{Status: envelope.Sent, ID: "e0000000-0000-4000-8000-000000000001"},
		{Status: envelope.Failed, Code: "TAB_VALUE", Message: "no such choice"},
		{Status: envelope.Unknown, Message: "no answer"},
	} {
		steps = append(steps, s.Claim(ctx, envs[i]), s.Settle(ctx, envs[i].TransactionID, out))
	}
	if err := errors.Join(steps...); err != nil {
		t.Fatal(err)
	}
	statuses, err := db.RemoteStatuses(ctx, "acc", "may")
	if err != nil || len(statuses) != 1 {
		t.Fatalf("%v, %v", statuses, err)
	}
	statuses[0].Status, statuses[0].Asked, statuses[0].Changed = "completed", time.Now(), time.Now().Add(30*time.Hour)
	if err := db.RecordRemoteStatuses(ctx, statuses); err != nil {
		t.Fatal(err)
	}
	return db
}

func command(name string, more ...string) string {
	return strings.Join(append([]string{"batchsend", name}, more...), " ")
}

// TestLedgerReport tells what a ledger knows of a batch, as a page and in JSON.
func TestLedgerReport(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	r := LedgerReport{From: recorded(t), Batch: "may", Command: command}
	page, err := r.Page(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := page.Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"1 of 4 envelopes sent", "Batch may", "t1, fingerprint saved roles", "no such choice", "may.csv, line 3", "no answer",
		"batchsend reconcile --batch may", "batchsend send --batch may may.csv", "batchsend status --refresh --batch may",
		"e0000000-0000-4000-8000-000000000001", "Days to signature", "half of them within 2 days", "completed 1", "does not know rows that were rejected",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	sum, err := r.Summary(ctx)
	if err != nil {
		t.Fatal(err)
	}
	b.Reset()
	if err := sum.Write(&b, r.Statuses(ctx)); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Counts    map[string]int
		Reasons   []report.Reason
		Envelopes []report.EnvelopeStatus
		Sent      []report.Interval
		Days      []int `json:"daysToSignature"`
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatalf("%v\n%s", err, &b)
	}
	if got.Counts["sent"] != 1 || got.Counts["failed"] != 1 || got.Counts["unknown"] != 1 || got.Counts["pending"] != 1 || got.Counts["rejected"] != 0 {
		t.Errorf("counts %v", got.Counts)
	}
	if len(got.Reasons) != 2 || got.Reasons[1].Code != "TAB_VALUE" || got.Reasons[1].Cure == "" {
		t.Errorf("reasons %+v", got.Reasons)
	}
	if len(got.Envelopes) != 4 || got.Envelopes[0].AtDocuSign != "completed" || got.Envelopes[0].Batch != "may" || len(got.Sent) != 1 || got.Days[1] != 1 {
		t.Errorf("%+v, sent %v, days %v", got.Envelopes, got.Sent, got.Days)
	}
}

// TestLedgerReportOfATime counts what changed in that time, and nothing else.
func TestLedgerReportOfATime(t *testing.T) {
	t.Parallel()
	db := recorded(t)
	now := time.Now()
	for _, test := range []struct {
		name         string
		since, until time.Time
		account      string
		want         int
	}{
		{"around", now.Add(-time.Hour), now.Add(time.Hour), "", 4},
		{"after", now.Add(time.Hour), time.Time{}, "", 0},
		{"before", time.Time{}, now.Add(-time.Hour), "", 0},
		{"account", now.Add(-time.Hour), time.Time{}, "ACC", 4},
		{"another account", now.Add(-time.Hour), time.Time{}, "other", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := LedgerReport{From: db, Since: test.since, Until: test.until, Account: test.account, Command: command}
			sum, err := r.Summary(t.Context())
			if err != nil || sum.Counts.Total() != test.want {
				t.Errorf("%v, %v, want %d", sum, err, test.want)
			}
			page, err := r.Page(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := page.Write(new(bytes.Buffer)); err != nil {
				t.Error(err)
			}
		})
	}
	none, ok := errors.AsType[*NoBatchError](func() error {
		_, err := (&LedgerReport{From: db, Batch: "june", Command: command}).Page(t.Context())
		return err
	}())
	if !ok || none.Batch != "june" {
		t.Errorf("no error about a batch that is not there: %v", none)
	}
}
