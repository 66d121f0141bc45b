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
		HourLimit:  1000,
		BurstLimit: 500,
		OnWait: func(w throttle.Wait) {
			fmt.Printf("%s limit: waiting until %v\n", w.Window, w.Until)
		},
	}
	client := &http.Client{Transport: limiter.Transport(nil, func(resp *http.Response) throttle.Reading {
		r := throttle.NoReading
		if left, err := strconv.Atoi(resp.Header.Get("Left")); err == nil {
			r.HourLeft = left
		}
		return r
	})}

	var policy throttle.Policy
	err := policy.Do(context.Background(), func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		return resp.Body.Close()
	})
	state := limiter.State()
	fmt.Println(err, state.Calls, state.Hour.Left)

	// A plan: when would 500 calls have left?
	now := time.Now()
	fmt.Println(throttle.State{}.Finish(500, now).Sub(now))
	// Output:
	// <nil> 1 997
	// 0s
}
