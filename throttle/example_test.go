package throttle_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"time"

	"batchsend/throttle"
)

// All calls of a client share one limiter; the policy repeats what was refused
// for a limit after all.
func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Left", "997")
		fmt.Fprint(w, "ok")
	}))
	defer server.Close()

	limiter := &throttle.Limiter{
		Hour:  throttle.Quota{Limit: 1000},
		Burst: throttle.Quota{Limit: 500},
		OnWait: func(w throttle.Wait) {
			fmt.Printf("%s limit: waiting until %v\n", w.Window, w.Until)
		},
	}
	call := func(ctx context.Context) error {
		place, err := limiter.Acquire(ctx)
		if err != nil {
			return err
		}
		resp, err := http.Get(server.URL)
		if err != nil {
			place.Lost()
			return err
		}
		reading := throttle.NoReading
		if left, err := strconv.Atoi(resp.Header.Get("Left")); err == nil {
			reading.HourLeft = left
		}
		place.Done(reading)
		return resp.Body.Close()
	}

	var policy throttle.Policy
	err := policy.Do(context.Background(), call)
	state := limiter.State()
	fmt.Println(err, state.Calls, state.Hour.Left)

	// A plan: when would 500 calls have left?
	now := time.Now()
	fmt.Println(throttle.State{}.Finish(500, now).Sub(now))
	// Output:
	// <nil> 1 997
	// 0s
}
