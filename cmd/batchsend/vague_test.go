package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"batchsend/envelope"
	"batchsend/internal/sandbox"
)

// TestVagueAnswers has DocuSign answer one row each time in a way that does not
// tell whether its envelope exists: its code and words stand everywhere, and
// once it is proven often enough that nothing was created the row has failed.
func TestVagueAnswers(t *testing.T) {
	t.Parallel()
	const words = "Object reference not set to an instance of an object"
	tests := []struct {
		name   string
		status int
		code   string
		args   []string
		want   string // the code in the results
		words  string
	}{
		{name: "HTTP 500", status: 500, code: "UNSPECIFIED_ERROR", want: "UNSPECIFIED_ERROR", words: words},
		{name: "HTTP 400", status: 400, code: "UNSPECIFIED_ERROR", want: "UNSPECIFIED_ERROR", words: words},
		{name: "another code", status: 503, code: "SERVICE_IS_TIRED", want: "SERVICE_IS_TIRED", words: words},
		{name: "a gateway", status: 408, want: "HTTP_408", words: "a web page"},
		{name: "a page to log in", status: 200, want: "HTTP_200", words: "a web page"},
		{name: "another address", status: 302, want: "HTTP_302", words: "a web page"},
		{name: "a page to log in, in bulk", status: 200, args: []string{"--via", "bulk"}, want: "HTTP_200", words: "a web page"},
		{name: "in two steps", status: 500, code: "UNSPECIFIED_ERROR", args: []string{"--via", "two-step"}, want: "UNSPECIFIED_ERROR", words: words},
		{name: "in bulk", status: 500, code: "UNSPECIFIED_ERROR", args: []string{"--via", "bulk"}, want: "UNSPECIFIED_ERROR", words: words},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			all := manyOffers(20)
			file, results := writeOffers(t, dir, all), filepath.Join(dir, "results.csv")
			synctest.Test(t, func(t *testing.T) {
				refuse := creation(tt.status, tt.code, words).of("employee.2@")
				server := shareSandbox(t, dir, func(s *sandbox.Server) {
					s.Refuse = refuse
					s.OnRequest = exceptPages(s.OnRequest)
					if len(tt.args) > 0 && tt.args[1] == "bulk" { // the orders to send lists, and then that row
						s.Refuse = func(r *http.Request, body []byte, h http.Header) (int, string, string) {
							if strings.HasSuffix(r.URL.Path, "/send") {
								return tt.status, tt.code, words
							}
							return refuse(r, body, h)
						}
					}
				})
				got := runAgain(t, dir, append([]string{"send", "--sandbox", "--results", results, "-v", file}, tt.args...)...)
				if got.code != exitFailed || !strings.HasSuffix(strings.TrimSpace(got.stdout), "19 sent, 1 failed") {
					t.Fatalf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
				}
				failed := 0
				for _, row := range readCSV(t, results) {
					if row[6] != string(envelope.Failed) {
						continue
					}
					failed++
					if row[9] != tt.want || !strings.Contains(row[10], tt.words) {
						t.Errorf("the results say %q", row)
					}
				}
				if failed != 2 { // its two recipients
					t.Errorf("%d lines of the results have failed", failed)
				}
				for _, want := range []string{"FAILED: ", tt.words, "hint: " + tt.want + ": ", "level=INFO msg="} {
					if tt.want == "SERVICE_IS_TIRED" && strings.HasPrefix(want, "hint") {
						continue // nobody knows it
					}
					if !strings.Contains(got.stderr, want) {
						t.Errorf("it does not say %q:\n%s", want, got.stderr)
					}
				}
				if strings.Contains(got.stderr, "without an answer") {
					t.Errorf("there was an answer:\n%s", got.stderr)
				}
				server.Refuse = nil
				if got = runAgain(t, dir, "send", "--sandbox", file); got.code != exitDone {
					t.Errorf("when all is well: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
				}
				wantEachOnce(t, all, server.Envelopes())
			})
		})
	}
}

// exceptPages judges all exchanges but those that ended with a web page: it came
// from something between us and DocuSign.
func exceptPages(judge func(sandbox.Exchange)) func(sandbox.Exchange) {
	return func(x sandbox.Exchange) {
		if !strings.HasPrefix(x.Header.Get("Content-Type"), "text/html") {
			judge(x)
		}
	}
}

// TestVagueInShortRuns: runs too short to prove anything keep DocuSign's words,
// and come to an end all the same.
func TestVagueInShortRuns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, results := writeOffers(t, dir, manyOffers(1)), filepath.Join(dir, "results.csv")
	synctest.Test(t, func(t *testing.T) {
		server := shareSandbox(t, dir, func(s *sandbox.Server) {
			s.Refuse = creation(500, "UNSPECIFIED_ERROR", "An item with the same key has already been added.")
		})
		runs := 0
		for ; runs < 20; runs++ {
			got := runAgain(t, dir, "send", "--sandbox", "--max-duration", "12m", "--results", results, "--json", file)
			row := readCSV(t, results)[1]
			if row[9] != "UNSPECIFIED_ERROR" || !strings.Contains(row[10], "An item with the same key") || !strings.Contains(got.stdout, `"code": "UNSPECIFIED_ERROR"`) {
				t.Fatalf("run %d: %q\n%s%s", runs, row, got.stdout, got.stderr)
			}
			if got.code == exitFailed {
				break
			}
			if got.code != exitStopped || row[6] != string(envelope.Unknown) {
				t.Fatalf("run %d: exit code %d, %q\n%s", runs, got.code, row, got.stderr)
			}
		}
		if runs < 1 || runs > 4 || len(server.Envelopes()) != 0 {
			t.Errorf("it took %d runs, and %d envelopes exist", runs+1, len(server.Envelopes()))
		}
	})
}

// TestUnreadableInShortRun: a run too short to find out says what the answer was,
// in its results, its log and its summary.
func TestUnreadableInShortRun(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status int
		args   []string
		want   string
	}{
		{200, nil, "HTTP_200"},
		{302, nil, "HTTP_302"},
		{200, []string{"--via", "bulk"}, "HTTP_200"},
	} {
		dir := t.TempDir()
		all := manyOffers(20)
		file, results := writeOffers(t, dir, all), filepath.Join(dir, "results.csv")
		synctest.Test(t, func(t *testing.T) {
			server := shareSandbox(t, dir, func(s *sandbox.Server) {
				s.OnRequest = exceptPages(s.OnRequest)
				s.Refuse = func(r *http.Request, _ []byte, _ http.Header) (int, string, string) {
					if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/send") && (tt.args != nil || !strings.HasSuffix(r.URL.Path, "/envelopes")) {
						return 0, "", ""
					}
					return tt.status, "", ""
				}
			})
			got := runAgain(t, dir, append([]string{"send", "--sandbox", "--max-duration", "1m", "--max-errors", "0", "--results", results, "-v", file}, tt.args...)...)
			unknown := 0
			for _, row := range readCSV(t, results)[1:] {
				if row[6] == string(envelope.Pending) {
					continue
				}
				unknown++
				if row[6] != string(envelope.Unknown) || row[9] != tt.want || !strings.Contains(row[10], "the answer is a web page") {
					t.Errorf("%d %q: the results say %q", tt.status, tt.args, row)
				}
			}
			if got.code != exitStopped || unknown == 0 {
				t.Errorf("%d %q: exit code %d, %d rows are unknown\n%s%s", tt.status, tt.args, got.code, unknown, got.stdout, got.stderr)
			}
			if !strings.Contains(got.stderr, "the answer is a web page") || !strings.Contains(got.stdout, tt.want) || strings.Contains(got.stdout+got.stderr, "without an answer") {
				t.Errorf("%d %q: it does not say what the answer was\n%s%s", tt.status, tt.args, got.stdout, got.stderr)
			}
			server.Refuse = nil
			if got = runAgain(t, dir, "send", "--sandbox", file); got.code != exitDone {
				t.Errorf("%d %q: when all is well: exit code %d\n%s%s", tt.status, tt.args, got.code, got.stdout, got.stderr)
			}
			wantEachOnce(t, all, server.Envelopes())
		})
	}
}
