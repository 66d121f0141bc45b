package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"batchsend/internal/sandbox"
)

// cronLine returns the command of the crontab in samples, as cron hands it to the shell:
// \% is %, and % would be the end of the line.
func cronLine(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../samples/crontab")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^(?:\S+ ){5} *(/.*)$`).FindAllStringSubmatch(string(text), -1)
	if len(found) != 1 {
		t.Fatalf("samples/crontab has %d lines that run something, want 1", len(found))
	}
	command := strings.ReplaceAll(found[0][1], `\%`, "\x00")
	if strings.Contains(command, "%") {
		t.Errorf("cron would end this line at the %%: %s", found[0][1])
	}
	return strings.ReplaceAll(command, "\x00", "%")
}

// TestCrontab runs the sample's line as cron does, by sh in an empty environment. Only
// the places are others: the program, /etc/batchsend and /var/lib/batchsend.
func TestCrontab(t *testing.T) {
	t.Parallel()
	env, kit := served(t, nil)
	dir := t.TempDir()
	for _, sub := range []string{"inbox", "sent", "rejected", "results"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	start := write("batchsend", fmt.Sprintf("#!/bin/sh\n%s=1 GORACE=%s exec %q \"$@\"\n", asProgram, noExitSleep, program), 0o700)
	write("config.toml", fmt.Sprintf("[profile.production]\nauth-server = %q\nintegration-key = %q\nuser-id = %q\nprivate-key = %q\n",
		env["DOCUSIGN_AUTH_SERVER"], sandbox.DefaultIntegrationKey, sandbox.DefaultUserID, kit.KeyFile), 0o600)
	command := strings.NewReplacer("/usr/bin/batchsend", start, "/etc/batchsend", dir, "/var/lib/batchsend", dir,
		"00000000-0000-4000-8000-000000000000", sandbox.DefaultTemplate, "--min-age 1m", "--min-age 0s").Replace(cronLine(t))
	run := func() outcome {
		cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", command)
		cmd.Env = []string{} // env -i
		cmd.Dir = "/"
		var stdout, stderr strings.Builder
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		var exit *exec.ExitError
		if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
	}
	files := func(pattern string) []string {
		t.Helper()
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	silent := outcome{code: exitDone}

	if got := run(); got != silent {
		t.Errorf("nothing was dropped: %+v, want silence and exit code 0", got)
	}
	if found := files("results/*"); len(found) != 0 {
		t.Errorf("nothing was dropped, and these were written: %q", found)
	}

	write("inbox/may.csv", "roleName,name,email,envelope,tab:Salary\nEmployee,Ann Ek,ann.ek@example.test,1,100\nManager,Bo Lind,bo.lind@example.test,1,\n", 0o600)
	if got := run(); got != silent {
		t.Errorf("all was sent: %+v, want silence and exit code 0", got)
	}
	if found := files("results/20[0-9][0-9]-[01][0-9]-[0-3][0-9]-[0-2][0-9][0-5][0-9].csv"); len(found) == 0 {
		t.Errorf("no dated results: %q", files("results/*"))
	}
	if len(files("inbox/*")) != 0 || len(files("sent/may.csv")) != 1 || len(files("sent/may.results.csv")) != 1 {
		t.Errorf("the file was not moved: %q %q", files("inbox/*"), files("sent/*"))
	}

	write("inbox/june.csv", "roleName,name,email,envelope,tab:Salary\nEmployee,Cy Dahl,cy.example.test,1,100\nManager,Bo Lind,bo.lind@example.test,1,\n", 0o600)
	got := run()
	if got.code != exitRejected || !strings.Contains(got.stderr, "june.csv:2") || !strings.Contains(got.stdout, "1 rejected") {
		t.Errorf("a rejected row: %+v, want a mail that names it", got)
	}
	if len(files("rejected/june.rejects.csv")) != 1 {
		t.Errorf("no rejects: %q", files("rejected/*"))
	}
}

// TestSampleCommands holds the flags of the samples that no test can run to the program.
func TestSampleCommands(t *testing.T) {
	t.Parallel()
	flags := everyCommand()["send"].Flags()
	flags.AddFlagSet(everyCommand()["send"].InheritedFlags())
	for _, name := range []string{"crontab", "systemd/batchsend.service", "kubernetes.yaml", "windows-task.xml"} {
		text, err := os.ReadFile(filepath.Join("../../samples", name))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, ".xml") {
			wantXML(t, name, string(text))
		}
		at := regexp.MustCompile(`\bsend\s+(- )?--quiet`).FindIndex(text)
		if at == nil {
			t.Errorf("samples/%s runs nothing quietly", name)
			continue
		}
		command := string(text[at[0]:])
		if !strings.HasSuffix(name, ".yaml") {
			command, _, _ = strings.Cut(command, "\n")
		}
		used := regexp.MustCompile(`\s--([a-z-]+)`).FindAllStringSubmatch(command, -1)
		if len(used) < 7 {
			t.Errorf("samples/%s: found only %q", name, used)
		}
		for _, flag := range used {
			known := flags.Lookup(flag[1])
			if known == nil {
				t.Errorf("samples/%s: send has no flag --%s", name, flag[1])
			}
		}
	}
}

// wantXML fails unless the text is well-formed.
func wantXML(t *testing.T, name, text string) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Errorf("samples/%s: %v", name, err)
			return
		}
	}
}
