package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/spf13/cobra"

	ours "batchsend/internal/jsonschema"
	"batchsend/internal/report"
	"batchsend/internal/sandbox"
)

// TestJSON holds what every command prints with --json against its schema, also where it
// could not do its work.
func TestJSON(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.csv")
	if err := os.WriteFile(bad, []byte("envelope,roleName,name,email\n1,Employe,Ann Ek,ann@example.test\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := writeOffers(t, dir, offers(3))
	tried := map[string]bool{}
	for _, tt := range []struct {
		command string // that has the schema
		args    []string
		code    int
	}{
		{"version", []string{"version"}, exitDone},
		{"version", []string{"version", "--frob"}, exitUsage},
		{"explain", []string{"explain"}, exitDone},
		{"explain", []string{"explain", "ROLE_UNKNOWN"}, exitDone},
		{"explain", []string{"explain", "NO_SUCH_CODE"}, exitUsage},
		{"status", []string{"status"}, exitDone},
		{"send", []string{"send", "--dry-run", file}, exitDone},
		{"send", []string{"send", "--dry-run", bad}, exitRejected},
		{"send", []string{"send", file}, exitDone},
		{"send", []string{"send", file}, exitDone},
		{"send", []string{"send", "--on-invalid", "skip", bad}, exitRejected},
		{"send", []string{"send", filepath.Join(dir, "absent.csv")}, exitCannotRun},
		{"send", []string{"send"}, exitUsage},
		{"send", []string{"send", "--frob", file}, exitUsage},
		{"send", []string{"send", "--limit", "many", file}, exitUsage},
		{"send", []string{"send", "--via", "post", file}, exitUsage},
		{"send", []string{"send", "--ping-url", "http://example.test", file}, exitUsage},
		{"send", []string{"send", "--settle", "1h", "--until", "2020-01-02T03:04:05Z", file}, exitUsage},
		{"send", []string{"send", file, file}, exitUsage},
		{"status", []string{"status"}, exitDone},
		{"status", []string{"status", "--batch", "offers.csv"}, exitDone},
		{"status", []string{"status", "--batch", "none"}, exitCannotRun},
		{"report", []string{"report", "--batch", "offers.csv"}, exitDone},
		{"report", []string{"report"}, exitUsage},
		{"reconcile", []string{"reconcile"}, exitDone},
		{"reconcile", []string{"reconcile", "extra"}, exitUsage},
		{"limits", []string{"limits"}, exitDone},
		{"doctor", []string{"doctor"}, exitDone},
		{"doctor", []string{"doctor", "--go-live"}, exitCannotRun},
		{"doctor", []string{"doctor", "--request-log"}, exitDone},
		{"template list", []string{"template"}, exitDone},
		{"template list", []string{"template", "list"}, exitDone},
		{"template show", []string{"template", sandbox.DefaultTemplate}, exitDone},
		{"template show", []string{"template", "show", sandbox.DefaultTemplate}, exitDone},
		{"template show", []string{"template", "show"}, exitUsage},
	} {
		got := runHere(t, dir, nil, append(slices.Clone(tt.args), "--sandbox", "--json")...)
		if got.code != tt.code {
			t.Errorf("%q: exit code %d, want %d\n%s%s", tt.args, got.code, tt.code, got.stdout, got.stderr)
		}
		tried[tt.command] = true
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(got.stdout))
		if err == nil {
			err = schemaOf(t, dir, tt.command).Validate(v)
		}
		if err != nil {
			t.Errorf("%q: %v\n%s", tt.args, err, got.stdout)
		}
		var failure report.Failure
		if err := json.Unmarshal([]byte(got.stdout), &failure); tt.code == exitUsage && (err != nil || failure.ExitCode != exitUsage || !strings.Contains(got.stderr, failure.Error)) {
			t.Errorf("%q: %+v (%v), want what standard error says\n%s", tt.args, failure, err, got.stderr)
		}
	}
	for name, cmd := range commandsBelow((&app{}).rootCommand(), "") {
		_, has := ours.Of(name)
		if prints := cmd.LocalFlags().Lookup("json") != nil && name != "config" && name != "template"; prints != has || prints != tried[name] {
			t.Errorf("%s: has --json: %t, a schema: %t, was tried: %t", name, prints, has, tried[name])
		}
	}
	if got := runHere(t, dir, nil, "schema", "sandbox"); got.code != exitUsage || !strings.Contains(got.stderr, "sandbox prints no JSON; these do: ") {
		t.Errorf("schema of what has none: %d %s", got.code, got.stderr)
	}
	if got := runHere(t, dir, nil, "schema"); got.stdout != strings.Join(ours.Commands(), "\n")+"\n" {
		t.Errorf("schema lists %q", got.stdout)
	}
}

// schemaOf returns a schema as the program prints it.
func schemaOf(t *testing.T, dir, command string) *jsonschema.Schema {
	t.Helper()
	got := runHere(t, dir, nil, append([]string{"schema"}, strings.Fields(command)...)...)
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(got.stdout))
	if err != nil {
		t.Fatalf("schema %s: %v\n%s", command, err, got.stderr)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// commandsBelow lists commands by the words with which they are called.
func commandsBelow(cmd *cobra.Command, words string) map[string]*cobra.Command {
	all := map[string]*cobra.Command{}
	for _, sub := range cmd.Commands() {
		name := strings.TrimSpace(words + " " + sub.Name())
		all[name] = sub
		for name, below := range commandsBelow(sub, name) {
			all[name] = below
		}
	}
	return all
}

// TestBeingTold: whoever wants to know of runs learns of those that went well, of those
// with rejected rows, and of those that could not begin.
func TestBeingTold(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var calls []string
	service := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		calls = append(calls, strings.TrimPrefix(r.URL.Path, "/5f3c"))
	}))
	defer service.Close()
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.csv")
	if err := os.WriteFile(bad, []byte("envelope,roleName,name,email\n1,Employe,Ann Ek,ann@example.test\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := writeOffers(t, dir, offers(3))
	for _, tt := range []struct {
		name  string
		args  []string
		code  int
		calls []string
		quiet bool // nothing is printed
		sent  int
	}{
		{"all was sent", []string{file}, exitDone, []string{"/start", ""}, true, 3},
		{"a dry run", []string{"--dry-run", file}, exitDone, nil, true, 0},
		{"rejected rows", []string{bad}, exitRejected, []string{"/start", "/fail"}, false, 0},
		{"no file", []string{filepath.Join(dir, "absent.csv")}, exitCannotRun, []string{"/start", "/fail"}, false, 0},
		{"a mistake", []string{"--via", "post", file}, exitUsage, []string{"/start", "/fail"}, false, 0},
		{"the time is over", []string{"--max-duration", "1ns", file}, exitStopped, []string{"/start"}, false, 0},
	} {
		calls = nil
		summary, metrics := filepath.Join(dir, "summary.json"), filepath.Join(dir, "metrics.prom")
		os.Remove(summary)
		os.Remove(metrics)
		env := map[string]string{"XDG_STATE_HOME": dir, "XDG_CONFIG_HOME": dir, "BATCHSEND_PING_URL": service.URL + "/5f3c"}
		got := runIn(t.Context(), env, "", append([]string{
			"send", "--sandbox", "--quiet", "--metrics-file", metrics, "--notify-command", "cat > '" + summary + "'",
		}, tt.args...)...)
		if got.code != tt.code || tt.quiet != (got.stdout+got.stderr == "") || strings.Contains(got.stdout+got.stderr, "5f3c") {
			t.Errorf("%s: exit code %d, want %d\n%s%s", tt.name, got.code, tt.code, got.stdout, got.stderr)
		}
		if diff := cmp.Diff(tt.calls, calls); diff != "" {
			t.Errorf("%s: calls (-want +got):\n%s", tt.name, diff)
		}
		var sum report.Summary
		text, err := os.ReadFile(summary)
		if err == nil {
			err = json.Unmarshal(text, &sum)
		}
		if err != nil || sum.ExitCode != tt.code || sum.Counts["sent"] != tt.sent || sum.DryRun != slices.Contains(tt.args, "--dry-run") || len(sum.Files) != 1 {
			t.Errorf("%s: the command got %s (%v)", tt.name, text, err)
		}
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
		if err == nil {
			err = schemaOf(t, dir, "send").Validate(v)
		}
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if text, err := os.ReadFile(metrics); err != nil || !strings.Contains(string(text), "batchsend_run_exit_code{batch=") {
			t.Errorf("%s: metrics %q (%v)", tt.name, text, err)
		}
	}
	if got := runHere(t, dir, nil, "config", "--ping-url", "https://hc-ping.com/5f3c", "--notify-command", "curl https://hooks.example.test/5f3c"); strings.Contains(got.stdout, "5f3c") || strings.Count(got.stdout, "/[hidden]") != 2 {
		t.Errorf("config shows\n%s", got.stdout)
	}
}
