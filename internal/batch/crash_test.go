package batch_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/internal/racetest"
)

// TestLotsCrash kills the process at every step, before and after every call and
// every write, in several runs: the next one goes on with what is in the ledger,
// and may die too.
func TestLotsCrash(t *testing.T) {
	scripts := []map[string][]fault{
		nil,
		{"send-list": {lostAfter}, "list": {none, lostAfter}},
		{"send-list": {full, lostBefore}, "copies": {refuse}, "lot-draft": {lostAfter}},
		{"list": {refuse}, "send-list": {refuse}, "test": {limit}},
	}
	seconds := []int{0, 3, 9, 20} // the step at which the second run dies as well
	if racetest.On(t) {
		seconds = []int{0, 9}
	}
	for _, script := range scripts {
		for _, second := range seconds {
			dead := true
			for at := 1; dead; at++ {
				synctest.Test(t, func(t *testing.T) {
					d := newBulkFixture("a b c D e/offer")
					d.runner.Bulk = batch.Bulk{Copies: 2}
					for call, faults := range script {
						d.goesWrong(call, slices.Clone(faults)...)
					}
					d.docusign.fails = func(env *envelope.Envelope) []string {
						if env.Label == "c" {
							return []string{"no mailbox"}
						}
						return nil
					}
					dead = d.die(t, at)
					if second > 0 {
						time.Sleep(time.Second)
						d.die(t, second)
					}
					d.finish(t)
					if t.Failed() {
						t.Fatalf("the process died at step %d", at)
					}
				})
			}
		}
	}
}

// die runs the file in a process that dies at that step, if there is one.
func (d *fixture) die(t *testing.T, at int) (dead bool) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	p := &process{crashAt: at, stop: stop, die: func() {}}
	d.runner.DocuSign, d.runner.Ledger = crashingDocuSign{p, &d.docusign}, crashingLedger{p, &d.ledger}
	left := d.ledger.leftovers()
	d.goOn(ctx, left)
	d.runner.DocuSign = nil
	return p.dead
}
