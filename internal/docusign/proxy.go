package docusign

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// ProxyError says that the environment names a proxy by what is no address. It never
// shows what stands there, which may hold a password.
type ProxyError struct {
	Variable string
	why      string
}

func (e *ProxyError) Error() string {
	return fmt.Sprintf("%s does not hold the address of a proxy: %s (the value is not shown, it may hold a password)", e.Variable, e.why)
}

// Hint says how the address of a proxy is written.
func (e *ProxyError) Hint() string {
	return "write " + e.Variable + "=http://HOST:PORT; a login stands before HOST as USER:PASSWORD@, with %40 for @, %3A for :, %2F for / and %25 for % in the password; without a proxy, unset " + e.Variable
}

// ProxyRefusal says that a proxy let no connection through. DocuSign has seen nothing of
// the call.
type ProxyRefusal struct {
	Proxy  string // host[:port]
	Status int    // of the proxy's answer
}

func (e *ProxyRefusal) Error() string {
	why := "it does not let this address through"
	if e.Status == http.StatusProxyAuthRequired {
		why = "it wants a login"
	}
	return fmt.Sprintf("the proxy %s refused the connection: %s (HTTP %d)", e.Proxy, why, e.Status)
}

// Hint says what to ask of the proxy.
func (e *ProxyRefusal) Hint() string {
	if e.Status == http.StatusProxyAuthRequired {
		return "give the proxy's login in HTTPS_PROXY, as USER:PASSWORD@ before " + e.Proxy
	}
	return "have the proxy's administrator allow *.docusign.com and *.docusign.net, port 443; DocuSign itself was not reached"
}

// refusedByProxy is for [http.Transport.OnProxyConnectResponse].
func refusedByProxy(_ context.Context, proxy *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return &ProxyRefusal{Proxy: proxy.Host, Status: answer.StatusCode}
}

// ProxySetting is a proxy as the environment names it.
type ProxySetting struct {
	Variable string // "" if there is none
	Address  string // scheme, host and port
	Login    bool   // user and password stand in it
	Bypassed bool   // NO_PROXY leaves it out for the address that was asked about
}

// ProxyFor returns the proxy that an environment, by names, has for a server. The error is
// a [*ProxyError].
func ProxyFor(env map[string]string, server AuthServer) (ProxySetting, error) {
	target, err := url.Parse(server.URL(""))
	if err != nil {
		return ProxySetting{}, nil // its name is no host name, which others tell
	}
	p := proxies(env)
	found, err := p.choose(target)
	variable, value := p.of(target.Scheme)
	if err != nil || value == "" {
		return ProxySetting{}, err
	}
	if found == nil {
		return ProxySetting{Variable: variable, Bypassed: true}, nil
	}
	return ProxySetting{
		Variable: variable, Address: (&url.URL{Scheme: found.Scheme, Host: found.Host}).String(), Login: found.User != nil,
	}, nil
}

// Proxy returns what chooses the proxy for a request, by an environment. Its errors are
// [*ProxyError]: a call does not go round a proxy whose address cannot be read.
func Proxy(env map[string]string) func(*http.Request) (*url.URL, error) {
	p := proxies(env)
	return func(r *http.Request) (*url.URL, error) { return p.choose(r.URL) }
}

// proxySettings are the proxies of an environment.
type proxySettings struct {
	variables map[string][2]string // name and value of the variable, by the scheme it is for
	broken    map[string]error     // by scheme
	route     func(*url.URL) (*url.URL, error)
}

func (p *proxySettings) of(scheme string) (variable, value string) {
	v := p.variables[scheme]
	return v[0], v[1]
}

// choose returns the proxy for an address; nil if there is none.
func (p *proxySettings) choose(target *url.URL) (*url.URL, error) {
	proxy, err := p.route(target)
	if proxy != nil && p.broken[target.Scheme] != nil {
		return nil, p.broken[target.Scheme]
	}
	return proxy, err
}

func proxies(env map[string]string) *proxySettings {
	p := &proxySettings{variables: map[string][2]string{}, broken: map[string]error{}}
	value := func(variable string) string {
		name := variable
		if strings.TrimSpace(env[strings.ToLower(variable)]) != "" {
			name = strings.ToLower(variable)
		}
		return strings.TrimSpace(env[name])
	}
	for scheme, variable := range map[string]string{"http": "HTTP_PROXY", "https": "HTTPS_PROXY"} {
		text := value(variable)
		if why := notProxy(text); why != "" {
			p.broken[scheme] = &ProxyError{Variable: variable, why: why}
			text = "http://proxy.invalid" // so that it is known which calls would go there
		}
		p.variables[scheme] = [2]string{variable, text}
	}
	p.route = (&httpproxy.Config{
		HTTPProxy: p.variables["http"][1], HTTPSProxy: p.variables["https"][1], NoProxy: cmp.Or(env["no_proxy"], env["NO_PROXY"]),
		CGI: env["REQUEST_METHOD"] != "",
	}).ProxyFunc()
	return p
}

// notProxy says why a text is not the address of a proxy, without a word of it; "" if it
// is one, or empty.
func notProxy(text string) string {
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	if !strings.Contains(text, "://") {
		if !strings.ContainsAny(text, ".: \t") {
			return "it is a single word, with neither a scheme nor a port"
		}
		u, err = url.Parse("http://" + text)
	}
	switch {
	case err != nil:
		return "it is no URL"
	case u.Hostname() == "":
		return "it names no host"
	case !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme):
		return "its scheme is not http, https or socks5"
	}
	return ""
}

// aboutProxy returns the error of a proxy that is the cause of err; nil if none is.
func aboutProxy(err error) error {
	if bad, ok := errors.AsType[*ProxyError](err); ok {
		return bad
	}
	if refusal, ok := errors.AsType[*ProxyRefusal](err); ok {
		return refusal
	}
	return nil
}
