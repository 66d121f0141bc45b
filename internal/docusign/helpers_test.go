package docusign

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"batchsend/envelope"
	"batchsend/internal/apispec"
	"batchsend/internal/golden"
	"batchsend/internal/sandbox"
	"batchsend/reminders"
	"batchsend/template"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(apispec.Tests{M: m}) }

// goldenJSON compares a body that is sent with a file in testdata.
func goldenJSON(t *testing.T, name string, body any) {
	t.Helper()
	line, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := json.Indent(&text, line, "", "  "); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, name, text.String()+"\n")
}

// testKey is made once: it takes its time.
var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, minKeyBits)
	if err != nil {
		panic(err)
	}
	return key
})

const (
	demoToken   = `{"access_token":"t","token_type":"Bearer","expires_in":3600}`
	demoUser    = `{"sub":"u","name":"Ann Ek","email":"ann@example.test","accounts":[` + demoAccount + `]}`
	demoAccount = `{"account_id":"AAAAAAAA-0000-4000-8000-000000000001","is_default":true,"account_name":"Example AB","base_uri":"https://demo.docusign.net"}`
)

// fake answers as DocuSign might, and remembers what it was asked. Signing in
// succeeds unless answer says otherwise, which may return nil, nil for that.
type fake struct {
	answer func(n int, r *http.Request) (*http.Response, error)

	mu     sync.Mutex
	asked  []*http.Request // REST only
	bodies []string
}

func (f *fake) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r.Body.Close()
	}
	f.mu.Lock()
	n := len(f.asked)
	rest := strings.HasPrefix(r.URL.Path, "/restapi/")
	if rest {
		f.asked = append(f.asked, r)
		f.bodies = append(f.bodies, string(body))
	}
	f.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	resp, err := f.answer(n, r)
	switch {
	case resp != nil || err != nil || rest:
		return resp, err
	case r.URL.Path == "/oauth/token":
		return reply(200, demoToken), nil
	}
	return reply(200, demoUser), nil
}

func (f *fake) calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.asked)
}

// always answers every REST call the same way, with IDs as of [guids].
func always(status int, body string, header ...string) *fake {
	body = guids(body)
	return &fake{answer: func(_ int, r *http.Request) (*http.Response, error) {
		if !strings.HasPrefix(r.URL.Path, "/restapi/") {
			return nil, nil
		}
		return reply(status, body, header...), nil
	}}
}

func reply(status int, body string, header ...string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}, "Date": {time.Now().UTC().Format(http.TimeFormat)}}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

// guids puts envelope IDs in the place of e1, e2 and so on, and transaction IDs in
// that of t1, t2; in upper case in that of E1 and T1.
func guids(text string) string {
	return shortID.ReplaceAllStringFunc(text, func(short string) string {
		n, _ := strconv.Atoi(short[1:])
		digit := strings.NewReplacer("t", "d", "T", "D").Replace(short[:1])
		return strings.Repeat(digit, 8) + fmt.Sprintf("-0000-4000-8000-%012d", n)
	})
}

var shortID = regexp.MustCompile(`\b[eEtT]\d+\b`)

// eid is the ID that [guids] puts in the place of e1.
func eid(short string) envelope.ID { return envelope.ID(guids(short)) }

// tid is the transaction ID that [guids] puts in the place of t1.
func tid(short string) envelope.TransactionID { return transactionID(guids(short)) }

func transactionID(text string) envelope.TransactionID {
	id, err := envelope.ParseTransactionID(text)
	if err != nil {
		panic(err)
	}
	return id
}

// over returns a client that reaches rt, not yet connected.
func over(rt http.RoundTripper) *Client {
	return &Client{
		IntegrationKey: sandbox.DefaultIntegrationKey, UserID: sandbox.DefaultUserID, Key: testKey(),
		Transport: rt,
	}
}

// connected is over after Connect.
func connected(t *testing.T, rt http.RoundTripper) *Client {
	t.Helper()
	c := over(rt)
	if _, err := c.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

// offer is an envelope for the sandbox's own template.
func offer() *envelope.Envelope {
	return &envelope.Envelope{
		Identity:     envelope.Identity{Account: sandbox.DefaultAccount, Batch: "offers.csv", TransactionID: transactionID("0b9f6f1e-6d3c-5f0a-9a70-3d8f0c1b7e10"), TemplateID: sandbox.DefaultTemplate},
		Subject:      "Offer for Ann",
		Notification: &reminders.Settings{Delay: 2, Frequency: 3, Expire: 30, Warn: 4},
		Recipients: []envelope.Recipient{
			{Role: "Employee", Kind: template.Signer, RoutingOrder: 1, Name: "Ann Ek", Email: "ann@example.test"},
			{Role: "Manager", Kind: template.Signer, RoutingOrder: 2, Name: "Bo Ask", Email: "bo@example.test"},
		},
	}
}

// envelopeNumber is a transaction ID of its own for each i.
func envelopeNumber(i int) envelope.TransactionID {
	return transactionID(fmt.Sprintf("0b9f6f1e-6d3c-5f0a-9a70-%012d", i))
}
