package main

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf16"

	"batchsend/internal/report"
	"batchsend/internal/sandbox"
)

// setUp is a machine on which batchsend is set up, in the developer environment of an
// imitated DocuSign. A test breaks it.
type setUp struct {
	dir       string
	key       string // PEM
	env       map[string]string
	server    *sandbox.Server
	transport http.RoundTripper // nil: the network
}

// run runs the program there.
func (s *setUp) run(t *testing.T, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	p := process{env: s.env, stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, transport: s.transport}
	code := p.run(t.Context(), args)
	return outcome{code, stdout.String(), stderr.String()}
}

// keyFile gives the key another text.
func (s *setUp) keyFile(text string) {
	if err := os.WriteFile(s.env["DOCUSIGN_PRIVATE_KEY"], []byte(text), 0o600); err != nil {
		panic(err)
	}
}

// proxied lets the calls go through a proxy on this machine.
func (s *setUp) proxied(t *testing.T, serve func(net.Conn)) {
	s.transport = nil
	s.env["HTTPS_PROXY"] = "http://someone:" + testPassword + "@" + listening(t, serve)
}

// listening serves connections to an address of this machine.
func listening(t *testing.T, serve func(net.Conn)) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					serve(conn)
				}
			}()
		}
	}()
	return l.Addr().String()
}

// answering answers a connection.
func answering(text string) func(net.Conn) {
	return func(conn net.Conn) { conn.Write([]byte(text)) }
}

// intercepting plays a company's proxy that opens the encryption, with certificates by an
// authority of its own.
func intercepting(t *testing.T) func(net.Conn) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	name := func(common string) pkix.Name {
		return pkix.Name{CommonName: common, Organization: []string{"Example Corp"}}
	}
	until := time.Now().Add(time.Hour)
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: name("account-d.docusign.com"), DNSNames: []string{"account-d.docusign.com"}, NotAfter: until}
	authority := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: name("Inspection CA"), IsCA: true, BasicConstraintsValid: true, NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, leaf, authority, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	return func(conn net.Conn) {
		conn.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n"))
		tls.Server(conn, config).Handshake()
	}
}

// failing is a network on which no call arrives.
type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

// alias reaches the sandbox under DocuSign's name, whatever name was called.
type alias struct{ http.RoundTripper }

func (a alias) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Host, r.Host = "account-d.docusign.com", ""
	return a.RoundTripper.RoundTrip(r)
}

// refusing has the sandbox refuse the calls whose path ends so.
func refusing(path string, status int, code string) func(*http.Request, []byte, http.Header) (int, string, string) {
	return func(r *http.Request, _ []byte, _ http.Header) (int, string, string) {
		if strings.HasSuffix(r.URL.Path, path) {
			return status, code, ""
		}
		return 0, "", ""
	}
}

const (
	another      = "dddddddd-0000-4000-8000-000000000004" // a GUID of nothing
	otherAccount = "bbbbbbbb-0000-4000-8000-000000000002"
)

// asUTF16 is text as Windows' Notepad saves it as "Unicode".
func asUTF16(text string) string {
	out := []byte("\xff\xfe")
	for _, unit := range utf16.Encode([]rune(text)) {
		out = append(out, byte(unit), byte(unit>>8))
	}
	return string(out)
}

func inPEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// brokenSetUps are what goes wrong when people set the program up: the first step that
// fails, what it says and what it says to do. Without a step sending would work, and the
// step of the last column says what is told instead.
var brokenSetUps = []struct {
	name  string
	broke func(t *testing.T, s *setUp)
	step  string
	says  string
	cure  string
}{
	{"wrong aud", func(_ *testing.T, s *setUp) {
		s.env["DOCUSIGN_AUTH_SERVER"], s.transport = "https://sign.example.test", alias{s.transport}
	}, "sign-in", "the signature was not accepted", "give the auth server demo or production: the request is addressed (aud) to sign.example.test"},
	{"demo key in production", func(_ *testing.T, s *setUp) {
		s.env["DOCUSIGN_AUTH_SERVER"], s.server.IntegrationKey = "production", another
	}, "sign-in", `integration key "` + sandbox.DefaultIntegrationKey + `" does not exist in this environment`, "a demo key works here only after Go-Live"},
	{"production key in demo", func(_ *testing.T, s *setUp) { s.server.IntegrationKey = another }, "sign-in", "does not exist in this environment", "a key that has gone live is used with the auth server production"},
	{"another app's key", func(t *testing.T, s *setUp) {
		other, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		s.server.Key = &other.PublicKey
	}, "sign-in", "the signature was not accepted as one of integration key", "use the private key made for this integration key"},
	{"consent missing", func(_ *testing.T, s *setUp) { s.server.NoConsent = true }, "consent", "has not yet allowed integration key", "open this address, log in as that user and accept"},
	{"consent revoked", func(_ *testing.T, s *setUp) { s.server.Refuse = refusing("/oauth/token", 400, "consent_required") }, "consent", "consent_required", "https://account-d.docusign.com/oauth/auth?response_type=code&scope=signature%20impersonation&client_id=" + sandbox.DefaultIntegrationKey},
	{"wrong GUID", func(_ *testing.T, s *setUp) { s.env["DOCUSIGN_USER_ID"] = another }, "sign-in", `no active user "` + another + `" in this environment`, "demo and production have different users"},
	{"half a GUID", func(_ *testing.T, s *setUp) { s.env["DOCUSIGN_USER_ID"] = "05e40000-0000-4000-8000" }, "configuration", `DOCUSIGN_USER_ID is "05e40000-0000-4000-8000": the user ID must be a GUID`, "copy the user ID from the page Apps and Keys"},
	{"half an integration key", func(_ *testing.T, s *setUp) { s.env["DOCUSIGN_INTEGRATION_KEY"] = "1e70" }, "configuration", `the integration key must be a GUID`, "Apps and Keys"},
	{"address for an ID", func(_ *testing.T, s *setUp) { s.env["DOCUSIGN_USER_ID"] = "ann@example.test" }, "sign-in", "it must be the user's ID, a GUID, not an e-mail address", "it stands on the page Apps and Keys"},
	{"no such auth server", func(_ *testing.T, s *setUp) { s.env["DOCUSIGN_AUTH_SERVER"] = "prod" }, "configuration", `auth server "prod" is neither demo, production nor a URL`, ""},
	{"not set up", func(_ *testing.T, s *setUp) { delete(s.env, "DOCUSIGN_INTEGRATION_KEY") }, "sign-in", "missing --integration-key (or DOCUSIGN_INTEGRATION_KEY)", "batchsend help setup"},
	{"unknown setting", func(t *testing.T, s *setUp) {
		s.env["BATCHSEND_CONFIG"] = filepath.Join(s.dir, "config.toml")
		if err := os.WriteFile(s.env["BATCHSEND_CONFIG"], []byte("legder = \"l.db\"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}, "configuration", `there is no setting "legder": did you mean "ledger"?`, ""},

	{"no key file", func(_ *testing.T, s *setUp) { s.env["DOCUSIGN_PRIVATE_KEY"] += ".gone" }, "key", "no such file", "give its path"},
	{"PEM with missing lines", func(_ *testing.T, s *setUp) {
		lines := strings.SplitAfter(s.key, "\n")
		s.keyFile(strings.Join(append(lines[:9:9], lines[12:]...), ""))
	}, "key", "the PEM text is damaged", "copy the key again, whole"},
	{"PEM without its end", func(_ *testing.T, s *setUp) { s.keyFile(s.key[:len(s.key)-40]) }, "key", "the PEM text is damaged", "copy the key again, whole"},
	{"PEM on one line", func(_ *testing.T, s *setUp) { s.keyFile(strings.ReplaceAll(s.key, "\n", " ")) }, "", "", "key: RSA, 2048 bits"},
	{"PEM indented", func(_ *testing.T, s *setUp) { s.keyFile(strings.ReplaceAll("\n"+s.key, "\n", "\n    ")) }, "", "", "key: RSA, 2048 bits"},
	{"PEM in UTF-16", func(_ *testing.T, s *setUp) { s.keyFile(asUTF16(s.key)) }, "", "", "key: RSA, 2048 bits"},
	{"public key", func(_ *testing.T, s *setUp) {
		der, _ := x509.MarshalPKIXPublicKey(s.server.Key)
		s.keyFile(inPEM("PUBLIC KEY", der))
	}, "key", "this is the public key", "the private key is the other half of the pair"},
	{"certificate", func(_ *testing.T, s *setUp) { s.keyFile(inPEM("CERTIFICATE", bytes.Repeat([]byte("cert"), 200))) }, "key", "this is a certificate, not a private key", "the private key is the other half of the pair"},
	{"key text in the variable", func(_ *testing.T, s *setUp) { s.env["DOCUSIGN_PRIVATE_KEY"] = s.key }, "", "", "key: RSA, 2048 bits, the text in environment variable DOCUSIGN_PRIVATE_KEY"},
	{"broken key text in the variable", func(_ *testing.T, s *setUp) { s.env["DOCUSIGN_PRIVATE_KEY"] = s.key[:900] }, "key", "private key (environment variable DOCUSIGN_PRIVATE_KEY): the PEM text is damaged", "copy the key again"},
	{"key readable by all", func(t *testing.T, s *setUp) {
		if err := os.Chmod(s.env["DOCUSIGN_PRIVATE_KEY"], 0o644); err != nil {
			t.Fatal(err)
		}
	}, "key", "others may read the file (mode 0644)", "chmod 600 "},
	{"CR at the end of a value", func(_ *testing.T, s *setUp) { s.env["DOCUSIGN_USER_ID"] += "\r" }, "", "", "configuration: taken without what stood around it: environment variable DOCUSIGN_USER_ID (a carriage return, as files from Windows have)"},

	{"clock 10 minutes behind", func(_ *testing.T, s *setUp) { s.server.Advance(10 * time.Minute) }, "clock", "this machine's clock is 10m0s behind DocuSign's", "timedatectl set-ntp true"},
	{"clock 10 minutes ahead", func(_ *testing.T, s *setUp) { s.server.Advance(-10 * time.Minute) }, "clock", "this machine's clock is 10m0s ahead of DocuSign's", "timedatectl set-ntp true"},
	{"no network", func(_ *testing.T, s *setUp) {
		s.transport = failing{&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "server misbehaving", Name: "account-d.docusign.com", IsTemporary: true}}}
	}, "network", `host "account-d.docusign.com" could not be looked up (DNS)`, "check the network"},
	{"firewall", func(_ *testing.T, s *setUp) {
		s.transport = failing{&net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}}
	}, "network", "the connection was refused", "check the network"},
	{"a hotel's login page", func(_ *testing.T, s *setUp) { s.server.Refuse = refusing("/oauth/userinfo", 302, "") }, "network", "the answer is not one of an OAuth server", "no proxy or login page stands in the way"},
	{"proxy that wants a login", func(t *testing.T, s *setUp) {
		s.proxied(t, answering("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"))
	}, "network", "refused the connection: it wants a login (HTTP 407)", "give the proxy's login in HTTPS_PROXY"},
	{"proxy that refuses", func(t *testing.T, s *setUp) {
		s.proxied(t, answering("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"))
	}, "network", "it does not let this address through (HTTP 403)", "have the proxy's administrator allow *.docusign.com"},
	{"proxy that is not there", func(_ *testing.T, s *setUp) {
		s.transport, s.env["HTTPS_PROXY"] = nil, "http://someone:"+testPassword+"@127.0.0.1:1"
	}, "network", "the proxy cannot be reached", "HTTPS_PROXY"},
	{"proxy URL that is none", func(_ *testing.T, s *setUp) {
		s.transport, s.env["HTTPS_PROXY"] = nil, "the proxy: someone "+testPassword
	}, "proxy", "HTTPS_PROXY does not hold the address of a proxy: it is no URL", "write HTTPS_PROXY=http://HOST:PORT"},
	{"TLS interception", func(t *testing.T, s *setUp) { s.proxied(t, intercepting(t)) }, "network", `signed by "Inspection CA, Example Corp", an authority unknown here (TLS)`, "SSL_CERT_FILE"},

	{"not a member", func(_ *testing.T, s *setUp) { s.env["DOCUSIGN_ACCOUNT_ID"] = otherAccount }, "account", `account "` + otherAccount + `" is not one of the user's: ` + sandbox.DefaultAccount + " (Sandbox)", "use one of these accounts"},
	{"not a member any more", func(_ *testing.T, s *setUp) {
		s.server.Refuse = refusing("/accounts/"+sandbox.DefaultAccount, 400, "USER_LACKS_MEMBERSHIP")
	}, "membership", "USER_LACKS_MEMBERSHIP", "account"},
	{"UserNotFound", func(_ *testing.T, s *setUp) {
		s.server.Refuse = func(r *http.Request, _ []byte, _ http.Header) (int, string, string) {
			if strings.HasSuffix(r.URL.Path, "/oauth/userinfo") && r.Header.Get("Authorization") != "" {
				return 400, "UserNotFound", ""
			}
			return 0, "", ""
		}
	}, "account", "belongs to no account (UserNotFound)", "only DocuSign Support can repair this"},
	{"no accounts", func(_ *testing.T, s *setUp) { s.server.NoAccounts = true }, "account", "belongs to no account", "DocuSign Support"},
	{"sending not allowed", func(_ *testing.T, s *setUp) { s.server.NoSending = true }, "sending", `user "Sandy Box" may not send envelopes in account "Sandbox"`, "DocuSign Sender"},
	{"sending blocked", func(_ *testing.T, s *setUp) { s.server.SendingBlocked = true }, "sending", `sending is blocked for account "Sandbox"`, "Billing and Usage"},
	{"account suspended", func(_ *testing.T, s *setUp) { s.server.Suspended = true }, "sending", `account "Sandbox" is suspended`, ""},
	{"allowance used up", func(t *testing.T, s *setUp) {
		s.server.Allowance = 1
		if got := s.run(t, "send", "--yes", writeOffers(t, s.dir, offers(1))); got.code != exitDone {
			t.Fatalf("exit code %d\n%s", got.code, got.stderr)
		}
	}, "allowance", "all 1 envelope of this billing period are used up (1 sent)", "wait for the next period"},
	{"template not shared", func(_ *testing.T, s *setUp) { s.env["BATCHSEND_TEMPLATE"] = another }, "template", `account "Sandbox" has no template ` + another + `, or the user may not use it`, "share"},
	{"template of another account", func(_ *testing.T, s *setUp) {
		s.server.OtherAccounts = []sandbox.OtherAccount{{ID: otherAccount, Name: "Branch", Templates: []string{another}}}
		s.env["BATCHSEND_TEMPLATE"] = another
	}, "template", `the user's account "Branch" has it`, "--account " + otherAccount},
	{"template's name", func(_ *testing.T, s *setUp) { s.env["BATCHSEND_TEMPLATE"] = "Offer letter" }, "template", "that is a template's name", "give --template " + sandbox.DefaultTemplate},
	{"embedded signing", func(t *testing.T, s *setUp) {
		raw, err := os.ReadFile(filepath.Join(s.server.TemplateDir, "template.json"))
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.Replace(string(raw), `"roleName": "Employee"`, `"clientUserId": "17", "roleName": "Employee"`, 1)
		s.server.Templates = []json.RawMessage{json.RawMessage(changed)}
	}, "", "", `template: "Offer letter", 2 roles to fill; DocuSign will not mail "Employee", who sign within another application`},

	{"ledger that is none", func(t *testing.T, s *setUp) {
		if err := os.WriteFile(s.env["BATCHSEND_LEDGER"], bytes.Repeat([]byte("no ledger "), 1000), 0o600); err != nil {
			t.Fatal(err)
		}
	}, "ledger", "this is not a ledger of batchsend", "give --ledger another path"},
	{"ledger unreadable", func(t *testing.T, s *setUp) {
		if err := os.Mkdir(s.env["BATCHSEND_LEDGER"], 0o700); err != nil {
			t.Fatal(err)
		}
	}, "ledger", "it is a directory", "give --ledger the path of a file in it"},
	{"disk full", func(t *testing.T, s *setUp) {
		dir := t.TempDir()
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
			t.Skipf("NOT TESTED: a small disk cannot be mounted: %v", err)
		}
		t.Cleanup(func() { syscall.Unmount(dir, 0) })
		os.WriteFile(filepath.Join(dir, "fill"), make([]byte, 1<<20), 0o600) // as far as it goes
		s.env["BATCHSEND_LEDGER"] = filepath.Join(dir, "ledger.db")
	}, "ledger", "no space left on device", "free some space"},
	{"disk nearly full", func(t *testing.T, s *setUp) {
		dir := t.TempDir()
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
			t.Skipf("NOT TESTED: a small disk cannot be mounted: %v", err)
		}
		t.Cleanup(func() { syscall.Unmount(dir, 0) })
		s.env["BATCHSEND_LEDGER"] = filepath.Join(dir, "ledger.db")
	}, "disk", "KiB are left on the disk of the ledger", "make room"},
}

// TestBrokenSetUps: of whatever is wrong with a set-up, the first step that fails names the
// true cause and what to do, and nothing secret is shown.
func TestBrokenSetUps(t *testing.T) {
	t.Parallel()
	kit, err := sandbox.Prepare(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(kit.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	secrets := append(strings.Split(string(key), "\n")[1:20], testPassword, "eyJ")
	for _, tt := range brokenSetUps {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSetUp(t, kit, string(key))
			tt.broke(t, s)
			got := s.run(t, "doctor", "--json")
			for _, secret := range secrets {
				if strings.Contains(got.stdout+got.stderr, secret) {
					t.Errorf("it shows %q:\n%s%s", secret, got.stdout, got.stderr)
				}
			}
			var all report.Steps
			if err := json.Unmarshal([]byte(got.stdout), &all); err != nil {
				t.Fatalf("%v\n%s%s", err, got.stdout, got.stderr)
			}
			if all.ExitCode != got.code || all.Works != (got.code == exitDone) || all.Works != (tt.step == "") {
				t.Errorf("exit code %d, it works: %t\n%s", got.code, all.Works, got.stdout)
			}
			for _, step := range all.Steps {
				switch {
				case tt.step == "" && strings.HasPrefix(step.Name+": "+step.Detail, tt.cure):
					return
				case step.State == report.StepFailed:
					if step.Name != tt.step || !strings.Contains(step.Detail, tt.says) || !strings.Contains(step.Detail+"\n"+step.Cure, tt.cure) {
						t.Errorf("the first that fails is %q: %s\n-> %s\nwant %q: %s\n-> %s", step.Name, step.Detail, step.Cure, tt.step, tt.says, tt.cure)
					}
					return
				}
			}
			t.Errorf("no step says what is wrong:\n%s", got.stdout)
		})
	}
}

// newSetUp makes a set-up with which all is well.
func newSetUp(t *testing.T, kit *sandbox.Kit, key string) *setUp {
	t.Helper()
	s := &setUp{dir: t.TempDir(), key: key, server: kit.Server()}
	s.server.Store = ""
	s.transport = s.server.Transport()
	path := filepath.Join(s.dir, "private.pem")
	s.env = map[string]string{
		"HOME": s.dir, "XDG_STATE_HOME": s.dir, "XDG_CONFIG_HOME": s.dir,
		"DOCUSIGN_INTEGRATION_KEY": sandbox.DefaultIntegrationKey, "DOCUSIGN_USER_ID": sandbox.DefaultUserID, "DOCUSIGN_PRIVATE_KEY": path,
		"BATCHSEND_TEMPLATE": sandbox.DefaultTemplate, "BATCHSEND_LEDGER": filepath.Join(s.dir, "ledger.db"),
	}
	s.keyFile(key)
	return s
}
