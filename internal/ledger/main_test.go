package ledger_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"batchsend/envelope"
	"batchsend/internal/ledger"
)

// The test binary is its own second process: with LEDGER_CHILD set it plays
// that part instead of testing.
func TestMain(m *testing.M) {
	switch os.Getenv("LEDGER_CHILD") {
	case "":
		goleak.VerifyTestMain(m)
	case "hold":
		childHolds(os.Args[1])
	case "send":
		childSends(os.Args[1], os.Args[2], os.Args[3])
	case "open":
		childOpens(os.Args[1])
	}
}

// child prepares the test binary to play a part.
func child(t *testing.T, part string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(os.Environ(), "LEDGER_CHILD="+part)
	cmd.Stderr = os.Stderr
	return cmd
}

// childHolds takes the lease on the batch "may", claims an envelope, says so,
// and waits to be killed.
func childHolds(path string) {
	ctx := context.Background()
	db, err := ledger.Open(ctx, path)
	orDie(err)
	s, err := db.Begin(ctx, ledger.Run{Account: account, Batches: []string{"may"}})
	orDie(err)
	all := envs("may", 2)
	orDie(s.Plan(ctx, all))
	orDie(s.Claim(ctx, all[0]))
	fmt.Println("holding")
	time.Sleep(time.Minute)
}

// childOpens prints what Open says.
func childOpens(path string) {
	db, err := ledger.Open(context.Background(), path)
	if err == nil {
		db.Close()
	}
	fmt.Print(err)
}

// childSends does what a run does, with the file at outbox in DocuSign's place,
// and is killed when it comes to the crash point for the nth time: "claim:written 3".
func childSends(path, outbox, crashAt string) {
	point, nth := "", 0
	fmt.Sscan(crashAt, &point, &nth)
	ledger.Crash = func(at string) {
		if at != point {
			return
		}
		if nth--; nth == 0 {
			self, _ := os.FindProcess(os.Getpid())
			self.Kill()
			select {} // nothing more happens
		}
	}
	ctx := context.Background()
	db, err := ledger.Open(ctx, path)
	orDie(err)
	s, err := db.Begin(ctx, ledger.Run{Account: account, Batches: []string{"may"}})
	orDie(err)
	orDie(s.SeeTemplate(ctx, "may", "t", "two roles"))
	all := envs("may", 5)
	orDie(s.Plan(ctx, all))
	doubts, err := s.Open(ctx)
	orDie(err)
	mailed, _ := os.ReadFile(outbox)
	for _, d := range doubts {
		if !strings.Contains(string(mailed), string(d.TransactionID)) {
			orDie(s.Retry(ctx, d.TransactionID))
			mail(outbox, d.TransactionID)
		}
		orDie(s.Settle(ctx, d.TransactionID, envelope.Outcome{Status: envelope.Sent, ID: "id"}))
	}
	standings, err := db.Standings(ctx, account, all)
	orDie(err)
	for i, e := range all {
		if standings[i].State == envelope.StatePlanned {
			orDie(s.Claim(ctx, e))
			orDie(s.Draft(ctx, e.TransactionID, "draft"))
			mail(outbox, e.TransactionID)
			orDie(s.Settle(ctx, e.TransactionID, envelope.Outcome{Status: envelope.Sent, ID: "id"}))
		}
	}
	orDie(s.Close(ctx))
	orDie(db.Close())
}

func mail(outbox string, id envelope.TransactionID) {
	f, err := os.OpenFile(outbox, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	orDie(err)
	_, err = fmt.Fprintln(f, id)
	orDie(err)
	orDie(f.Close())
}

func orDie(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		os.Exit(1)
	}
}
