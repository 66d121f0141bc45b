package throttle_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"batchsend/throttle"
)

// faulty is a storeOf that reports an error of one Update in so many, though it has
// written.
type faulty struct {
	storeOf
	every, from int
	updates     *int
}

func (f faulty) Update(ctx context.Context, edit func([]byte) []byte) error {
	*f.updates++
	if err := f.storeOf.Update(ctx, edit); err != nil {
		return err
	}
	if *f.updates%f.every == f.from%f.every {
		return errors.New("written, and yet an error")
	}
	return nil
}

// What was written by an Update that failed is not told the store again, and what
// happened since is.
func TestWrittenAndYetAnError(t *testing.T) {
	for every := 2; every <= 7; every++ {
		for from := range every {
			for _, participants := range []int{1, 2} {
				for _, atOnce := range []int{1, 4} {
					t.Run(fmt.Sprintf("every %d from %d/%d participants/%d at once", every, from, participants, atOnce), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							s, store := newServer(traits{hour: 1000}), newStore(time.Millisecond)
							all := store.participants(participants, func() *throttle.Limiter { return &throttle.Limiter{Hour: throttle.Quota{Limit: 1000}} })
							todo := work(40)
							done := make(chan struct{})
							for _, l := range all {
								l.Store = faulty{l.Store.(storeOf), every, from, new(int)}
								go func() {
									sendAll(t.Context(), l, s, todo, atOnce)
									done <- struct{}{}
								}()
							}
							for range all {
								<-done
							}
							closeAll(t, all)
							got, err := throttle.ReadState(store.text, time.Now())
							if err != nil {
								t.Fatal(err)
							}
							if got.Calls != 40 || got.Hour.Own != 40 || got.Hour.Left != 960 || got.InFlight != 0 || got.Lost != 0 || got.Others != 0 {
								t.Errorf("%d calls, %d in the hour, %d left, %d under way, %d lost, %d of others; want 40, 40, 960 and none",
									got.Calls, got.Hour.Own, got.Hour.Left, got.InFlight, got.Lost, got.Others)
							}
						})
					})
				}
			}
		}
	}
}
