package apispec

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

func TestTally(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tally")
	t.Setenv(EnvTally, file)
	for range 2 { // two processes
		j := small(t)
		call{method: "POST", target: letters, body: `{"x":1}`, status: 502}.judgedBy(t, j)
		call{method: "POST", target: letters, body: `{}`, status: 201, answer: `{}`}.judgedBy(t, j)
		if err := j.Flush(); err != nil {
			t.Fatal(err)
		}
		if got := j.Totals(); got.Clean() || got.Faults > 0 {
			t.Errorf("after Flush: %+v, want nothing", got)
		}
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	fault := "POST " + template + `: request: unknown property "x" of letter`
	one := "fault " + fault + "\nrequests 2 answers 1 faults 1 skipped 1 apispec\n"
	if diff := gocmp.Diff(one+one, string(raw)); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
	got, err := Tally(file)
	if err != nil {
		t.Fatal(err)
	}
	want := Totals{Requests: 4, Answers: 2, Faults: 2, Skipped: 2, Lines: []string{fault}}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("Tally (-want +got):\n%s", diff)
	}
}

func TestTallyRefusesWhatIsNone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tally")
	if err := os.WriteFile(file, []byte("requests 1 answers 1 faults 0 skipped 0 a b\nrequests many\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Tally(file); err == nil || !strings.Contains(err.Error(), "tally:2: ") {
		t.Errorf("Tally = %v, want an error about line 2", err)
	}
}

func TestTotals(t *testing.T) {
	for _, test := range []struct {
		in    Totals
		want  string
		clean bool
	}{
		{Totals{}, "OpenAPI: 0 messages checked, 0 faults", false},
		{Totals{Requests: 617, Answers: 617}, "OpenAPI: 1,234 messages checked, 0 faults", true},
		{Totals{Requests: 1, Faults: 1200, Skipped: 3}, "OpenAPI: 1 messages checked, 1,200 faults (3 skipped: HTML or cut short)", false},
	} {
		if got := test.in.String(); got != test.want {
			t.Errorf("%+v = %q, want %q", test.in, got, test.want)
		}
		if got := test.in.Clean(); got != test.clean {
			t.Errorf("%+v.Clean() = %v, want %v", test.in, got, test.clean)
		}
	}
}
