package settings

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"batchsend/internal/censor"
	"batchsend/internal/usage"
)

// home returns sources with a home of their own, whose configuration file holds text.
func home(t *testing.T, text string, env map[string]string) Sources {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, ".config", "prog", "config.toml")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{"HOME": dir}
	for name, value := range env {
		all[name] = value
	}
	return Sources{
		Schema: &Schema{
			Program: "prog", Variables: map[string]string{"key": "OTHER_KEY"}, TypedOnly: []string{"force"},
			MayHold: map[string]censor.Secret{"key": censor.Key}, Cures: map[censor.Secret]string{censor.Token: "give no token"},
		},
		Env:   all,
		Known: []string{"config", "profile", "name", "key", "count", "wait", "force", "elsewhere"},
	}
}

// flags are those of a command of the program, as typed.
func flags(t *testing.T, typed ...string) *pflag.FlagSet {
	t.Helper()
	set := pflag.NewFlagSet("prog", pflag.ContinueOnError)
	for _, name := range []string{"config", "profile", "name", "key"} {
		set.String(name, "", "")
	}
	set.Int("count", 1, "")
	set.Duration("wait", time.Minute, "")
	set.Bool("force", false, "")
	if err := set.Parse(typed); err != nil {
		t.Fatal(err)
	}
	return set
}

// TestTrimmed: what stands around values is taken off, and where that was is told.
func TestTrimmed(t *testing.T) {
	t.Parallel()
	s := home(t, "wait = ' 5m'\n", map[string]string{"PROG_NAME": "\"ann\"", "OTHER_KEY": "k\r", "PROG_COUNT": "3"})
	set := flags(t, "--profile", "")
	v, err := s.Resolve(set)
	if err != nil {
		t.Fatal(err)
	}
	path, profile := v.Used()
	want := []string{
		"environment variable OTHER_KEY (a carriage return, as files from Windows have)", "environment variable PROG_NAME (quotes)",
		path + ": wait (blanks or a line end)",
	}
	if diff := cmp.Diff(want, v.Trimmed()); diff != "" || set.Lookup("name").Value.String() != "ann" || set.Lookup("key").Value.String() != "k" || profile != "" {
		t.Errorf("Trimmed (-want +got):\n%s", diff)
	}
}

// TestRank: what was typed counts first, then the environment, the profile, the
// file, and the default.
func TestRank(t *testing.T) {
	t.Parallel()
	const file = "name = \"of the file\"\ncount = 2\nwait = \"2m\"\nelsewhere = true\n[profile.p]\nname = \"of the profile\"\ncount = 3\n"
	s := home(t, file, map[string]string{"PROG_NAME": " 'of the environment'\r\n"})
	path := filepath.Join(s.Env["HOME"], ".config", "prog", "config.toml")
	for _, tt := range []struct {
		typed []string
		want  []string
	}{
		{nil, []string{"config: default", "count 2: " + path, "force false: default", "key: default", "name of the environment: environment PROG_NAME", "profile: default", "wait 2m0s: " + path}},
		{
			[]string{"--profile", "p", "--name= typed "},
			[]string{"config: default", "count 3: " + path + " [profile.p]", "force false: default", "key: default", "name typed: flag", "profile p: flag", "wait 2m0s: " + path},
		},
	} {
		v, err := s.Resolve(flags(t, tt.typed...))
		if err != nil {
			t.Errorf("%q: %v", tt.typed, err)
		}
		var got []string
		for set := range v.All() {
			got = append(got, strings.TrimSpace(set.Name+" "+set.Value)+": "+set.From)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.typed, diff)
		}
	}
}

// TestDefaultProfile: the file may choose a profile, and what was typed overrides it.
func TestDefaultProfile(t *testing.T) {
	t.Parallel()
	s := home(t, "default-profile = \"a\"\n[profile.a]\nname = \"a\"\n[profile.b]\nname = \"b\"\n", nil)
	for typed, want := range map[string]string{"": "a", "b": "b"} {
		set := flags(t, "--profile="+typed)
		if _, err := s.Resolve(set); err != nil || set.Lookup("name").Value.String() != want {
			t.Errorf("--profile=%s: name is %q, %v; want %q", typed, set.Lookup("name").Value, err, want)
		}
	}
}

// TestMistakes: all mistakes are told at once, each with its place.
func TestMistakes(t *testing.T) {
	t.Parallel()
	s := home(t, "nmae = \"x\"\nwait = [\"1m\"]\nforce = true\n", map[string]string{"PROG_COUNT": "many", "PROG_NAME": "eyJ0eXAiOiJNVCIsImFsZyI6IlJTMjU2In0.AQoAAAABAAUABwCAUZ9kS3LbSAgAgJHCZ1a2"})
	path := filepath.Join(s.Env["HOME"], ".config", "prog", "config.toml")
	v, err := s.Resolve(flags(t, "--wait=-1m"))
	want := []string{
		`environment variable PROG_COUNT is "many": it must be a whole number, such as 10`,
		"environment variable PROG_NAME is an access token, not a value for --name",
		"--wait is -1m0s: it cannot be negative",
		path + ": force has no effect there: --force is taken from the command line only, for one run at a time",
		path + `: there is no setting "nmae": did you mean "name"? (line 1)`,
		path + ": wait is a list or a table: it must be one value",
	}
	if err == nil {
		t.Fatal("no mistake was found")
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var misused *usage.Error
	var hinter interface{ Hint() string }
	if !errors.As(err, &misused) || !errors.As(err, &hinter) || hinter.Hint() != "give no token" {
		t.Errorf("usage error %v, hint %v; want one, and the cure of the token", misused, hinter)
	}
	if got, want := v.Wrong("wait", "it is %s", "odd").Error(), "--wait is -1m0s: it is odd"; got != want {
		t.Errorf("Wrong: %q, want %q", got, want)
	}
}

// TestNoFile: a file or a profile that was asked for must be there.
func TestNoFile(t *testing.T) {
	t.Parallel()
	s := home(t, "", nil)
	path := filepath.Join(s.Env["HOME"], ".config", "prog", "config.toml")
	if _, err := s.Resolve(flags(t, "--profile=p")); err == nil || err.Error() != fmt.Sprintf("configuration file %s has no section [profile.p]; it has none", path) {
		t.Errorf("no section: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Resolve(flags(t)); err != nil {
		t.Errorf("no file: %v", err)
	}
	if _, err := s.Resolve(flags(t, "--profile=p")); err == nil || err.Error() != fmt.Sprintf("profile %q: there is no configuration file %s", "p", path) {
		t.Errorf("a profile without a file: %v", err)
	}
	if _, err := s.Resolve(flags(t, "--config="+path)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a chosen file that is not there: %v", err)
	}
}

// TestPublicSecret: a secret in a file that others may read is refused.
func TestPublicSecret(t *testing.T) {
	t.Parallel()
	s := home(t, "key = \"-----BEGIN RSA PRIVATE KEY-----\"\n", nil)
	path := filepath.Join(s.Env["HOME"], ".config", "prog", "config.toml")
	if _, err := s.Resolve(flags(t)); err != nil {
		t.Errorf("in a private file: %v", err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := s.Resolve(flags(t))
	if public, ok := errors.AsType[*PublicError](err); !ok || public.Hint() != "chmod 600 "+path {
		t.Errorf("in a public file: %v", err)
	}
}

// TestWarnOfMisspelt: variables that are nearly settings are told, others not.
func TestWarnOfMisspelt(t *testing.T) {
	t.Parallel()
	s := home(t, "", map[string]string{"PROG_NMAE": "x", "PROG_NAME": "x", "OTHER_KEYS": "x", "PROG_NAMES": "", "PROG_CUONT": "1", "PATH": "x"})
	var got []string
	s.WarnOfMisspelt(func(format string, args ...any) { got = append(got, fmt.Sprintf(format, args...)) }, "PROG_CUONT")
	want := []string{
		"the environment variable OTHER_KEYS is not a setting and has no effect: did you mean OTHER_KEY?",
		"the environment variable PROG_NMAE is not a setting and has no effect: did you mean PROG_NAME?",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestLines: a mistake in a section says where it stands, also in sections that are
// not chosen.
func TestLines(t *testing.T) {
	t.Parallel()
	s := home(t, "# ours\nname = \"x\"\n\n[profile.a]\nnam = \"a\"\n[profile.\"b c\"]\n\nkey = \"k\"\ncuont = 1\n[profile.a.columns]\n\"nam\" = \"name\"\n[colums]\n", nil)
	path := filepath.Join(s.Env["HOME"], ".config", "prog", "config.toml")
	_, err := s.Resolve(flags(t, "--profile=a"))
	want := []string{
		path + ` [profile.a]: there is no setting "nam": did you mean "name"? (line 5)`,
		path + `: there is no setting "colums": did you mean "columns"? (line 12)`,
		path + ` [profile.b c]: there is no setting "cuont": did you mean "count"? (line 9)`,
	}
	if err == nil {
		t.Fatal("no mistake was found")
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for text, want := range map[string]string{
		"\nprofile = \"a\"\n":          "line 2: profile must be the beginning of a section [profile.NAME]; default-profile names the profile to take",
		"[profile]\n\nname = \"a\"\n":  `line 3: "name" stands in the section [profile], which no profile has: name the section [profile.NAME]`,
		"name = \"x\"\nname = \"y\"\n": "toml: line 2 ",
	} {
		if _, err := home(t, text, nil).Resolve(flags(t)); err == nil || !strings.Contains(err.Error(), "config.toml: "+want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// TestUnknownProfile: the profiles that there are, and the one that was probably meant,
// are named.
func TestUnknownProfile(t *testing.T) {
	t.Parallel()
	s := home(t, "[profile.demo]\n[profile.production]\n", nil)
	_, err := s.Resolve(flags(t, "--profile=prodution"))
	if err == nil || !strings.HasSuffix(err.Error(), " has no section [profile.prodution]; it has demo, production: did you mean production?") {
		t.Errorf("%v", err)
	}
}

// TestBound: a profile is not used with another value of the setting that it is bound
// to, wherever that comes from.
func TestBound(t *testing.T) {
	t.Parallel()
	s := home(t, "count = 3\n[profile.two]\ncount = 2\n[profile.any]\n", map[string]string{})
	s.Bound = Bond{Setting: "count", Same: func(a, b string) bool { return a == b }, Why: "it would go wrong"}
	path := filepath.Join(s.Env["HOME"], ".config", "prog", "config.toml")
	for _, tt := range []struct {
		typed []string
		env   string
		want  string
	}{
		{nil, "", ""},
		{[]string{"--count=5"}, "", ""},
		{[]string{"--profile=any", "--count=5"}, "", ""},
		{[]string{"--profile=two"}, "", ""},
		{[]string{"--profile=two", "--count=2"}, "3", ""},
		{[]string{"--profile=two", "--count=5"}, "", `profile "two" is for count "2", and --count says "5": it would go wrong`},
		{[]string{"--profile=two"}, "3", `profile "two" is for count "2", and environment variable PROG_COUNT says "3": it would go wrong`},
	} {
		s.Env["PROG_COUNT"] = tt.env
		v, err := s.Resolve(flags(t, tt.typed...))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := v.CheckBound(); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%q, %q in the environment, %s: %q, want %q", tt.typed, tt.env, path, got, tt.want)
		}
	}
}

// TestStarter: the file to begin with has every setting and sets none; with the # taken
// away from all of them it still says what holds anyway.
func TestStarter(t *testing.T) {
	t.Parallel()
	s := home(t, "", nil)
	var all []*pflag.Flag
	flags(t).VisitAll(func(f *pflag.Flag) { all = append(all, f) })
	text := s.Starter(all, []Group{{"Names", []string{"name", "force"}}}, "[profile.demo]\n#name = \"demo\"\n")
	for _, want := range []string{"\n#name = \"\"\n", "\n#wait = \"1m0s\"\n", "\n# ---- Other commands ----\n", "\n#count = 1\n", " [OTHER_KEY]\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
	if strings.Contains(text, "force") || strings.Index(text, "#name") > strings.Index(text, "#count") {
		t.Errorf("a setting that is only typed, or the wrong order:\n%s", text)
	}
	path := filepath.Join(t.TempDir(), "new", "config.toml")
	for _, text := range []string{text, uncommented(text)} {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		if err := WriteNew(path, text); err != nil {
			t.Fatal(err)
		}
		v, err := s.Resolve(flags(t, "--config="+path))
		if err != nil {
			t.Fatal(err)
		}
		for set := range v.All() {
			if f := v.flags.Lookup(set.Name); f.Value.String() != f.DefValue && set.Name != "config" && set.Name != "profile" && set.Value != "demo" {
				t.Errorf("%s is %q", set.Name, set.Value)
			}
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v; want mode 0600", info.Mode(), err)
	}
	if err := WriteNew(path, "x"); err == nil || !strings.Contains(err.Error(), "is there already: nothing was written") {
		t.Errorf("over a file that is there: %v", err)
	}
}

// uncommented is a starter with all of its settings set.
func uncommented(text string) string {
	return regexp.MustCompile(`(?m)^#([a-z])`).ReplaceAllString(text, "$1")
}
