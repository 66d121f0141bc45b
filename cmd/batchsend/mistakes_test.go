package main

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"batchsend/internal/cmdline"
	"batchsend/internal/sandbox"
)

// wrongValues are values that a setting does not take, and what is said of them.
// Every setting is here; those that take any text have none.
var wrongValues = map[string]map[string]string{
	"account":                nil, // its mistakes show when signing in
	"addr":                   {"8720": "give host and port", "127.0.0.1:http": "give host and port", "0.0.0.0:1": "serves this machine only", "127.0.0.1:70000": "give host and port"},
	"allow-changed-template": boolean,
	"allow-repeat":           nil, // see TestTypedOnly
	"allow-same-person":      boolean,
	"archive":                nil, // see the script on drop folders
	"rejected":               nil,
	"auth-server":            {"live": "neither demo, production nor a URL", "http://docusign.example.test": "http is for addresses of this machine only", "https://x.example.test/oauth": "a scheme and a host, nothing else", "ftp://x.example.test": "must begin with https://"},
	"batch":                  nil,
	"bulk-rate":              {"many": "it must be a number, such as 20 or 0.5", "-1": "it cannot be negative"},
	"burst-limit":            counts,
	"calls-per-burst":        counts,
	"calls-per-hour":         counts,
	"concurrency":            {"many": whole, "8.5": whole, "99999999999999999999": "the number is too large", "0": "it must be 1 to 100", "101": "it must be 1 to 100"},
	"config":                 nil, // see the script on settings
	"delimiter":              {"::": "", "x": "", "colon": ""},
	"dir":                    nil,
	"dry-run":                boolean,
	"encoding":               {"windows-1256x": "", "latin": "", "utf8mb4": ""},
	"expire-after":           days,
	"expire-warn":            days,
	"faults":                 {"flood": "unknown fault", "503": "such as 503=0.1", "503=two": "such as 503=0.1", "503=0.9,500=0.9": "add up to", "slow=long": "", "kill-after=x": ""},
	"header-row":             {"third": whole, "-1": "it cannot be negative"},
	"hourly-limit":           counts,
	"if-missing":             {"skip": "it must be error or ok"},
	"integration-key":        nil,
	"json":                   boolean,
	"ledger":                 nil,
	"limit":                  {"some": whole, "-1": "it cannot be negative", "0": "would send nothing"},
	"log-format":             {"xml": "it must be text or json"},
	"map":                    {"email": "it must be \"THEIR COLUMN=ours\"", "=email": "is missing before the ="},
	"max-duration":           lengths,
	"max-errors":             counts,
	"metrics-file":           nil, // see internal/notify
	"min-age":                lengths,
	"no-browser":             boolean,
	"no-keyring":             boolean,
	"notify-command":         nil,
	"on-invalid":             {"skipp": "it must be abort or skip"},
	"ping-url":               {"http://example.test/1": "http is for addresses of this machine only", "hc-ping.com/1": "it must be a URL such as", "ftp://example.test/1": "it must begin with https://"},
	"private-key":            nil, // see the tests on keys
	"profile":                nil,
	"quiet":                  boolean,
	"redirect-uri":           nil, // see TestLoginMistakes
	"refresh":                boolean,
	"request-log":            boolean,
	"go-live":                boolean,
	"rejects":                nil, // see the tests on outputs
	"reminder-delay":         days,
	"reminder-frequency":     days,
	"report":                 nil,
	"from":                   {"soon": "it must be a day such as 2026-11-21", "2026-13-01": "it must be a day"},
	"to":                     {"soon": "it must be a day such as 2026-11-21", "21.11.2026": "it must be a day"},
	"reserve":                {"half": whole, "50%": whole, "91": "it must be 0 to 90 percent", "-1": "it cannot be negative"},
	"results":                nil,
	"sandbox":                boolean,
	"search-delay":           lengths,
	"settle":                 {"10": lengths["10"], "long": lengths["long"], "-1m": lengths["-1m"], "0s": "it must be more than 0"},
	"template":               {"Nobody's": "has no template of that name; `batchsend template", "offer LETTER": "that is a template's name, its ID is " + sandbox.DefaultTemplate, "Offer leter": "did you mean template \"Offer letter\", " + sandbox.DefaultTemplate, "1234": "is a GUID such as"},
	"sheet":                  nil, // see the script on workbooks
	"output":                 nil,
	"template-file":          nil, // see TestStarter and the script template.txtar
	"wide":                   boolean,
	"timeout":                lengths,
	"tls":                    boolean,
	"until":                  {"soon": "it must be a time such as 17:30", "25:00": "it must be a time", "2020-01-02T03:04:05Z": "that time has passed"},
	"user-id":                {"ann@example.test": "not an e-mail address"},
	"verbose":                boolean,
	"via":                    {"bulky": "it must be auto, single, two-step or bulk"},
	"yes":                    boolean,
}

const whole = "it must be a whole number, such as 10"

var (
	boolean = map[string]string{"maybe": "it must be true or false"}
	counts  = map[string]string{"many": whole, "": whole, "-1": "it cannot be negative"}
	lengths = map[string]string{"10": "it must be a length of time, such as 90s, 10m or 2h30m", "long": "it must be a length of time", "-1m": "it cannot be negative"}
	days    = map[string]string{"soon": "", "-1": "", "1000": ""}
)

// inside are words of the libraries that parse, which mean nothing to an
// operator.
var inside = regexp.MustCompile(`strconv|pflag|time:|parsing|syntax|ParseInt|shorthand`)

// TestWrongValues gives wrong values to every setting of every command, typed,
// in the environment and in the configuration file. Each is a usage error that
// names the place to change, once, in plain words.
func TestWrongValues(t *testing.T) {
	for _, name := range cmdline.FlagNames((&app{}).rootCommand()) {
		if _, ok := wrongValues[name]; !ok && name != "help" {
			t.Errorf("no wrong values of --%s are tried", name)
		}
	}
	env, _ := served(t, nil)
	commands := everyCommand()
	for _, name := range []string{"send", "sandbox", "status", "report", "reconcile", "doctor", "template", "version", "login"} {
		flags := commands[name].Flags()
		flags.AddFlagSet(commands[name].InheritedFlags())
		for _, flag := range slices.Sorted(maps.Keys(wrongValues)) {
			if flags.Lookup(flag) == nil {
				continue
			}
			signsIn := slices.Contains([]string{"send", "doctor"}, name)
			if !signsIn && slices.Contains([]string{"auth-server", "template", "user-id"}, flag) {
				continue // not used, or not before it asks
			}
			t.Run(name+"/"+flag, func(t *testing.T) {
				for value, says := range wrongValues[flag] {
					p := newPlace(t)
					maps.Copy(p.env, env)
					base := []string{name}
					switch {
					case name == "send":
						base = append(base, "--dry-run", "--on-invalid=skip", "in.csv")
					case name == "sandbox":
						base = append(base, "--addr=127.0.0.1:0")
					}
					if flag == "faults" && name == "send" {
						base = append(base, "--sandbox")
					}
					base = slices.DeleteFunc(base, func(word string) bool { return strings.HasPrefix(word, "--"+flag) })
					check := func(place string, env map[string]string, args ...string) {
						t.Helper()
						got := p.run(t, env, args...)
						message, _, _ := strings.Cut(got.stderr[max(0, strings.LastIndex(got.stderr, "batchsend: ")):], "\n")
						if got.code != exitUsage || !strings.Contains(message, says) || !strings.HasPrefix(message, "batchsend: "+place) {
							t.Errorf("%q: exit code %d, want %d, %q and %q\n%s%s", args, got.code, exitUsage, place, says, got.stdout, got.stderr)
						}
						if inside.MatchString(got.stderr) || strings.Count(got.stderr, "batchsend: "+place) != 1 {
							t.Errorf("%q: not in plain words, or not once:\n%s", args, got.stderr)
						}
					}
					check("--"+flag, nil, append(base, "--"+flag+"="+value)...)
					if value == "" {
						continue // outside the command line that is not set
					}
					check("environment variable "+schema.Variable(flag), map[string]string{schema.Variable(flag): value}, base...)
					delete(p.env, schema.Variable(flag))
					path := p.write(t, "our.toml", fmt.Sprintf("%s = %q\n", flag, value))
					check(path+": "+flag, nil, append(base, "--config", path)...)
					path = p.write(t, "our.toml", fmt.Sprintf("[profile.test]\n%s = %q\n", flag, value))
					check(path+" [profile.test]: "+flag, nil, append(base, "--config", path, "--profile", "test")...)
				}
			})
		}
	}
}

// TestValuesAreTrimmed: what editors, shells and secret stores leave around a
// value does not count, in any setting.
func TestValuesAreTrimmed(t *testing.T) {
	for _, flag := range cmdline.FlagNames((&app{}).rootCommand()) {
		value := map[string]string{"log-format": "json", "on-invalid": "skip", "via": "bulk", "auth-server": "production"}[flag]
		other := &app{}
		send, _, _ := other.rootCommand().Find([]string{"config"})
		f := send.Flags().Lookup(flag)
		if f == nil {
			f = send.InheritedFlags().Lookup(flag)
		}
		switch {
		case f == nil, slices.Contains(schema.TypedOnly, flag), slices.Contains([]string{"help", "config", "profile"}, flag):
			continue
		case f.Value.Type() == "bool":
			value = "true"
		case f.Value.Type() == "int":
			value = "7"
		case f.Value.Type() == "duration":
			value = "7m0s"
		case value == "":
			value = "ours"
		}
		for _, form := range []string{" %s ", "%s\r", "%s\r\n", "\"%s\"", "'%s'\r", "\" %s\t\"", "%s\u00a0"} {
			p := newPlace(t)
			text := fmt.Sprintf(form, value)
			want := regexp.MustCompile(`(?m)^` + flag + ` +` + regexp.QuoteMeta(value) + ` +`)
			for _, way := range []string{"environment", "file", "flag"} {
				env, args := map[string]string{}, []string{"config"}
				switch {
				case way == "environment":
					env[schema.Variable(flag)] = text
				case way == "file":
					args = append(args, "--config", p.write(t, "our.toml", fmt.Sprintf("%s = %q\n", flag, text)))
				case f.Value.Type() != "string":
					continue // the shell's business
				default:
					args = append(args, "--"+flag, text)
				}
				if got := p.run(t, env, args...); got.code != exitDone || !want.MatchString(got.stdout) {
					t.Errorf("%s from %s as %q: exit code %d, want %s\n%s%s", flag, way, text, got.code, want, got.stdout, got.stderr)
				}
			}
		}
	}
}

// TestTypedOnly: what is a decision about one run is not taken from where it
// would last.
func TestTypedOnly(t *testing.T) {
	p := newPlace(t)
	base := []string{"send", "--sandbox", "--on-invalid", "skip", "in.csv"}
	for _, value := range []string{"true", "false"} {
		got := p.run(t, map[string]string{"BATCHSEND_ALLOW_REPEAT": value}, base...)
		if want := "environment variable BATCHSEND_ALLOW_REPEAT has no effect there: --allow-repeat is taken from the command line only"; got.code != exitUsage || !strings.Contains(got.stderr, want) {
			t.Errorf("environment: exit code %d, want %q\n%s", got.code, want, got.stderr)
		}
		path := p.write(t, "our.toml", "allow-repeat = "+value+"\n")
		got = p.run(t, nil, append(base, "--config", path)...)
		if want := path + ": allow-repeat has no effect there"; got.code != exitUsage || !strings.Contains(got.stderr, want) {
			t.Errorf("file: exit code %d, want %q\n%s", got.code, want, got.stderr)
		}
	}
	if got := p.run(t, nil, append(base, "--allow-repeat")...); got.code != exitRejected {
		t.Errorf("typed: exit code %d, want %d\n%s", got.code, exitRejected, got.stderr)
	}
}

// TestCommandLine holds what is said of a wrong command line.
func TestCommandLine(t *testing.T) {
	for _, tt := range []struct{ line, says string }{
		{"sned in.csv", `there is no command "sned": did you mean send?`},
		{"sned --dry-run in.csv", `there is no command "sned": did you mean send?`},
		{"--sandbox --ledger x.db statuss --batch x", `there is no command "statuss": did you mean status?`},
		{"frobnicate", `there is no command "frobnicate"; there are completion, config, doctor, `},
		{"in.csv", "hint: to send the file of that name: batchsend send in.csv"},
		{"--sandbox in.csv", "hint: to send the file of that name: batchsend send --sandbox in.csv"},
		{"help sned", `there is no command "sned": did you mean send?`},
		{"help completion fissh", `there is no command "fissh": did you mean fish?`},
		{"completion fissh", `there is no command "fissh": did you mean fish?`},
		{"send --dryrun in.csv", "unknown flag: --dryrun: did you mean --dry-run?"},
		{"send --Dry-Run in.csv", "unknown flag: --Dry-Run: did you mean --dry-run?"},
		{"send --concurency=3 in.csv", "unknown flag: --concurency: did you mean --concurrency?"},
		{"send -sandbox in.csv", "unknown flag: -sandbox: did you mean --sandbox, with two hyphens?"},
		{"send -x in.csv", "unknown flag: -x"},
		{"send --frobnicate in.csv", "unknown flag: --frobnicate\n"},
		{"doctor --dry-run", "unknown flag: --dry-run is a flag of send, not of doctor"},
		{"version --settle 1h", "unknown flag: --settle is a flag of reconcile and send, not of version"},
		{"--dry-run in.csv", "hint: to send the file of that name: batchsend send --dry-run in.csv"},
		{"--dry-run", "unknown flag: --dry-run is a flag of send: did you forget the command?"},
		{"send in.csv --limit", "--limit needs a value: --limit N"},
		{"send in.csv --ledger", "--ledger needs a value: --ledger PATH"},
		{"send", "send needs the name of a CSV file"},
		{"send in.csv in.csv", "in.csv is named twice"},
		{"status extra", "status takes no arguments: what is \"extra\"?\nhint: batchsend status --help"},
		{"template a b", `template takes one ID: what is "b"?`},
		{"explain A B", `explain takes one code: what is "B"?`},
		{"template Offer --sandbox", `"Offer": a template's ID is a GUID such as`},
		{"send --faults 503=0.1 in.csv", "--faults is for rehearsals: give --sandbox too"},
		{"send --until 17:00 --max-duration 1h in.csv", "--until and --max-duration say the same thing: give one"},
	} {
		p := newPlace(t)
		got := p.run(t, nil, strings.Fields(tt.line)...)
		if got.code != exitUsage || !strings.Contains(got.stderr, tt.says) || got.stdout != "" || strings.Count(got.stderr, "\n") > 2 {
			t.Errorf("%s: exit code %d, want %d and %q\n%s%s", tt.line, got.code, exitUsage, tt.says, got.stdout, got.stderr)
		}
	}
}

// TestTemplateElsewhere: an ID that another account of the user knows is looked
// for there, once, and the flag to type is said.
func TestTemplateElsewhere(t *testing.T) {
	const (
		theirs   = "bbbbbbbb-0000-4000-8000-000000000002"
		template = "cccccccc-0000-4000-8000-000000000003"
		nowhere  = "dddddddd-0000-4000-8000-000000000004"
	)
	var asked atomic.Int32
	env, _ := served(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			switch {
			case r.URL.Path == "/oauth/userinfo":
				fmt.Fprintf(w, `{"name":"Ann","accounts":[{"account_id":%q,"is_default":true,"account_name":"Ours","base_uri":"http://%s"},{"account_id":%q,"account_name":"Theirs","base_uri":"http://%[2]s"}]}`,
					sandbox.DefaultAccount, r.Host, theirs)
			case strings.Contains(r.URL.Path, "/accounts/"+theirs+"/templates/"):
				asked.Add(1)
				if strings.HasSuffix(r.URL.Path, template) {
					fmt.Fprintf(w, `{"templateId":%q}`, template)
					return
				}
				w.WriteHeader(http.StatusNotFound)
				fmt.Fprint(w, `{"errorCode":"TEMPLATE_NOT_FOUND","message":"no"}`)
			default:
				next.ServeHTTP(w, r)
			}
		})
	})
	for _, tt := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"send", "--dry-run", "--template", template, "in.csv"}, exitRejected, `account "Ours" has no template ` + template + `, but the user's account "Theirs" has it: give --account ` + theirs},
		{[]string{"send", "--dry-run", "--template", nowhere, "in.csv"}, exitRejected, `account "Ours" has no template ` + nowhere + `, or the user may not use it`},
		{[]string{"doctor", "--template", template}, exitCannotRun, "give --account " + theirs},
		{[]string{"template", template}, exitCannotRun, "give --account " + theirs},
	} {
		asked.Store(0)
		p := newPlace(t)
		maps.Copy(p.env, env)
		got := p.run(t, nil, tt.args...)
		if got.code != tt.code || !strings.Contains(got.stderr, tt.says) || asked.Load() != 1 {
			t.Errorf("%q: exit code %d, want %d, %q and 1 call to the other account, not %d\n%s%s", tt.args, got.code, tt.code, tt.says, asked.Load(), got.stdout, got.stderr)
		}
	}
}
