package throttle

import (
	"container/list"
	"time"
)

// queue is the goroutines in [Limiter.Acquire], in the order in which they asked. It
// has a timer for when the first of them may leave.
type queue struct {
	list.List // of *waiter
	timer     *time.Timer
	fired     func() // what it calls
}

// waiter is a goroutine in [Limiter.Acquire].
type waiter struct {
	ready chan struct{} // closed when call is set
	call  Call
	since time.Time
}

// first is who has waited longest. The queue must not be empty.
func (q *queue) first() *waiter { return q.Front().Value.(*waiter) }

// release lets the first go with a call.
func (q *queue) release(call Call) {
	w := q.Remove(q.Front()).(*waiter)
	w.call = call
	close(w.ready)
}

// setTimer has the timer fire after that time, instead of when was asked for before.
func (q *queue) setTimer(after time.Duration) {
	if q.timer == nil {
		q.timer = time.AfterFunc(after, q.fired)
	} else {
		q.timer.Reset(after)
	}
}

func (q *queue) stopTimer() {
	if q.timer != nil {
		q.timer.Stop()
	}
}
