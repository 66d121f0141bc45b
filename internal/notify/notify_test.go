package notify_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"batchsend/envelope"
	"batchsend/internal/notify"
	"batchsend/internal/report"
)

// said is what the operator was told.
type said struct {
	mu    sync.Mutex
	lines []string
}

func (s *said) Write(p []byte) (int, error) {
	s.add("%s", strings.TrimSpace(string(p)))
	return len(p), nil
}

func (s *said) add(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, fmt.Sprintf(format, args...))
}

// newNotifier returns a notifier of a run of offers.csv, and what it says.
func newNotifier(w notify.Wanted, sum *report.Summary) (*notify.Notifier, *said) {
	s := &said{}
	return &notify.Notifier{
		Wanted: w, Program: "batchsend/test", DryRun: sum.DryRun, Summary: sum, Transport: http.DefaultTransport, Output: s,
		Env:  map[string]string{"PATH": os.Getenv("PATH")},
		Say:  func(format string, args ...any) { s.add("say: "+format, args...) },
		Warn: func(format string, args ...any) { s.add("warn: "+format, args...) },
	}, s
}

// tell has a notifier tell of its run from beginning to end, and returns what it says.
func tell(t *testing.T, w notify.Wanted, sum *report.Summary) []string {
	t.Helper()
	n, s := newNotifier(w, sum)
	if err := n.Check(); err != nil {
		t.Fatal(err)
	}
	n.Begin(t.Context())
	n.End(t.Context())
	return s.lines
}

// ended is a run that ended with an exit code.
func ended(code int) *report.Summary {
	return &report.Summary{
		ExitCode: code, Files: []string{"inbox/offers.csv"}, Batches: []string{"offers.csv"}, Seconds: 2.5,
		Counts: report.Counts{envelope.Sent: 494, envelope.Failed: 6}, Calls: &report.Calls{Made: 503, Refused: 1},
	}
}

// service is a dead-man's switch on loopback.
type service struct {
	*httptest.Server
	mu     sync.Mutex
	calls  []string
	answer func(call int) int // the status; nil: 200
}

func newService(t *testing.T, answer func(int) int) *service {
	s := &service{answer: answer}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.calls = append(s.calls, strings.TrimSpace(r.Method+" "+r.URL.String()+" "+string(body)))
		if s.answer != nil {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(s.answer(len(s.calls)))
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// TestPing: the service hears of the beginning and of the end, unless the next run goes
// on by itself: then the one that gets to the end tells of it. It learns no names.
func TestPing(t *testing.T) {
	t.Parallel()
	const start, counts = "POST /5f3c/start?x=1", "\n500 envelopes: 494 sent, 6 failed"
	for code, want := range map[int][]string{
		0: {start, "POST /5f3c?x=1 exit code 0" + counts},
		1: {start, "POST /5f3c/fail?x=1 exit code 1" + counts},
		2: {start, "POST /5f3c/fail?x=1 exit code 2" + counts},
		3: {start, "POST /5f3c/fail?x=1 exit code 3" + counts},
		4: {start, "POST /5f3c/fail?x=1 exit code 4" + counts},
		5: {start},
	} {
		s := newService(t, nil)
		if says := tell(t, notify.Wanted{Ping: s.URL + "/5f3c?x=1"}, ended(code)); len(says) > 0 {
			t.Errorf("exit code %d: %q, want silence", code, says)
		}
		if diff := cmp.Diff(want, s.calls); diff != "" {
			t.Errorf("exit code %d (-want +got):\n%s", code, diff)
		}
	}
	s, dry := newService(t, nil), ended(0)
	dry.DryRun = true
	if tell(t, notify.Wanted{Ping: s.URL + "/5f3c"}, dry); len(s.calls) > 0 {
		t.Errorf("a dry run calls %q", s.calls)
	}
}

// TestPingFails: a call is made again once where that may help; a failure is said
// without the URL.
func TestPingFails(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		answer func(call int) int
		calls  int
		says   []string
	}{
		{"trouble that passes", func(call int) int { return []int{503, 200, 502, 200}[call-1] }, 4, nil},
		{"trouble", func(int) int { return 500 }, 4, []string{"say: --ping-url URL/[hidden]: it answered 500 Internal Server Error", "warn: --ping-url URL/[hidden]: it answered 500 Internal Server Error; whoever watches it may raise an alarm"}},
		{"no such check", func(int) int { return 404 }, 2, []string{"say: --ping-url URL/[hidden]: it answered 404 Not Found", "warn: --ping-url URL/[hidden]: it answered 404 Not Found; whoever watches it may raise an alarm"}},
		{"no way to start", func(call int) int { return []int{404, 200}[call-1] }, 2, []string{"say: --ping-url URL/[hidden]: it answered 404 Not Found"}},
		{"a redirect", func(int) int { return 302 }, 2, []string{"say: --ping-url URL/[hidden]: it answered 302 Found", "warn: --ping-url URL/[hidden]: it answered 302 Found; whoever watches it may raise an alarm"}},
	} {
		s := newService(t, tt.answer)
		says := tell(t, notify.Wanted{Ping: s.URL + "/5f3c"}, ended(0))
		for i := range says {
			says[i] = strings.ReplaceAll(says[i], s.URL, "URL")
		}
		if diff := cmp.Diff(tt.says, says); diff != "" || len(s.calls) != tt.calls {
			t.Errorf("%s: %d calls, want %d; it says (-want +got):\n%s", tt.name, len(s.calls), tt.calls, diff)
		}
	}
	s := newService(t, nil)
	s.Close()
	says := strings.Join(tell(t, notify.Wanted{Ping: s.URL + "/5f3c"}, ended(0)), "\n")
	if !strings.Contains(says, "warn: ") || !strings.Contains(says, "refused") || strings.Contains(says, "5f3c") {
		t.Errorf("nobody is there: %s", says)
	}
}

func TestCheckPing(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"":                             "",
		"https://hc-ping.com/5f3c":     "",
		"http://127.0.0.1:8000/5f3c":   "",
		"http://[::1]/5f3c":            "",
		"http://localhost/5f3c":        "",
		"http://hc-ping.com/5f3c":      "http is for addresses of this machine only",
		"http://localhost.evil.test/a": "http is for addresses of this machine only",
		"hc-ping.com/5f3c":             "it must be a URL",
		"https:///5f3c":                "it must be a URL",
		"https://a@hc-ping.com/5f3c":   "it must not hold a user",
		"file:///etc/passwd":           "it must be a URL",
		"gopher://hc-ping.com/5f3c":    "it must begin with https://",
		"https://hc-ping.com/5f3c\n/":  "it must be a URL",
	} {
		err := notify.CheckPing(url)
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "5f3c")) {
			t.Errorf("CheckPing(%q) = %v, want %q", url, err, want)
		}
	}
}

// TestCommand: the command gets the summary and no secrets, what it prints is shown, and
// whether it fails is said.
func TestCommand(t *testing.T) {
	t.Parallel()
	const cat = `cat >summary.json && env >env.txt && echo told; echo badly >&2`
	dir := t.TempDir()
	sum := ended(4)
	sum.Problems = []report.Problem{{File: "offers.csv", Line: 2, Code: envelope.RoleUnknown, Message: "odd\x1b[31m"}}
	n, s := newNotifier(notify.Wanted{Command: "cd " + dir + " && " + cat}, sum)
	n.Env = map[string]string{
		"PATH": os.Getenv("PATH"), "HOME": "/home/ops", "HTTPS_PROXY": "http://ops:pw-proxy@10.0.0.1:3128", "BATCHSEND_PROFILE": "night",
		"BATCHSEND_LEDGER": "postgres://batch:pw-ledger@db/sends", "DOCUSIGN_PRIVATE_KEY": "/keys/docusign.pem", "Docusign_User_Id": "1",
		"PGPASSWORD": "pw-database", "BATCHSEND_PING_URL": "https://hc-ping.com/5f3c", "BATCHSEND_NOTIFY_COMMAND": "cat",
		"OUR_KEY": "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA1234\n-----END RSA PRIVATE KEY-----", "TOKEN": "Bearer opaque0123456789",
	}
	n.End(t.Context())
	if diff := cmp.Diff([]string{"told", "badly"}, strings.Fields(strings.Join(s.lines, "\n"))); diff != "" {
		t.Errorf("it shows (-want +got):\n%s", diff)
	}
	var got report.Summary
	text, err := os.ReadFile(filepath.Join(dir, "summary.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &got); err != nil || got.ExitCode != 4 || got.Counts[envelope.Failed] != 6 || got.Problems[0].Message != "odd\x1b[31m" {
		t.Errorf("it gets %s (%v)", text, err)
	}
	env, err := os.ReadFile(filepath.Join(dir, "env.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(string(env)) {
		if name, _, _ := strings.Cut(line, "="); !slices.Contains([]string{"PWD", "OLDPWD", "SHLVL", "_"}, name) { // the shell's
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if diff := cmp.Diff([]string{"BATCHSEND_PROFILE", "HOME", "HTTPS_PROXY", "PATH"}, names); diff != "" {
		t.Errorf("its environment (-want +got):\n%s", diff)
	}

	for line, want := range map[string]string{
		"exit 7":             "warn: --notify-command: the command failed: exit status 7; the run and its exit code stay as they are",
		"kill -9 $$":         "warn: --notify-command: the command failed: signal: killed; the run and its exit code stay as they are",
		"nosuch-a1b2 secret": "the command failed: exit status 127",
		"true":               "", // it does not read the summary
	} {
		large := ended(0)
		large.Stopped = strings.Repeat("more than a pipe holds ", 10_000)
		says := strings.Join(tell(t, notify.Wanted{Command: line}, large), "\n")
		if (says == "") != (want == "") || !strings.Contains(says, want) {
			t.Errorf("%s: %q, want %q", line, says, want)
		}
	}
}

// TestMetrics holds the file to what node_exporter's users find in it.
func TestMetrics(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "batchsend.prom")
	series := func() map[string]string {
		t.Helper()
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]string{}
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(strings.TrimSpace(line), "} "); ok && !strings.HasPrefix(line, "#") {
				found[name+"}"] = value
			}
		}
		return found
	}
	if says := tell(t, notify.Wanted{Metrics: path}, ended(0)); len(says) > 0 {
		t.Errorf("it says %q", says)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("the file: %v, %v; want mode 0644, for node_exporter is another user", info.Mode(), err)
	}
	first := series()
	success := first[`batchsend_last_success_timestamp_seconds{batch="offers.csv"}`]
	for name, want := range map[string]string{
		`batchsend_envelopes{batch="offers.csv",status="sent"}`:              "494",
		`batchsend_envelopes{batch="offers.csv",status="failed"}`:            "6",
		`batchsend_envelopes{batch="offers.csv",status="pending"}`:           "0",
		`batchsend_run_exit_code{batch="offers.csv"}`:                        "0",
		`batchsend_run_duration_seconds{batch="offers.csv"}`:                 "2.5",
		`batchsend_run_dry{batch="offers.csv"}`:                              "0",
		`batchsend_run_api_calls{batch="offers.csv"}`:                        "503",
		`batchsend_run_api_calls_refused{batch="offers.csv"}`:                "1",
		`batchsend_last_run_timestamp_seconds{batch="offers.csv"}`:           success,
		`batchsend_last_success_timestamp_seconds{batch="offers.csv"}`:       success,
		`batchsend_envelopes{batch="offers.csv",status="already-sent"}`:      "0",
		`batchsend_envelopes{batch="offers.csv",status="rejected"}`:          "0",
		`batchsend_envelopes{batch="offers.csv",status="unknown"}`:           "0",
		`batchsend_envelopes{batch="offers.csv",status="valid"}`:             "0",
		`batchsend_envelopes{batch="offers.csv",status="no such status"}`:    "",
		`batchsend_last_success_timestamp_seconds{batch="no such batch"}`:    "",
		`batchsend_run_exit_code{batch="offers.csv",status="no such label"}`: "",
	} {
		if first[name] != want {
			t.Errorf("%s is %q, want %q", name, first[name], want)
		}
	}

	// What is no success leaves the time of the last one, also if it could not begin.
	dry, unable := ended(0), &report.Summary{ExitCode: 1, Files: []string{"inbox/june.csv"}}
	dry.DryRun = true
	for _, sum := range []*report.Summary{ended(4), ended(5), dry, unable} {
		tell(t, notify.Wanted{Metrics: path}, sum)
		if got := series()[`batchsend_last_success_timestamp_seconds{batch="offers.csv"}`]; got != success || success == "" {
			t.Errorf("after exit code %d (dry: %t) the last success is %q, want %q", sum.ExitCode, sum.DryRun, got, success)
		}
	}
	if got := series()[`batchsend_run_exit_code{batch="june.csv"}`]; got != "1" {
		t.Errorf("of a run that could not begin: %v", series())
	}
	two := ended(0)
	two.Batches = []string{"june", "april", "june"}
	tell(t, notify.Wanted{Metrics: path}, two)
	if got := series(); got[`batchsend_run_exit_code{batch="april,june"}`] != "0" || got[`batchsend_last_success_timestamp_seconds{batch="offers.csv"}`] != "" {
		t.Errorf("of two batches: %v", got)
	}
	if err := os.WriteFile(path, []byte("no metrics {\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if says := tell(t, notify.Wanted{Metrics: path}, ended(4)); len(says) > 0 || len(series()) == 0 {
		t.Errorf("over a file that is none: %q", says)
	}
}

// TestMetricsCheck: a file that cannot be written, or must stay, is told before the run.
func TestMetricsCheck(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key := filepath.Join(dir, "key.pem")
	if err := os.WriteFile(key, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"":                                   "",
		filepath.Join(dir, "a.prom"):         "",
		filepath.Join(dir, "none", "a.prom"): "cannot be written",
		dir:                                  "it is a directory",
		"-":                                  "cannot be -: name a file",
		"/dev/stderr":                        "cannot be /dev/stderr: name a file",
		"/dev/null":                          "device or pipe /dev/null",
		key:                                  "key.pem is the private key",
	} {
		n, _ := newNotifier(notify.Wanted{Metrics: path}, ended(0))
		n.Precious = map[string]string{key: "the private key"}
		if err := n.Check(); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("Check of %q: %v, want %q", path, err, want)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("the check leaves %v (%v)", left, err)
	}
}
