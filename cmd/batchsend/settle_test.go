package main

import (
	"strings"
	"testing"
)

// TestLeastSettle: at DocuSign --settle is no shorter than creating an envelope
// may take, wherever it is given; a sandbox on this machine may be asked sooner.
func TestLeastSettle(t *testing.T) {
	const atDocuSign, here = "it must be 10m at least: DocuSign may take that long", "it must be more than 0"
	for _, command := range [][]string{{"send", "--dry-run", "in.csv"}, {"reconcile"}} {
		for _, tt := range []struct {
			server, settle string
			says           string // "": it is accepted
		}{
			{"demo", "0s", atDocuSign},
			{"demo", "9m59s", atDocuSign},
			{"production", "-10m0s", "it cannot be negative"},
			{"production", "1ns", atDocuSign},
			{"https://sandbox.example.test", "1m0s", atDocuSign},
			{"nonsense", "1m0s", atDocuSign},
			{"demo", "10m", ""},
			{"production", "72h", ""},
			{"http://127.0.0.1:1", "0s", here},
			{"http://127.0.0.1:1", "1ns", ""},
			{"https://localhost:1", "1ms", ""},
			{"http://[::1]:1", "1ms", ""},
		} {
			p := newPlace(t)
			p.env["DOCUSIGN_AUTH_SERVER"] = tt.server
			check := func(place string, env map[string]string, args ...string) {
				t.Helper()
				got := p.run(t, env, append(args, command...)...)
				refused := strings.Contains(got.stderr, "settle is")
				switch {
				case tt.says == "" && refused:
					t.Errorf("%s %s is refused:\n%s", tt.server, tt.settle, got.stderr)
				case tt.says != "" && (got.code != exitUsage || !strings.HasPrefix(got.stderr, "batchsend: "+place+" is "+tt.settle+": ") || !strings.Contains(got.stderr, tt.says)):
					t.Errorf("%s %s: exit code %d, want %d, %q and %q:\n%s", tt.server, tt.settle, got.code, exitUsage, place, tt.says, got.stderr)
				}
			}
			check("--settle", nil, "--settle="+tt.settle)
			check("environment variable BATCHSEND_SETTLE", map[string]string{"BATCHSEND_SETTLE": tt.settle})
			path := p.write(t, "our.toml", "settle = \""+tt.settle+"\"\n")
			check(path+": settle", nil, "--config", path)
		}
	}
}
