package docusign

import (
	"fmt"
	"net"
	"net/url"
	"strings"
)

// The OAuth hosts of DocuSign's two environments, which share no users, keys,
// templates or accounts.
const (
	demoHost       = "account-d.docusign.com"
	productionHost = "account.docusign.com"
)

// AuthServer is the OAuth server that gives tokens. The zero AuthServer is
// DocuSign's developer environment.
type AuthServer struct {
	host  string // host[:port]; "": demoHost
	plain bool   // http, which only a loopback address may speak
}

// The servers that have names.
var (
	Demo       = AuthServer{}
	Production = AuthServer{host: productionHost}
)

// ParseAuthServer reads "demo", "production" or a URL.
func ParseAuthServer(text string) (AuthServer, error) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "", "demo", demoHost:
		return Demo, nil
	case "production", productionHost:
		return Production, nil
	}
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Host == "" {
		return AuthServer{}, fmt.Errorf("auth server %q is neither demo, production nor a URL such as https://%s", text, demoHost)
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return AuthServer{}, fmt.Errorf("auth server %q must be a scheme and a host, nothing else", u.Redacted())
	}
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		if !loopback(u.Hostname()) {
			return AuthServer{}, fmt.Errorf("auth server %q: http is for addresses of this machine only; write https", text)
		}
	default:
		return AuthServer{}, fmt.Errorf("auth server %q must begin with https://", text)
	}
	if host == demoHost && u.Scheme == "https" {
		return Demo, nil
	}
	return AuthServer{host: host, plain: u.Scheme == "http"}, nil
}

// SameAuthServer reports whether two texts name the same server. It is true of texts
// that [ParseAuthServer] cannot read: their mistake is another one.
func SameAuthServer(a, b string) bool {
	x, errA := ParseAuthServer(a)
	y, errB := ParseAuthServer(b)
	return errA != nil || errB != nil || x == y
}

// loopback reports whether host is this machine.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// Local reports whether it is on this machine.
func (s AuthServer) Local() bool {
	host, _, err := net.SplitHostPort(s.Host())
	if err != nil {
		host = s.Host()
	}
	return loopback(strings.Trim(host, "[]"))
}

// Host returns host[:port], which is also the audience of an assertion.
func (s AuthServer) Host() string {
	if s.host == "" {
		return demoHost
	}
	return s.host
}

// URL returns the server's address of path.
func (s AuthServer) URL(path string) string {
	scheme := "https"
	if s.plain {
		scheme = "http"
	}
	return scheme + "://" + s.Host() + path
}

// String returns the text that [ParseAuthServer] reads.
func (s AuthServer) String() string {
	switch s {
	case Demo:
		return "demo"
	case Production:
		return "production"
	}
	return s.URL("")
}

// Describe returns the environment in words, with its host.
func (s AuthServer) Describe() string {
	switch s {
	case Demo, Production:
		return s.String() + " (" + s.Host() + ")"
	}
	return "sign-in server " + s.Host()
}

// MarshalText and UnmarshalText let flags and configuration files hold an
// AuthServer.
func (s AuthServer) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what [ParseAuthServer] does.
func (s *AuthServer) UnmarshalText(text []byte) (err error) {
	*s, err = ParseAuthServer(string(text))
	return err
}
