package main

import (
	"bytes"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"batchsend/envelope"
	"batchsend/internal/sandbox"
)

// keeper stands between the program and the sandbox. Of the first creations of an
// envelope whose body holds a text it makes drafts, or says that it did.
type keeper struct {
	sandbox http.RoundTripper
	text    string
	times   int  // so many creations; less than 0: all
	lies    bool // the envelope is sent, and only the answer speaks of a draft
}

// RoundTrip implements [http.RoundTripper].
func (k *keeper) RoundTrip(req *http.Request) (*http.Response, error) {
	if !isCreate(req) {
		return k.sandbox.RoundTrip(req)
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	kept := k.times != 0 && bytes.Contains(body, []byte(k.text))
	draft := func(message []byte) []byte {
		return bytes.Replace(message, []byte(`"status":"sent"`), []byte(`"status":"created"`), 1)
	}
	if kept {
		k.times--
		if !k.lies {
			body = draft(body)
		}
	}
	passed := req.Clone(req.Context())
	passed.Body, passed.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	resp, err := k.sandbox.RoundTrip(passed)
	if err == nil && kept {
		resp.Body = io.NopCloser(bytes.NewReader(draft(bodyOf(resp))))
		resp.ContentLength = -1
		resp.Header.Del("Content-Length")
	}
	return resp, err
}

// TestKeptAsDraft has DocuSign answer one row's creation with an envelope ID and
// the status of a draft, truly or not: only a look-up tells whether anybody was
// mailed, and everybody is, once.
func TestKeptAsDraft(t *testing.T) {
	t.Parallel()
	const says = "DocuSign says that it kept the envelope as a draft instead of sending it"
	for _, tt := range []struct {
		name   string
		times  int
		lies   bool
		args   []string
		code   int
		counts string
		status envelope.Status // of the row in the results
		says   string          // there
		drafts int
	}{
		{name: "a proxy says so", times: 1, lies: true, code: exitDone, counts: "20 sent", status: envelope.Sent, says: "found at DocuSign"},
		{name: "once", times: 1, code: exitDone, counts: "20 sent", status: envelope.Sent, drafts: 1},
		{name: "always", times: -1, code: exitFailed, counts: "19 sent, 1 failed", status: envelope.Failed, says: says, drafts: 3},
		{name: "in a short run", times: -1, args: []string{"--max-duration", "1m"}, code: exitStopped, counts: "19 sent, 1 unknown", status: envelope.Unknown, says: says, drafts: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			all := manyOffers(20)
			file, results := writeOffers(t, dir, all), filepath.Join(dir, "results.csv")
			synctest.Test(t, func(t *testing.T) {
				server := shareSandbox(t, dir, func(*sandbox.Server) {})
				between := &keeper{sandbox: server.Transport(), text: "employee.2@", times: tt.times, lies: tt.lies}
				send := func(args ...string) (got outcome) {
					var stdout, stderr bytes.Buffer
					p := process{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, transport: between, env: map[string]string{
						"HOME": dir, "XDG_STATE_HOME": dir, "XDG_CONFIG_HOME": dir, "DOCUSIGN_AUTH_SERVER": "demo",
						"DOCUSIGN_INTEGRATION_KEY": server.IntegrationKey, "DOCUSIGN_USER_ID": server.UserID,
						"DOCUSIGN_PRIVATE_KEY": filepath.Join(dir, "sandbox", "private.pem"),
					}}
					code := p.run(t.Context(), append([]string{"send", "--template", sandbox.DefaultTemplate, "--via", "single", "--concurrency", "1", "--yes", "--results", results, file}, args...))
					return outcome{code, stdout.String(), stderr.String()}
				}
				got := send(tt.args...)
				if got.code != tt.code || !strings.HasSuffix(strings.TrimSpace(got.stdout), ": "+tt.counts) {
					t.Fatalf("exit code %d, want %d and %q\n%s%s", got.code, tt.code, tt.counts, got.stdout, got.stderr)
				}
				row := readCSV(t, results)[3]
				if row[6] != string(tt.status) || !strings.Contains(row[10], tt.says) || tt.status != envelope.Sent && row[9] != "HTTP_201" {
					t.Errorf("the results say %q", row)
				}
				if strings.Contains(got.stdout+got.stderr, "without an answer") || strings.Contains(got.stdout+got.stderr, "has no such envelope") {
					t.Errorf("there was an answer, and there is a draft:\n%s%s", got.stdout, got.stderr)
				}
				drafts := 0
				for _, env := range server.Envelopes() {
					if env.Status == "created" {
						drafts++
					}
				}
				if drafts != tt.drafts {
					t.Errorf("there are %d drafts, want %d", drafts, tt.drafts)
				}
				between.times = 0
				if got = send(); got.code != exitDone {
					t.Errorf("when all is well: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
				}
				wantEachOnce(t, all, server.Envelopes())
			})
		})
	}
}
