package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"batchsend/envelope"
	"batchsend/internal/history"
	"batchsend/internal/ledger"
	"batchsend/internal/ledger/ledgertest"
	"batchsend/internal/remote"
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
	case "share":
		childShares(os.Args[1])
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
	orDie(s.Plan(ctx, ledgertest.Planned(all)))
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

// childShares joins the budget, says as which member, counts to 100 in it, says
// so, and waits to be killed.
func childShares(path string) {
	ctx := context.Background()
	db, err := ledger.Open(ctx, path)
	orDie(err)
	b, err := db.Budget(account)
	orDie(err)
	fmt.Println(b.Participant())
	for range 100 {
		orDie(b.Update(ctx, ledgertest.OneMore))
	}
	fmt.Println("counted")
	time.Sleep(time.Minute)
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
	elsewhere := env("may", "E-0", "of another ledger")
	orDie(s.Adopt(ctx, "may", []ledger.Adopted{ledgertest.Adopted(elsewhere, time.Now())}, nil))
	orDie(s.Looked(ctx, "may"))
	all := envs("may", 5)
	orDie(s.Plan(ctx, ledgertest.Planned(all)))
	goOn(ctx, s, outbox)
	recorded, err := db.Records(ctx, account, ids(all))
	orDie(err)
	var together []*envelope.Envelope
	for i, e := range all {
		switch {
		case recorded[i].State != history.StatePlanned:
		case i >= 3:
			together = append(together, e)
		default:
			orDie(s.Claim(ctx, e))
			orDie(s.Draft(ctx, e.TransactionID, found(e.TransactionID).ID))
			orDie(s.CheckLease(ctx))
			mail(outbox, e.TransactionID)
			orDie(s.Settle(ctx, e.TransactionID, found(e.TransactionID)))
		}
	}
	if len(together) > 0 {
		sendLot(ctx, s, outbox, together)
	}
	orDie(s.Close(ctx))
	orDie(db.Close())
}

// found is that an envelope was sent.
func found(tx envelope.TransactionID) envelope.Outcome {
	return envelope.Outcome{Status: envelope.Sent, ID: envelope.ID("of " + tx.String())}
}

// goOn finishes what earlier runs left behind.
func goOn(ctx context.Context, s *ledger.Session, outbox string) {
	b, _ := os.ReadFile(outbox)
	mailed := string(b)
	lots, err := s.Lots(ctx)
	orDie(err)
	for _, lot := range lots {
		outs := make(map[envelope.TransactionID]envelope.Outcome)
		for _, id := range lot.Envelopes {
			outs[id] = pending
			if strings.Contains(mailed, id.String()) {
				outs[id] = found(id)
			}
		}
		orDie(s.SettleLot(ctx, &lot, outs))
		orDie(s.EndLot(ctx, &lot, 0))
	}
	unresolved, err := s.Unresolved(ctx)
	orDie(err)
	for _, d := range unresolved {
		if !strings.Contains(mailed, d.TransactionID.String()) {
			orDie(s.Retry(ctx, d.TransactionID))
			mail(outbox, d.TransactionID)
		}
		orDie(s.Settle(ctx, d.TransactionID, found(d.TransactionID)))
	}
}

// sendLot sends envelopes together, the answer in two parts.
func sendLot(ctx context.Context, s *ledger.Session, outbox string, all []*envelope.Envelope) {
	lot := &remote.Lot{ID: remote.NewLotID(all, time.Now())}
	orDie(s.AddLot(ctx, lot, all[0].Batch))
	lot.Draft = "draft"
	orDie(s.RecordLot(ctx, lot))
	lot.List = "list of " + lot.ID
	orDie(s.RecordLot(ctx, lot))
	refused, err := s.ClaimLot(ctx, lot, all)
	orDie(errors.Join(err, errors.Join(refused...)))
	mail(outbox, lot.Envelopes...)
	lot.BulkBatch = "batch of " + lot.ID
	orDie(s.RecordLot(ctx, lot))
	for _, tx := range []envelope.TransactionID{lot.Envelopes[0], lot.Envelopes[len(lot.Envelopes)-1]} {
		orDie(s.SettleLot(ctx, lot, map[envelope.TransactionID]envelope.Outcome{tx: found(tx)}))
	}
	orDie(s.EndLot(ctx, lot, 20))
}

// mail mails all or, were this process killed, none.
func mail(outbox string, ids ...envelope.TransactionID) {
	f, err := os.OpenFile(outbox, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	orDie(err)
	var lines strings.Builder
	for _, id := range ids {
		fmt.Fprintln(&lines, id)
	}
	_, err = f.WriteString(lines.String())
	orDie(err)
	orDie(f.Close())
}

func orDie(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		os.Exit(1)
	}
}
