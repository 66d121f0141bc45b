package docusign

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	"batchsend/envelope"
)

// createdAnswer says at once that an envelope was created, with the headers that
// DocuSign's answers have.
type createdAnswer struct{}

func (createdAnswer) RoundTrip(r *http.Request) (*http.Response, error) {
	io.Copy(io.Discard, r.Body)
	r.Body.Close()
	body := []byte(`{"envelopeId":"11111111-0000-4000-8000-000000000001","uri":"/envelopes/11111111-0000-4000-8000-000000000001","statusDateTime":"2026-11-21T11:30:00.0000000Z","status":"sent"}`)
	return &http.Response{StatusCode: http.StatusCreated, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: r, Header: http.Header{
		"Content-Type":            {"application/json"},
		"Date":                    {time.Now().UTC().Format(http.TimeFormat)},
		"X-Ratelimit-Limit":       {"3000"},
		"X-Ratelimit-Remaining":   {"2999"},
		"X-Ratelimit-Reset":       {strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)},
		"X-Burstlimit-Limit":      {"500"},
		"X-Burstlimit-Remaining":  {"499"},
		"X-Docusign-Tracetoken":   {"6dd1b7a5-0000-4000-8000-000000000001"},
		"X-Docusign-Node":         {"DA2FE9"},
		"Content-Security-Policy": {"default-src 'self'"},
	}}, nil
}

// BenchmarkSend measures what a call costs beyond its transport.
func BenchmarkSend(b *testing.B) {
	c := over(createdAnswer{})
	c.login.Store(&Login{AccountID: "aaaaaaaa-0000-4000-8000-000000000001", BaseURI: "https://demo.docusign.net"})
	c.tokens.current.Store(newToken("token", time.Now(), time.Hour))
	env := offer()
	env.Fields = []envelope.Field{{Name: "Case", Value: "A-1"}}
	for b.Loop() {
		if _, err := c.Send(b.Context(), env, nil); err != nil {
			b.Fatal(err)
		}
	}
}
