package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"batchsend/internal/censor"
	"batchsend/internal/cmdline"
	"batchsend/internal/sandbox"
)

// secretText is a secret in one of the forms in which people paste it, and the
// pieces of it that must be seen nowhere.
type secretText struct {
	name, value string
	kind        censor.Secret
	pieces      []string
}

const (
	testToken    = "eyJ0eXAiOiJNVCIsImFsZyI6IlJTMjU2In0.AQoAAAABAAUABwCAUZ9kS3LbSAgAgJHCZ1a2.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"
	testPassword = "Gr8-Secret"
)

// keyForms are the forms in which a private key is pasted: those that are used
// and those that are broken.
func keyForms(text string) (good, broken map[string]string) {
	good = map[string]string{
		"whole":                 text,
		"on one line":           strings.Join(strings.Fields(text), " "),
		"line ends written out": strings.ReplaceAll(strings.TrimSpace(text), "\n", `\n`),
		"base64":                base64.StdEncoding.EncodeToString([]byte(text)),
	}
	broken = map[string]string{
		"half":          text[:len(text)/2],
		"without BEGIN": strings.TrimPrefix(text[800:], "-"),
		"one sign off":  strings.Replace(text, "A", "*", 1),
	}
	return good, broken
}

// secretTexts are all secrets, the forms of the key at path among them.
func secretTexts(t *testing.T, path string) (all []secretText) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	lines := strings.Split(strings.TrimSpace(text), "\n")
	pieces := lines[1 : len(lines)-1]
	encoded := base64.StdEncoding.EncodeToString(data)
	for piece := range slices.Chunk([]byte(encoded), 60) {
		pieces = append(pieces, string(piece))
	}
	good, broken := keyForms(text)
	for _, forms := range []map[string]string{good, broken} {
		for _, name := range slices.Sorted(maps.Keys(forms)) {
			all = append(all, secretText{"key " + name, forms[name], censor.Key, pieces})
		}
	}
	return append(all,
		secretText{"token", testToken, censor.Token, strings.Split(testToken, ".")},
		secretText{"postgres URL", "postgres://batch:" + testPassword + "@127.0.0.1:1/sends", censor.Password, []string{testPassword}},
		secretText{"broken postgres URL", "postgres://batch:%zz" + testPassword + "@127.0.0.1/sends", censor.Password, []string{testPassword}},
		secretText{"proxy URL", "http://proxy:" + testPassword + "@127.0.0.1:1", censor.Password, []string{testPassword}},
		secretText{"proxy without a scheme", "proxy:" + testPassword + "@127.0.0.1:1", censor.Password, []string{testPassword}},
	)
}

// wantUnseen fails if a text holds a piece of the secret.
func (s *secretText) wantUnseen(t *testing.T, what, text string) {
	t.Helper()
	for _, piece := range s.pieces {
		if strings.Contains(text, piece) {
			t.Fatalf("%s: %s shows %q:\n%.3000s", s.name, what, piece, text)
		}
	}
}

// wantUnwritten fails if a file under dir holds a piece of the secret.
func (s *secretText) wantUnwritten(t *testing.T, dir string, but ...string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || slices.Contains(but, path) {
			return err
		}
		data, err := os.ReadFile(path)
		s.wantUnseen(t, path+" (name)", path)
		s.wantUnseen(t, path, string(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// place is a user's directories, with a file to send.
type place struct {
	dir string
	env map[string]string
}

const placeRows = "envelope,roleName,name,email,accessCode\n1,Employee,Ann Ek,ann.ek@example.test,\n1,Manager,Bo Lind,bo.lind@example.test,\n2,Employee,Cy Ost,cy.ost,\n"

// placeKey is the key of all places' sandboxes: making one takes long.
var placeKey = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	kit, err := sandbox.Prepare(dir)
	if err != nil {
		return "", err
	}
	key, err := os.ReadFile(kit.KeyFile)
	return string(key), err
})

// newPlace makes a place and goes there.
func newPlace(t *testing.T) *place {
	t.Helper()
	key, err := placeKey()
	if err != nil {
		t.Fatal(err)
	}
	p := &place{dir: t.TempDir()}
	t.Chdir(p.dir)
	p.write(t, "in.csv", placeRows)
	p.write(t, "state/batchsend/sandbox/private.pem", key)
	p.write(t, "practice/private.pem", key)
	p.env = map[string]string{"HOME": p.dir, "XDG_STATE_HOME": filepath.Join(p.dir, "state"), "XDG_CONFIG_HOME": filepath.Join(p.dir, "config")}
	return p
}

func (p *place) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// run runs the program here, with more in its environment. What serves is
// interrupted at once.
func (p *place) run(t *testing.T, env map[string]string, args ...string) outcome {
	t.Helper()
	all := maps.Clone(p.env)
	maps.Copy(all, env)
	ctx := t.Context()
	if len(args) > 0 && args[0] == "sandbox" {
		ended, cancel := context.WithCancel(ctx)
		cancel()
		ctx = ended
	}
	return runIn(ctx, all, placeRows, args...)
}

// commandLine is a command that does something.
func commandLine(name string) []string {
	switch name {
	case "send":
		return []string{"send", "--sandbox", "--on-invalid", "skip", "--results", "r.csv", "--rejects", "j.csv", "--report", "h.html", "in.csv"}
	case "sandbox":
		return []string{"sandbox", "--addr", "127.0.0.1:0", "--dir", "practice"}
	case "login": // nobody comes
		return []string{name, "--sandbox", "--no-browser", "--timeout", "1ms"}
	case "completion":
		return []string{name, "bash"}
	case "explain", "version", "help", "config":
		return []string{name}
	}
	return []string{name, "--sandbox"}
}

// everyCommand returns the program's commands by name.
func everyCommand() map[string]*cobra.Command {
	a := &app{}
	root := a.rootCommand()
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	all := map[string]*cobra.Command{}
	for _, cmd := range root.Commands() {
		all[cmd.Name()] = cmd
	}
	return all
}

// TestSecretsInSettings gives every secret to every command as every setting: on
// the command line, in the environment and in the configuration file. Where it
// does not belong it is refused; wherever it is, it is neither printed nor
// written.
func TestSecretsInSettings(t *testing.T) {
	large(t)
	kit, err := sandbox.Prepare(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	secrets := slices.DeleteFunc(secretTexts(t, kit.KeyFile), func(s secretText) bool {
		return slices.Contains([]string{"key on one line", "key without BEGIN", "key one sign off", "broken postgres URL", "proxy URL"}, s.name) // the tests of censor know them
	})
	commands := everyCommand()
	for _, name := range slices.Sorted(maps.Keys(commands)) {
		flags := commands[name].Flags()
		flags.AddFlagSet(commands[name].InheritedFlags())
		for _, secret := range secrets {
			t.Run(name+"/"+secret.name, func(t *testing.T) {
				p := newPlace(t)
				base := commandLine(name)
				check := func(way string, refused bool, env map[string]string, args ...string) {
					t.Helper()
					got := p.run(t, env, args...)
					secret.wantUnseen(t, way+": stdout", got.stdout)
					secret.wantUnseen(t, way+": stderr", got.stderr)
					if refused && (got.code != exitUsage || !strings.Contains(got.stderr, string(secret.kind))) {
						t.Errorf("%s: exit code %d, want %d and %q\n%s%s", way, got.code, exitUsage, secret.kind, got.stdout, got.stderr)
					}
					if flag, typed := strings.CutPrefix(way, "--"); typed && !strings.HasPrefix(got.stderr, "batchsend: --"+strings.TrimSuffix(flag, "=")+" is "+string(secret.kind)) {
						t.Errorf("%s: the flag is not named:\n%s", way, got.stderr)
					}
				}
				others := map[string]string{}
				for _, flag := range cmdline.FlagNames((&app{}).rootCommand()) {
					others[schema.Variable(flag)] = secret.value
				}
				flags.VisitAll(func(f *pflag.Flag) {
					variable := schema.Variable(f.Name)
					delete(others, variable)
					check("--"+f.Name, true, nil, slices.Concat(base, []string{"--" + f.Name, secret.value})...)
					check("--"+f.Name+"=", true, nil, slices.Concat(base, []string{"--" + f.Name + "=" + secret.value})...)
					if f.Name == "help" {
						return
					}
					if !slices.Contains(base, "--"+f.Name) && name != "help" {
						check(variable, secret.kind != schema.MayHold[f.Name], map[string]string{variable: secret.value}, base...)
						if f.Name == "config" {
							return
						}
						path := p.write(t, "secret.toml", fmt.Sprintf("%s = %q\n", f.Name, secret.value))
						check("file", secret.kind != schema.MayHold[f.Name] && f.Name != "profile", nil, slices.Concat(base, []string{"--config", path})...)
						os.Remove(path)
					}
				})
				check("other settings", false, others, base...)
				check("an argument", true, nil, append(base, secret.value)...)
				check("the first argument", true, nil, append([]string{secret.value}, base...)...)
				check("an unknown flag", true, nil, append(base, "--"+secret.value)...)
				path := p.write(t, "secret.txt", secret.value)
				check("as the configuration file", false, nil, append(base, "--config", path)...)
				check("as the input", true, nil, "send", "--sandbox", "--on-invalid", "skip", "--results", "r.csv", "--rejects", "j.csv", "--report", "h.html", path)
				check("as the name of a profile", false, nil, append(base, "--config", p.write(t, "secret.txt", fmt.Sprintf("default-profile = %q\n", secret.value)))...)
				check("unquoted in the file", false, nil, append(base, "--config", p.write(t, "secret.txt", "private-key = "+secret.value+"\n"))...)
				secret.wantUnwritten(t, p.dir, filepath.Join(p.dir, "secret.txt"))
			})
		}
	}
}

// served runs a sandbox on a port of this machine and returns what a user must
// have in the environment to use it; the key is the text.
func served(t *testing.T, wrap func(http.Handler) http.Handler) (env map[string]string, kit *sandbox.Kit) {
	t.Helper()
	kit, err := sandbox.Prepare(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	server := kit.Server()
	server.Store = ""
	handler := server.Handler()
	if wrap != nil {
		handler = wrap(handler)
	}
	web := httptest.NewServer(handler)
	t.Cleanup(web.Close)
	return map[string]string{
		"DOCUSIGN_AUTH_SERVER": web.URL, "DOCUSIGN_INTEGRATION_KEY": sandbox.DefaultIntegrationKey, "DOCUSIGN_USER_ID": sandbox.DefaultUserID,
		"DOCUSIGN_PRIVATE_KEY": kit.KeyFile, "DOCUSIGN_ACCOUNT_ID": sandbox.DefaultAccount, "BATCHSEND_TEMPLATE": sandbox.DefaultTemplate,
	}, kit
}

// signingCommands are the commands that sign in.
var signingCommands = [][]string{
	{"doctor"},
	{"template"},
	{"send", "--dry-run", "--on-invalid", "skip", "in.csv"},
	{"send", "--json", "--on-invalid", "skip", "--results", "r.csv", "--report", "h.html", "in.csv"},
	{"status", "--refresh"},
	{"reconcile"},
	{"config", "-v"},
}

// TestKeyAsText: the text of a key is taken for the key, from the environment as
// from the configuration file, and a broken one is refused; neither is shown.
func TestKeyAsText(t *testing.T) {
	env, kit := served(t, nil)
	text, err := os.ReadFile(kit.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	good, _ := keyForms(string(text))
	for _, secret := range secretTexts(t, kit.KeyFile) {
		form, isKey := strings.CutPrefix(secret.name, "key ")
		if !isKey {
			continue
		}
		t.Run(secret.name, func(t *testing.T) {
			p := newPlace(t)
			maps.Copy(p.env, env)
			for _, args := range signingCommands {
				for _, way := range []string{"environment", "file"} {
					p.env["DOCUSIGN_PRIVATE_KEY"] = secret.value
					args := args
					if way == "file" {
						delete(p.env, "DOCUSIGN_PRIVATE_KEY")
						args = append(slices.Clone(args), "--config", p.write(t, "secret.toml", fmt.Sprintf("private-key = %q\n", secret.value)))
					}
					got := p.run(t, nil, append(args, "-v")...)
					secret.wantUnseen(t, way+": stdout", got.stdout)
					secret.wantUnseen(t, way+": stderr", got.stderr)
					_, works := good[form]
					signedIn := got.code == exitDone || got.code == exitRejected
					if works != signedIn && args[0] != "config" {
						t.Errorf("%s, %q: exit code %d\n%s%s", way, args, got.code, got.stdout, got.stderr)
					}
					if !works && args[0] == "doctor" && !strings.Contains(got.stderr, "private key (") {
						t.Errorf("%s: it does not say whose fault it is:\n%s", way, got.stderr)
					}
				}
			}
			secret.wantUnwritten(t, p.dir, filepath.Join(p.dir, "secret.toml"))
		})
	}
}

// TestPlatformSecrets: a secret in a file that others may read is refused, unless
// the platform hands it out like that.
func TestPlatformSecrets(t *testing.T) {
	env, kit := served(t, nil)
	key, err := os.ReadFile(kit.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	p := newPlace(t)
	maps.Copy(p.env, env)
	delete(p.env, "DOCUSIGN_PRIVATE_KEY")
	config := p.write(t, "config/batchsend/config.toml", fmt.Sprintf("private-key = %q\n", key))
	wide := p.write(t, "credentials/docusign.pem", string(key))
	for _, path := range []string{config, wide} {
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	credentials := map[string]string{"CREDENTIALS_DIRECTORY": filepath.Dir(wide)}
	for _, tt := range []struct {
		env  map[string]string
		args []string
		says string // "" if all is well
	}{
		{nil, nil, config + ": private-key is the text of a private key, and others may read the file (mode 0644)\nhint: chmod 600 " + config},
		{nil, []string{"--private-key", wide, "--config", "/dev/null"}, "others may read the file (mode 0644)\nhint: chmod 600 " + wide},
		{credentials, []string{"--private-key", wide, "--config", "/dev/null"}, ""},
	} {
		got := p.run(t, tt.env, append([]string{"template"}, tt.args...)...)
		if (got.code == exitDone) != (tt.says == "") || !strings.Contains(got.stderr, tt.says) {
			t.Errorf("%q: exit code %d, want %q\n%s%s", tt.args, got.code, tt.says, got.stdout, got.stderr)
		}
	}
	if err := os.Chmod(config, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := p.run(t, nil, "template"); got.code != exitDone {
		t.Errorf("in a private configuration file: exit code %d\n%s", got.code, got.stderr)
	}
}

// TestProxyPassword: whatever is wrong with a proxy, its password is not shown.
func TestProxyPassword(t *testing.T) {
	for _, address := range []string{
		"http://proxy:" + testPassword + "@127.0.0.1:1",
		"http://proxy:%zz" + testPassword + "@127.0.0.1:1",
		"proxy:" + testPassword + "@127.0.0.1:1",
		"gopher://proxy:" + testPassword + "@127.0.0.1:1",
		"socks5://proxy:" + testPassword + "@127.0.0.1:1",
		"http://proxy:" + testPassword + "@127.0.0.1:1:1",
	} {
		secret := secretText{name: address, pieces: []string{testPassword}}
		for _, args := range signingCommands[:3] {
			p := newPlace(t)
			got := p.run(t, map[string]string{
				"HTTPS_PROXY": address, "DOCUSIGN_INTEGRATION_KEY": sandbox.DefaultIntegrationKey,
				"DOCUSIGN_USER_ID": sandbox.DefaultUserID, "DOCUSIGN_PRIVATE_KEY": "practice/private.pem",
			}, append(args, "-v")...)
			secret.wantUnseen(t, "stdout", got.stdout)
			secret.wantUnseen(t, "stderr", got.stderr)
			secret.wantUnwritten(t, p.dir)
			if got.code != exitCannotRun || !strings.Contains(got.stderr, "proxy") {
				t.Errorf("%s, %q: exit code %d, want %d and a word about the proxy\n%s", address, args, got.code, exitCannotRun, got.stderr)
			}
		}
	}
}

// hostile is a sandbox that says of everybody and everything what would steer a
// terminal, and repeats in its refusals what it was sent.
func hostile(next http.Handler) http.Handler {
	const steering = "\x1b]0;owned\x07\x1b[2J\u202e\u009b31m\r"
	names := regexp.MustCompile(`"(name|account_name|email|roleName|tabLabel)":"([^"])`)
	inTemplates := regexp.MustCompile(`"(name|roleName|tabLabel)":"([^"])`) // with such an address nothing could be sent
	quoted, _ := json.Marshal(steering)
	insert := strings.Trim(string(quoted), `"`)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/envelopes") {
			said, _ := json.Marshal(map[string]string{
				"errorCode": "INVALID_REQUEST_PARAMETER" + steering,
				"message":   "accessCode: 'sesame-9', so sesame-9, of " + testToken + " is wrong: " + string(body) + steering,
			})
			w.Header().Set("X-DocuSign-TraceToken", "trace \u202e\u009b")
			w.WriteHeader(http.StatusBadRequest)
			w.Write(said)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		maps.Copy(w.Header(), answer.Header())
		w.Header().Del("Content-Length")
		w.WriteHeader(answer.Code)
		if strings.Contains(r.URL.Path, "/templates") {
			writable := strings.ReplaceAll(insert, `\r`, `\b`) // a carriage return would be the end of a line to the file
			w.Write(inTemplates.ReplaceAll(answer.Body.Bytes(), []byte(`"$1":"`+writable+`$2`)))
			return
		}
		w.Write(names.ReplaceAll(answer.Body.Bytes(), []byte(`"$1":"`+insert+`$2`)))
	})
}

// steers finds what steers a terminal.
func steers(text string) string {
	for i, r := range text {
		if r != '\n' && r != '\t' && censor.Visible(string(r)) != string(r) {
			return fmt.Sprintf("%q", text[max(0, i-20):min(len(text), i+20)])
		}
	}
	return ""
}

// TestHostileAnswers: nothing that DocuSign says steers a terminal, and what it
// repeats of a request is shown without access codes.
func TestHostileAnswers(t *testing.T) {
	env, kit := served(t, hostile)
	data, err := os.ReadFile(kit.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	const code = "sesame-9"
	secret := secretText{name: "access code", pieces: []string{code, testToken, strings.Split(string(data), "\n")[1]}}
	p := newPlace(t)
	maps.Copy(p.env, env)
	// The names of roles are not what they seem, so that the file has to say so.
	role := "\x1b]0;owned\x07\x1b[2J\u202e\u009b31m\bEmployee"
	p.write(t, "in\x1b[31m.csv", "envelope,roleName,name,email,accessCode\n1,\""+role+"\",Ann Ek,ann.ek@example.test,"+code+"\n1,\""+strings.Replace(role, "Employee", "Manager", 1)+"\",Bo Lind,bo.lind@example.test,\n")
	for _, tt := range []struct {
		args []string
		code int
	}{
		{[]string{"doctor"}, exitDone},
		{[]string{"template"}, exitDone},
		{[]string{"template", sandbox.DefaultTemplate}, exitDone},
		{[]string{"send", "--dry-run", "in\x1b[31m.csv"}, exitDone},
		{[]string{"send", "-v", "--results", "r.csv", "--report", "h.html", "in\x1b[31m.csv"}, exitFailed},
		{[]string{"send", "--json", "-v", "--log-format", "json", "in\x1b[31m.csv"}, exitFailed},
		{[]string{"status"}, exitDone},
		{[]string{"status", "--json"}, exitDone},
		{[]string{"status", "--batch", "in\x1b[31m.csv"}, exitDone},
		{[]string{"status", "--batch", "in\x1b[31m.csv", "--json"}, exitDone},
		{[]string{"status", "--batch", "no\x1b[31m.csv"}, exitCannotRun},
		{[]string{"send", "no\x1b[31m.csv"}, exitCannotRun},
		{[]string{"no\x1b[31m"}, exitUsage},
	} {
		got := p.run(t, nil, tt.args...)
		if got.code != tt.code {
			t.Errorf("%q: exit code %d, want %d\n%s%s", tt.args, got.code, tt.code, got.stdout, got.stderr)
		}
		for what, text := range map[string]string{"stdout": got.stdout, "stderr": got.stderr} {
			if at := steers(text); at != "" {
				t.Errorf("%q: %s steers the terminal: %s", tt.args, what, at)
			}
			secret.wantUnseen(t, what, text)
		}
	}
	results, err := os.ReadFile("r.csv")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(results), "accessCode: [hidden], so [hidden],") {
		t.Errorf("the results do not repeat what DocuSign said:\n%s", results)
	}
	secret.wantUnwritten(t, p.dir, filepath.Join(p.dir, "in\x1b[31m.csv"))
}
