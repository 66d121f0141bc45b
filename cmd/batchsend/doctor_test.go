package main

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"batchsend/internal/sandbox"
)

// TestDoctor: doctor goes on after what fails as far as it can, says what to do
// about all of it, and ends with the worst. It changes nothing.
func TestDoctor(t *testing.T) {
	env, _ := served(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/accounts/"+sandbox.DefaultAccount) && brokenSettings {
				w.WriteHeader(http.StatusBadRequest)
				w.Write([]byte(`{"errorCode":"INVALID_REQUEST_PARAMETER","message":"no settings today"}`))
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	here := []string{"ok configuration", "ok key", "ok proxy", "ok network", "ok clock"}
	signedIn := slices.Concat(here, []string{"ok consent", "ok sign-in", "ok account"})
	well := slices.Concat(signedIn, []string{"ok sending", "ok bulk", "ok allowance", "ok template", "ok ledger", "ok disk"})
	but := func(steps []string, at int, more ...string) []string { // well, with others from a place on
		return slices.Concat(steps[:at], more, steps[at+len(more):])
	}
	const template = 11 // its place
	for _, tt := range []struct {
		name   string
		env    map[string]string
		args   []string
		code   int
		steps  []string
		says   []string // on stderr
		broken bool     // DocuSign does not tell of the account
	}{
		{name: "all is well", steps: well},
		{name: "the sandbox", args: []string{"--sandbox"}, steps: slices.Insert(slices.Clone(well), template+1, "ok limits")},
		{name: "no template", env: map[string]string{"BATCHSEND_TEMPLATE": ""}, steps: but(well, template, "ok templates")},
		{name: "nothing set up", env: map[string]string{"DOCUSIGN_USER_ID": ""}, code: exitCannotRun, steps: []string{"ok configuration", "FAIL sign-in", "ok proxy", "ok network", "ok clock", "--", "ok ledger", "ok disk"}, says: []string{"missing --user-id (or DOCUSIGN_USER_ID)"}},
		{
			name: "key and ledger", env: map[string]string{"DOCUSIGN_PRIVATE_KEY": "in.csv", "BATCHSEND_LEDGER": "."}, code: exitCannotRun,
			steps: []string{"ok configuration", "FAIL key", "ok proxy", "ok network", "ok clock", "--", "FAIL ledger"}, says: []string{"private key \"in.csv\": there is no PEM key", "it begins with -----BEGIN RSA PRIVATE KEY-----", "ledger \".\": it is a directory", "hint: give --ledger the path of a file in it"},
		},
		{name: "nobody answers", env: map[string]string{"DOCUSIGN_AUTH_SERVER": "http://127.0.0.1:1"}, code: exitCannotRun, steps: []string{"ok configuration", "ok key", "ok proxy", "FAIL network", "--", "ok ledger", "ok disk"}, says: []string{"127.0.0.1:1"}},
		{name: "settings", broken: true, code: exitCannotRun, steps: but(well, 8, "FAIL settings"), says: []string{"no settings today"}},
		{name: "the template's name", args: []string{"--template", "Offer letter"}, code: exitUsage, steps: but(well, template, "FAIL template"), says: []string{"its ID is " + sandbox.DefaultTemplate}},
		{
			name: "template and ledger", args: []string{"--template", "Offer letter", "--ledger", "in.csv"}, code: exitCannotRun,
			steps: but(well, template, "FAIL template", "FAIL ledger")[:template+2], says: []string{"its ID is " + sandbox.DefaultTemplate, "this is not a ledger of batchsend", "hint: give --ledger another path"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlace(t)
			maps.Copy(p.env, env)
			maps.Copy(p.env, tt.env)
			brokenSettings = tt.broken
			defer func() { brokenSettings = false }()
			before := everyFile(t, p.dir)
			got := p.run(t, nil, append([]string{"doctor"}, tt.args...)...)
			var steps []string
			for _, m := range regexp.MustCompile(`(?m)^(ok|FAIL|--) +(\S+)`).FindAllStringSubmatch(got.stdout, -1) {
				if m[1] == "--" {
					m[2] = ""
				}
				steps = append(steps, strings.TrimSpace(m[1]+" "+m[2]))
			}
			if diff := cmp.Diff(tt.steps, steps); diff != "" || got.code != tt.code {
				t.Errorf("exit code %d, want %d, steps (-want +got):\n%s\n%s%s", got.code, tt.code, diff, got.stdout, got.stderr)
			}
			for _, text := range tt.says {
				if !strings.Contains(got.stderr, text) {
					t.Errorf("it does not say %q:\n%s", text, got.stderr)
				}
			}
			after := everyFile(t, p.dir)
			if tt.name == "the sandbox" { // which keeps a record of its own
				after = slices.DeleteFunc(after, func(name string) bool { return strings.Contains(name, "/sandbox/") })
				before = slices.DeleteFunc(before, func(name string) bool { return strings.Contains(name, "/sandbox/") })
			}
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("files (-before +after):\n%s", diff)
			}
		})
	}
}

// TestKeyThroughPipe: a key that another program hands over, as in
// --private-key <(pass docusign), can be read once.
func TestKeyThroughPipe(t *testing.T) {
	if _, err := os.Stat("/dev/fd"); err != nil {
		t.Skip("pipes have no names here")
	}
	env, kit := served(t, nil)
	key, err := os.ReadFile(kit.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range signingCommands {
		p := newPlace(t)
		maps.Copy(p.env, env)
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Write(key)
		if err = errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		got := p.run(t, nil, append(args, "--private-key", fmt.Sprintf("/dev/fd/%d", r.Fd()))...)
		if got.code != exitDone && got.code != exitRejected {
			t.Errorf("%q: exit code %d\n%s%s", args, got.code, got.stdout, got.stderr)
		}
		r.Close()
	}
}

// brokenSettings has the server of [TestDoctor] refuse to tell of the account.
var brokenSettings bool

// everyFile lists the files and directories under dir.
func everyFile(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		names = append(names, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
