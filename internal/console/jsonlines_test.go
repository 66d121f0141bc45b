package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestJSONLines: with --log-format json every line of standard error is a JSON object
// with fixed keys, whoever has written it, and shows no secret.
func TestJSONLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	term := &Terminal{Stderr: NewWriter(&out)}
	log, known := term.Logger("json", true)
	if !known {
		t.Fatal("there is no format json")
	}
	term.Say("offers.csv: UTF-8; %s", "2 rows")
	term.Warn("the disk of \"ops\" is full")
	log.Info("repeating a call", "wait", "1s", "error", "postgres://batch:Gr8-Secret@db/sends")
	fmt.Fprintf(term.Stderr, "batchsend: it failed\nhint: look at\n\n  postgres://batch:Gr8-Secret@db/sends\n")
	var got []string
	for line := range strings.Lines(out.String()) {
		var entry map[string]any
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		if entry["time"] == nil {
			t.Errorf("no time: %q", line)
		}
		got = append(got, fmt.Sprintf("%v %v %v", entry["level"], entry["msg"], entry["error"]))
	}
	want := []string{
		"INFO offers.csv: UTF-8; 2 rows <nil>",
		"WARN warning: the disk of \"ops\" is full <nil>",
		"INFO repeating a call postgres://batch:[hidden]@db/sends",
		"ERROR batchsend: it failed <nil>",
		"INFO hint: look at <nil>",
		"INFO   postgres://batch:[hidden]@db/sends <nil>",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
