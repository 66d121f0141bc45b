package docusign

import (
	"cmp"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http/httpproxy"
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
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         dialer.DialContext,
		ForceAttemptHTTP2:   true,
		TLSHandshakeTimeout: 15 * time.Second,
		MaxIdleConnsPerHost: concurrency + 2,
		IdleConnTimeout:     50 * time.Second, // less than gateways keep theirs
		HTTP2:               &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second},
	}
}

// Proxy returns what chooses the proxy for a request, by an environment. The address
// may hold a password, so nothing may say more of it than that it is wrong.
func Proxy(env map[string]string) func(*http.Request) (*url.URL, error) {
	either := func(name string) string { return cmp.Or(env[strings.ToLower(name)], env[name]) }
	choose := (&httpproxy.Config{
		HTTPProxy: either("HTTP_PROXY"), HTTPSProxy: either("HTTPS_PROXY"), NoProxy: either("NO_PROXY"),
		CGI: env["REQUEST_METHOD"] != "",
	}).ProxyFunc()
	return func(r *http.Request) (*url.URL, error) { return choose(r.URL) }
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
