package access_test

import (
	"log/slog"
	"path/filepath"
	"testing"

	"batchsend/internal/access"
	"batchsend/internal/docusign"
	"batchsend/internal/sandbox"
	"batchsend/internal/waits"
)

// TestBudgetIsShared: what is left of the budget when a run has ended, a dry run knows
// before its first call, and leaves no trace of that call.
func TestBudgetIsShared(t *testing.T) {
	t.Parallel()
	kit, err := sandbox.Prepare(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	server := kit.Server()
	server.Store, server.HourlyLimit, server.BurstLimit = "", 700, 300
	auth, err := docusign.ParseAuthServer("http://127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ledger.db")
	signIn := func(open func(*access.Connection) error) *access.Connection {
		t.Helper()
		client := &docusign.Client{
			Auth: auth, IntegrationKey: sandbox.DefaultIntegrationKey, UserID: sandbox.DefaultUserID, Account: sandbox.DefaultAccount, Key: kit.Key,
			Transport: server.Transport(), Log: slog.New(slog.DiscardHandler),
		}
		conn, err := access.SignIn(t.Context(), client, access.Limits{Reserve: 10}, &waits.Monitor{Say: t.Logf})
		if err != nil {
			t.Fatal(err)
		}
		if err := open(conn); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	share := func(a *access.Connection) error {
		return a.OpenLedger(t.Context(), path, func(err error) { t.Errorf("the budget is not shared: %v", err) })
	}
	read := func(a *access.Connection) error { return a.ReadLedger(t.Context(), path) }
	for i, tt := range []struct {
		open          func(*access.Connection) error
		before, after int // calls left of the hour, as far as the run knows
	}{
		{read, 1000, 699}, // there is no ledger yet
		{share, 1000, 698},
		{read, 698, 697},
		{read, 698, 696},
		{share, 1000, 695}, // it looks when its first call is about to leave
	} {
		conn := signIn(tt.open)
		before := conn.Limiter.State().Hour.Left
		if _, err := conn.Client.AccountInfo(t.Context()); err != nil {
			t.Error(err)
		}
		if after := conn.Limiter.State().Hour.Left; before != tt.before || after != tt.after {
			t.Errorf("run %d: %d calls left before its call and %d after it, want %d and %d", i, before, after, tt.before, tt.after)
		}
		conn.Close()
	}
}
