package docusign

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestProxyFor: the proxy is told without its login, and what is no address is refused
// without a word of it, for exactly the calls that would go there.
func TestProxyFor(t *testing.T) {
	t.Parallel()
	const secret = "s3cret"
	for _, tt := range []struct {
		name string
		env  map[string]string
		want ProxySetting
		says string // the error; "" is none
	}{
		{"none", nil, ProxySetting{}, ""},
		{"http only", map[string]string{"HTTP_PROXY": "http://proxy:8080"}, ProxySetting{}, ""},
		{"plain", map[string]string{"HTTPS_PROXY": "http://proxy:8080"}, ProxySetting{Variable: "HTTPS_PROXY", Address: "http://proxy:8080"}, ""},
		{"without scheme", map[string]string{"HTTPS_PROXY": "proxy:8080"}, ProxySetting{Variable: "HTTPS_PROXY", Address: "http://proxy:8080"}, ""},
		{"from Windows", map[string]string{"https_proxy": "http://proxy:8080\r"}, ProxySetting{Variable: "HTTPS_PROXY", Address: "http://proxy:8080"}, ""},
		{"with a login", map[string]string{"HTTPS_PROXY": "http://ann:" + secret + "@proxy:8080/"}, ProxySetting{Variable: "HTTPS_PROXY", Address: "http://proxy:8080", Login: true}, ""},
		{"bypassed", map[string]string{"HTTPS_PROXY": "http://proxy:8080", "NO_PROXY": ".docusign.com"}, ProxySetting{Variable: "HTTPS_PROXY", Bypassed: true}, ""},
		{"none and bypassed", map[string]string{"HTTPS_PROXY": "a b " + secret, "NO_PROXY": ".docusign.com"}, ProxySetting{Variable: "HTTPS_PROXY", Bypassed: true}, ""},
		{"blank within", map[string]string{"HTTPS_PROXY": "the proxy " + secret}, ProxySetting{}, "it is no URL"},
		{"a word", map[string]string{"HTTPS_PROXY": secret}, ProxySetting{}, "it is a single word"},
		{"bad port", map[string]string{"HTTPS_PROXY": "http://proxy:" + secret}, ProxySetting{}, "it is no URL"},
		{"no host", map[string]string{"HTTPS_PROXY": "http://:8080"}, ProxySetting{}, "it names no host"},
		{"other scheme", map[string]string{"HTTPS_PROXY": "gopher://ann:" + secret + "@proxy:70"}, ProxySetting{}, "its scheme is not http, https or socks5"},
	} {
		got, err := ProxyFor(tt.env, Demo)
		if got != tt.want || (err != nil) != (tt.says != "") {
			t.Errorf("%s: ProxyFor = %+v, %v, want %+v, %q", tt.name, got, err, tt.want, tt.says)
		}
		_, chosen := Proxy(tt.env)(httptest.NewRequest("GET", Demo.URL("/oauth/token"), nil))
		if fmt.Sprint(chosen) != fmt.Sprint(err) {
			t.Errorf("%s: Proxy says %v, ProxyFor %v", tt.name, chosen, err)
		}
		bad, _ := errors.AsType[*ProxyError](err)
		if err != nil && (bad == nil || !strings.Contains(err.Error(), "HTTPS_PROXY") || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error()+bad.Hint(), secret)) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
