package docusign

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// answerTimeout is how long an answer may take to begin once a request is
// written. DocuSign gives up itself after two minutes; whoever gives up first
// does not know whether the envelope exists.
const answerTimeout = 130 * time.Second

// bodyTimeout is how long the rest of an answer may take after it has begun.
const bodyTimeout = time.Minute

// NewTransport returns a transport for up to concurrency calls at once. It
// honours HTTPS_PROXY, and keeps as many connections as it may need: fewer
// would be closed and opened all the time.
func NewTransport(concurrency int) *http.Transport {
	dialer := &net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment,

		OnProxyConnectResponse: refusedByProxy,

		DialContext:         dialer.DialContext,
		ForceAttemptHTTP2:   true,
		TLSHandshakeTimeout: 15 * time.Second,
		MaxIdleConnsPerHost: concurrency + 2,
		IdleConnTimeout:     50 * time.Second, // less than gateways keep theirs
		HTTP2:               &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second},
	}
}

// defaultTransport serves clients that were given none.
var defaultTransport = sync.OnceValue(func() http.RoundTripper { return NewTransport(8) })

// withoutRedirects returns a client without redirects: DocuSign's API has none, and a
// token must not go where one points.
func withoutRedirects(rt http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     rt,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
