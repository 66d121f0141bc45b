package waits

import (
	"net/http"
	"time"
)

// Transport returns a transport that makes calls through base and tells of answers
// that do not come.
func (m *Monitor) Transport(base http.RoundTripper) http.RoundTripper { return &transport{base, m} }

type transport struct {
	base    http.RoundTripper
	monitor *Monitor
}

// RoundTrip implements [http.RoundTripper].
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	defer t.monitor.called(req.URL.Hostname())()
	return t.base.RoundTrip(req)
}

// called is told that a call leaves. It returns what must be called when the answer
// is there.
func (m *Monitor) called(host string) (answered func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stopping != nil { // the limiter has let the call go
		m.stopping.Stop()
		m.stopping = nil
	}
	slow := time.AfterFunc(slowAnswer, func() { m.slow(host) })
	if !m.Brief {
		return func() { slow.Stop() }
	}
	began := time.Now()
	stop := time.AfterFunc(max(m.left(), slowAnswer), func() {
		m.giveUp(&Error{reason: host + " does not answer"})
	})
	return func() {
		slow.Stop()
		stop.Stop()
		if took := time.Since(began); took >= worthTelling {
			m.mu.Lock()
			m.waited += took
			m.mu.Unlock()
		}
	}
}

// slow tells of an answer that is long in coming.
func (m *Monitor) slow(host string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	reason := host + " has not answered for " + slowAnswer.String()
	if now := time.Now(); now.Sub(m.told[reason]) >= seldom {
		m.remember(reason, now)
		m.tell(reason, time.Time{}, false)
	}
}
