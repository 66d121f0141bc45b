package docusign

import "testing"

func TestParseAuthServer(t *testing.T) {
	for _, c := range []struct{ text, url, host, name string }{
		{"", "https://account-d.docusign.com/x", "account-d.docusign.com", "demo"},
		{"demo", "https://account-d.docusign.com/x", "account-d.docusign.com", "demo"},
		{" Production ", "https://account.docusign.com/x", "account.docusign.com", "production"},
		{"account.docusign.com", "https://account.docusign.com/x", "account.docusign.com", "production"},
		{"https://account-d.docusign.com/", "https://account-d.docusign.com/x", "account-d.docusign.com", "demo"},
		{"https://account.docusign.com:443", "https://account.docusign.com/x", "account.docusign.com", "production"},
		{"https://Sandbox.example.test:8443", "https://sandbox.example.test:8443/x", "sandbox.example.test:8443", "https://sandbox.example.test:8443"},
		{"http://127.0.0.1:4010", "http://127.0.0.1:4010/x", "127.0.0.1:4010", "http://127.0.0.1:4010"},
		{"http://[::1]:4010", "http://[::1]:4010/x", "[::1]:4010", "http://[::1]:4010"},
		{"http://localhost", "http://localhost/x", "localhost", "http://localhost"},
	} {
		s, err := ParseAuthServer(c.text)
		if err != nil {
			t.Errorf("ParseAuthServer(%q): %v", c.text, err)
			continue
		}
		if s.URL("/x") != c.url || s.Host() != c.host || s.String() != c.name {
			t.Errorf("ParseAuthServer(%q) = %q, %q, %q; want %q, %q, %q", c.text, s.URL("/x"), s.Host(), s, c.url, c.host, c.name)
		}
		var again AuthServer
		name, err := s.MarshalText()
		if err != nil {
			t.Error(err)
		}
		if err := again.UnmarshalText(name); err != nil || again != s {
			t.Errorf("%q read again is %v, %v", s, again, err)
		}
	}
	for _, text := range []string{
		"live", "http://account-d.docusign.com", "ftp://localhost", "https://", "://",
		"https://account.docusign.com/oauth/token", "https://account.docusign.com?x=1", "https://a:b@account.docusign.com",
	} {
		if s, err := ParseAuthServer(text); err == nil {
			t.Errorf("ParseAuthServer(%q) = %q, want an error", text, s)
		}
	}
}
