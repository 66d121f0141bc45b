package sandbox_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"batchsend/internal/apispec"
	"batchsend/internal/sandbox"
)

const (
	root = "https://demo.example.test"
	rest = root + "/restapi/v2.1/accounts/" + sandbox.DefaultAccount
)

func TestMain(m *testing.M) { os.Exit(apispec.Tests{M: m}.Run()) }

// official holds every answer in these tests against DocuSign's description,
// where that is at hand. Requests are wrong on purpose here.
var official = sync.OnceValue(func() *apispec.Judge {
	j, _ := apispec.FromEnv()
	return j.Answers()
})

// testKey makes one key pair for all tests: it takes a while.
var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// client talks to a Server in process, or wherever its transport leads.
type client struct {
	t     *testing.T
	http  http.Client
	token string
}

// newClient signs in.
func newClient(t *testing.T, s *sandbox.Server) *client {
	t.Helper()
	c := &client{t: t}
	c.http.Transport = official().Transport(s.Transport(), func(err error) { t.Error(err) })
	c.login(s.Now())
	return c
}

func (c *client) login(now time.Time) {
	c.t.Helper()
	got := c.do("POST", root+"/oauth/token", form(sign(c.t, claims(now))))
	c.token, _ = got.json["access_token"].(string)
	if c.token == "" {
		c.t.Fatalf("no token: %d %s", got.status, got.body)
	}
}

// answer is an answer with its body read and, if it is a JSON object, parsed.
type answer struct {
	status int
	header http.Header
	body   string
	json   map[string]any
}

func (a answer) code() string { code, _ := a.json["errorCode"].(string); return code }

// str returns a string at a path of names.
func (a answer) str(names ...string) string {
	var v any = a.json
	for _, name := range names {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	out, _ := v.(string)
	return out
}

// send makes a call and returns the error, if any, that a client would see.
func (c *client) send(ctx context.Context, method, target, body string) (answer, error) {
	if !strings.HasPrefix(target, "http") {
		target = rest + target
	}
	req, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	switch {
	case strings.HasPrefix(body, "grant_type"):
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	case body != "":
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	a := answer{status: resp.StatusCode, header: resp.Header, body: string(raw)}
	json.Unmarshal(raw, &a.json) // HTML stays unparsed
	return a, err
}

func (c *client) do(method, target, body string) answer {
	c.t.Helper()
	a, err := c.send(c.t.Context(), method, target, body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, target, err)
	}
	return a
}

// post sends a form.
func (c *client) post(path string, form url.Values) answer {
	c.t.Helper()
	resp, err := c.http.PostForm(root+path, form)
	if err != nil {
		c.t.Fatalf("POST %s: %v", path, err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, body: string(raw)}
	json.Unmarshal(raw, &a.json) // HTML stays unparsed
	return a
}

// noRedirect has a client show where it is sent.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// create posts an envelope and wants it taken.
func (c *client) create(body string) string {
	c.t.Helper()
	got := c.do("POST", "/envelopes", body)
	if got.status != http.StatusCreated {
		c.t.Fatalf("create: %d %s", got.status, got.body)
	}
	return got.str("envelopeId")
}

// claims are those of a correct assertion.
func claims(now time.Time) jwt.MapClaims {
	return jwt.MapClaims{
		"iss": sandbox.DefaultIntegrationKey, "sub": sandbox.DefaultUserID, "aud": "demo.example.test",
		"iat": now.Add(-time.Minute).Unix(), "exp": now.Add(time.Hour).Unix(), "scope": "signature impersonation",
	}
}

func sign(t testing.TB, claims jwt.MapClaims) string {
	t.Helper()
	out, err := jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(testKey())
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func form(assertion string) string {
	return "grant_type=" + url.QueryEscape("urn:ietf:params:oauth:grant-type:jwt-bearer") + "&assertion=" + assertion
}

// offer is a request for the built-in template with both roles filled.
const offer = `{"status":"sent","templateId":"` + sandbox.DefaultTemplate + `","templateRoles":[` + ann + `,` + bo + `]}`

const (
	ann = `{"roleName":"Employee","name":"Ann Ek","email":"ann@example.test"}`
	bo  = `{"roleName":"Manager","name":"Bo Berg","email":"bo@example.test"}`
)

// fromTemplate is a request with these roles.
func fromTemplate(roles ...string) string {
	return `{"status":"sent","templateId":"` + sandbox.DefaultTemplate + `","templateRoles":[` + strings.Join(roles, ",") + `]}`
}

// with adds properties to a JSON object.
func with(object, properties string) string {
	return strings.TrimSuffix(object, "}") + "," + properties + "}"
}

// last returns the envelope created last.
func last(t *testing.T, s *sandbox.Server) sandbox.Envelope {
	t.Helper()
	all := s.Envelopes()
	if len(all) == 0 {
		t.Fatal("no envelope was created")
	}
	return all[len(all)-1]
}

// value returns the values of a recipient's tabs with a label.
func values(r sandbox.Recipient, label string) []string {
	var out []string
	for _, t := range r.Tabs {
		if t.Label == label {
			out = append(out, t.Value)
		}
	}
	return out
}

// zero returns s, or for nil the zero Server.
func zero(s *sandbox.Server) *sandbox.Server {
	if s == nil {
		return &sandbox.Server{}
	}
	return s
}
