package ledger_test

import (
	"context"
	"crypto/sha1"
	"fmt"
	"iter"
	"path/filepath"
	"testing"
	"time"

	"batchsend/envelope"
	"batchsend/internal/ledger"
)

const account = "11111111-2222-4333-8444-555555555555"

// book is what batchsend asks of a ledger. Every backend passes the suite of
// conformance_test.go as a book.
type book interface {
	Standings(ctx context.Context, account string, envs []*envelope.Identity) ([]envelope.Standing, error)
	Neighbours(ctx context.Context, account string, envs []*envelope.Identity) ([]ledger.Neighbours, error)
	Begin(ctx context.Context, run ledger.Run) (session, error)
	Batches(ctx context.Context) ([]ledger.BatchSummary, error)
	BatchEnvelopes(ctx context.Context, account, batch string) iter.Seq2[ledger.Entry, error]
	Template(ctx context.Context, account, batch, templateID string) (string, error)
	LotSpeed(ctx context.Context, account string) (float64, error)
	Budget(account string) (budget, error)
	BudgetText(ctx context.Context, account string) ([]byte, error)
	Fates(ctx context.Context, account, batch string) ([]ledger.Fate, error)
	SeeFates(ctx context.Context, fates []ledger.Fate) error
	Known(ctx context.Context, account, batch string, before time.Time) (ledger.Known, error)
	Records(ctx context.Context, account, batch string) (ledger.Records, error)
	LotNames(ctx context.Context, account, batch string) ([]string, error)
	Close() error
}

type session interface {
	Plan(ctx context.Context, envs []*envelope.Envelope) error
	Claim(ctx context.Context, env *envelope.Envelope) error
	Settle(ctx context.Context, id envelope.TransactionID, out envelope.Outcome) error
	Draft(ctx context.Context, tx envelope.TransactionID, id envelope.ID) error
	Retry(ctx context.Context, tx envelope.TransactionID) error
	Open(ctx context.Context) ([]ledger.Doubt, error)
	SeeTemplate(ctx context.Context, batch, templateID, fingerprint string) error
	CheckLease(ctx context.Context) error
	AddLot(ctx context.Context, lot *envelope.Lot, batch string) error
	ClaimLot(ctx context.Context, lot *envelope.Lot, envs []*envelope.Envelope) ([]error, error)
	RecordLot(ctx context.Context, lot *envelope.Lot) error
	SettleLot(ctx context.Context, lot *envelope.Lot, outs map[envelope.TransactionID]envelope.Outcome, over bool, speed float64) error
	Lots(ctx context.Context) ([]envelope.Lot, error)
	Adopt(ctx context.Context, batch string, found []ledger.Adopted, surplus []ledger.Surplus) error
	Looked(ctx context.Context, batch string) error
	Close(ctx context.Context) error
	Die() // as if killed
}

type budget interface {
	Participant() string
	Gone(participant string) bool
	Update(ctx context.Context, edit func(old []byte) []byte) error
	Close() error
}

// sqliteBook is a book in a file.
type sqliteBook struct{ *ledger.DB }

func (b sqliteBook) Begin(ctx context.Context, run ledger.Run) (session, error) {
	s, err := b.DB.Begin(ctx, run)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (b sqliteBook) Template(ctx context.Context, account, batch, templateID string) (string, error) {
	fingerprint, _, err := b.DB.Template(ctx, account, batch, templateID)
	return fingerprint, err
}

func (b sqliteBook) Budget(account string) (budget, error) {
	shared, err := b.DB.Budget(account)
	if err != nil {
		return nil, err
	}
	return shared, nil
}

// openAt opens the ledger at path until the test ends.
func openAt(t testing.TB, path string) *ledger.DB {
	t.Helper()
	db, err := ledger.Open(t.Context(), path)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), "state", "ledger.db") }

// begin begins a run on batches that ends with the test.
func begin(t testing.TB, db *ledger.DB, batches ...string) *ledger.Session {
	t.Helper()
	s, err := db.Begin(t.Context(), ledger.Run{Account: account, Batches: batches})
	if err != nil {
		t.Fatalf("Begin(%q): %v", batches, err)
	}
	t.Cleanup(func() { s.Close(context.Background()) })
	return s
}

// env returns an envelope with the identity batch and label.
func env(batch, label, content string) *envelope.Envelope {
	return &envelope.Envelope{
		Identity: envelope.Identity{
			TransactionID: transactionID(uuid("tx", batch, label)),
			Content:       contentOf(content),
			Account:       account, Batch: batch, Label: label, TemplateID: templateID,
			People: envelope.Digest(contentOf("people" + content)), Names: envelope.Digest(contentOf("names" + content)),
		},
		Position: envelope.Position{File: batch + ".csv", Line: 2},
	}
}

const templateID = "0ffe1e77-0000-4000-8000-000000000001"

// ids returns the identities of envs.
func ids(envs []*envelope.Envelope) []*envelope.Identity {
	out := make([]*envelope.Identity, len(envs))
	for i, env := range envs {
		out[i] = &env.Identity
	}
	return out
}

// envs returns n envelopes of batch, all of different content.
func envs(batch string, n int) []*envelope.Envelope {
	out := make([]*envelope.Envelope, n)
	for i := range out {
		label := fmt.Sprintf("E-%06d", i+1)
		out[i] = env(batch, label, batch+label)
		out[i].Line = i + 2
	}
	return out
}

func contentOf(s string) envelope.Content {
	sum := sha1.Sum([]byte("content" + s))
	return envelope.Content(sum[:16])
}

// idOf returns the envelope ID that DocuSign would give env.
func idOf(env *envelope.Envelope) envelope.ID {
	return envelope.ID(uuid("docusign", env.TransactionID.String()))
}

func sent(env *envelope.Envelope) envelope.Outcome {
	return envelope.Outcome{Status: envelope.Sent, ID: idOf(env)}
}

// newLot returns a lot yet to be claimed.
func newLot(name string) *envelope.Lot { return &envelope.Lot{ID: uuid("lot", name)} }

func transactionID(text string) envelope.TransactionID {
	id, err := envelope.ParseTransactionID(text)
	if err != nil {
		panic(err)
	}
	return id
}

func uuid(parts ...string) string {
	b := sha1.Sum([]byte(fmt.Sprintf("%q", parts)))
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
