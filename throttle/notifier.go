package throttle

import "sync"

// notifier calls OnWait and OnAlone without the limiter's lock, which protects it.
type notifier struct {
	last    Wait      // that OnWait was told of
	running int       // calls that have not returned
	ended   sync.Cond // one has returned; with the limiter's lock
}

// begin returns a func that does a call for which wait waits. It must be called,
// once and without the lock.
func (n *notifier) begin(call func()) (tell func()) {
	n.running++
	return func() {
		call()
		n.ended.L.Lock()
		n.running--
		n.ended.L.Unlock()
		n.ended.Broadcast()
	}
}

// wait returns when no call is running any more. It gives up the lock meanwhile.
func (n *notifier) wait() {
	for n.running > 0 {
		n.ended.Wait()
	}
}
