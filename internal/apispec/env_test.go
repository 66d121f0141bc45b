package apispec

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

type run func() int

func (f run) Run() int { return f() }

// A process with the environment's Judge, as a package's TestMain makes it. It
// is this test binary once more, because FromEnv decides once per process.
func TestProcess(t *testing.T) {
	if body, child := os.LookupEnv("JUDGE_CHILD"); child {
		os.Exit(Tests{M: run(func() int {
			j, _ := FromEnv()
			call{method: "POST", target: letters, body: body, status: 201, answer: `{}`}.judgedBy(t, j)
			return 0
		})}.Run())
	}
	for _, test := range []struct {
		name, description, body string
		code                    int
		stderr                  string // how it begins
		tally                   string
	}{
		{"clean", "testdata/letters.swagger.json", `{}`, 0, "", "requests 1 answers 1 faults 0 skipped 0 apispec\n"},
		{
			"fault", "testdata/letters.swagger.json", `{"x":1}`, 1, "apispec: POST " + template + `: request: unknown property "x"`,
			"fault POST " + template + `: request: unknown property "x" of letter` + "\nrequests 1 answers 1 faults 1 skipped 0 apispec\n",
		},
		{
			"not set", "", `{"x":1}`, 0, "apispec: NOTHING IS HELD AGAINST DOCUSIGN'S OPENAPI DESCRIPTION: BATCHSEND_OPENAPI is not set\nhint: ",
			"",
		},
		{
			"mistyped", "missing.json", `{}`, 1, "apispec: POST " + letters + ": request: cannot be judged: read the OpenAPI description: open missing.json: ",
			"fault POST " + letters + ": request: cannot be judged: read the OpenAPI description: open missing.json: no such file or directory\n" +
				"requests 0 answers 0 faults 1 skipped 0 apispec\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			tally := filepath.Join(t.TempDir(), "tally")
			cmd := exec.Command(os.Args[0], "-test.run=^TestProcess$")
			cmd.Env = append(os.Environ(), "JUDGE_CHILD="+test.body, EnvDescription+"="+test.description, EnvTally+"="+tally)
			var stderr strings.Builder
			cmd.Stderr = &stderr
			code := 0
			if err := cmd.Run(); err != nil {
				exit, ok := errors.AsType[*exec.ExitError](err)
				if !ok {
					t.Fatal(err)
				}
				code = exit.ExitCode()
			}
			if code != test.code {
				t.Errorf("exit code = %d, want %d", code, test.code)
			}
			if !strings.HasPrefix(stderr.String(), test.stderr) || (test.stderr == "") != (stderr.Len() == 0) {
				t.Errorf("stderr = %q, want %q", stderr.String(), test.stderr)
			}
			got, _ := os.ReadFile(tally)
			if string(got) != test.tally {
				t.Errorf("tally = %q, want %q", got, test.tally)
			}
		})
	}
}
