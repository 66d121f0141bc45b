package main

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"batchsend/internal/report"
	"batchsend/internal/sandbox"
)

// otherNames are ways in which the next run comes to the ledger of one that is
// still alive, and what it then says and ends with.
var otherNames = []struct {
	name string
	// make prepares the way, and returns the name to be given for the ledger.
	make func(t *testing.T, ledger string) string
	code int
	says string
}{
	{"the same name", func(_ *testing.T, ledger string) string { return ledger }, exitStopped, "is being sent by another run: process "},
	{"a symbolic link", func(t *testing.T, ledger string) string {
		link := filepath.Join(t.TempDir(), "link.db")
		linked(t, os.Symlink(ledger, link))
		return link
	}, exitStopped, "is being sent by another run: process "},
	{"a link to its directory", func(t *testing.T, ledger string) string {
		link := filepath.Join(t.TempDir(), "link")
		linked(t, os.Symlink(filepath.Dir(ledger), link))
		return filepath.Join(link, filepath.Base(ledger))
	}, exitStopped, "is being sent by another run: process "},
	{"a hard link", func(t *testing.T, ledger string) string {
		link := filepath.Join(t.TempDir(), "link.db")
		linked(t, os.Link(ledger, link))
		t.Cleanup(func() { os.Remove(link) })
		return link
	}, exitCannotRun, "the file has 2 names (hard links)"},
	{"its lock file was deleted", func(t *testing.T, ledger string) string {
		linked(t, os.Remove(ledger+".lock"))
		return ledger
	}, exitStopped, "is being sent by another run: process "},
}

func linked(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestSecondRun has a run wait for its limit while a second one is started, by
// another name of the ledger: the second is turned away, the first goes on, and
// everybody is mailed once.
func TestSecondRun(t *testing.T) {
	t.Parallel()
	large(t)
	for _, via := range []string{"single", "two-step", "bulk"} {
		for _, way := range otherNames {
			t.Run(via+"/"+way.name, func(t *testing.T) {
				dir := t.TempDir()
				all := offers(40)
				if via == "bulk" {
					all = manyOffers(40) // in two lists
				}
				file := writeOffers(t, dir, all)
				path := filepath.Join(dir, "ledger", "ledger.db")
				synctest.Test(t, func(t *testing.T) {
					server := shareSandbox(t, dir, func(s *sandbox.Server) {
						s.HourlyLimit, s.BurstLimit = 30, 500
						if via == "bulk" { // between test and sending
							s.HourlyLimit = 5
						}
						s.Faults.DropAfter, s.Faults.Seed = 0.1, 3
					})
					var first outcome
					var running sync.WaitGroup
					running.Go(func() {
						first = runAgain(t, dir, "send", "--sandbox", "--ledger", path, "--via", via, file)
					})
					time.Sleep(20 * time.Minute) // it waits for the next hour
					if n := len(server.Envelopes()); n >= len(all) || server.Now().Minute() > 50 {
						t.Fatalf("%d envelopes are there: the first run waits for nothing", n)
					}
					name := way.make(t, path)
					second := runAgain(t, dir, "send", "--sandbox", "--ledger", name, "--via", via, file)
					if second.code != way.code || !strings.Contains(second.stderr, way.says) {
						t.Errorf("the second run: exit code %d, want %d and %q\n%s", second.code, way.code, way.says, second.stderr)
					}
					if name != path {
						os.Remove(name)
					}
					running.Wait()
					if first.code != exitDone {
						t.Errorf("the first run: exit code %d\n%s%s", first.code, first.stdout, first.stderr)
					}
					wantEachOnce(t, all, server.Envelopes())
				})
			})
		}
	}
}

// TestSecondProcess is TestSecondRun with real processes. The first, which waits
// for an hour, is killed in the end: nothing that waits was claimed.
func TestSecondProcess(t *testing.T) {
	for i, way := range otherNames {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			url, settings := startSandbox(t, t.TempDir(), "--calls-per-hour", "12", "--calls-per-burst", "0")
			v := newVictim(t, url, settings, fmt.Sprint("second", i), 60)
			path := filepath.Join(v.dir, "ledger.db")
			first := v.send("--quiet=false", "--via", []string{"single", "two-step"}[i%2])
			said, err := first.StderrPipe()
			linked(t, err)
			linked(t, first.Start())
			defer first.Wait()
			defer first.Process.Kill()
			for lines := bufio.NewScanner(said); lines.Scan() && !strings.HasPrefix(lines.Text(), "waiting until"); {
			}
			for _, e := range rowsOf(t, v) {
				if e.State == "sending" && i%2 == 0 {
					t.Errorf("line %d is claimed while the run waits", e.Line)
				}
			}
			var stderr bytes.Buffer
			second := v.send()
			second.Env = append(second.Env, "BATCHSEND_LEDGER="+way.make(t, path))
			second.Stderr = &stderr
			code := exitOf(second.Run())
			says := way.says
			if strings.HasSuffix(says, "process ") {
				says += fmt.Sprint(first.Process.Pid)
			}
			if code != way.code || !strings.Contains(stderr.String(), says) {
				t.Errorf("the second run: exit code %d, want %d and %q\n%s", code, way.code, says, &stderr)
			}
			for _, env := range mailed(t, url) {
				if n := strings.Count(fmt.Sprint(mailedTo(t, url)), env.Recipients[0].Email); n > 1 {
					t.Errorf("%s was mailed %d times", env.Recipients[0].Email, n)
				}
			}
		})
	}
}

// mailedTo lists the first recipients of what a sandbox process has mailed.
func mailedTo(t *testing.T, url string) (to []string) {
	for _, env := range mailed(t, url) {
		if env.Status == "sent" {
			to = append(to, env.Recipients[0].Email)
		}
	}
	return to
}

// rowsOf asks for what the ledger has of a victim's rows.
func rowsOf(t *testing.T, v *victim) (entries []report.EnvelopeStatus) {
	t.Helper()
	out, err := program(t.Context(), v.dir, "status", "--json", "--batch", v.name, "--ledger", filepath.Join(v.dir, "ledger.db")).Output()
	if err != nil {
		var exit *exec.ExitError
		t.Fatalf("%v %s", err, exit)
	}
	if err := json.Unmarshal(out, &entries); err != nil {
		t.Fatal(err)
	}
	return entries
}

// TestTakenOver has another run take the batch over, as it may when this one was
// suspended for long: nothing leaves any more, and it is said who has the batch.
func TestTakenOver(t *testing.T) {
	t.Parallel()
	for _, via := range []string{"single", "two-step", "bulk"} {
		t.Run(via, func(t *testing.T) {
			dir := t.TempDir()
			all := offers(30)
			file := writeOffers(t, dir, all)
			path := filepath.Join(dir, "ledger.db")
			synctest.Test(t, func(t *testing.T) {
				posts := 0
				var then []string // what leaves after that, and sends something
				server := shareSandbox(t, dir, func(s *sandbox.Server) {
					s.OnRequest = func(x sandbox.Exchange) {
						if x.Method == "GET" || !strings.Contains(x.URL, "/restapi/") {
							return
						}
						if posts++; posts == 3 {
							takeOver(t, path)
						}
						if posts > 3 {
							then = append(then, x.Method+" "+x.URL)
						}
					}
				})
				got := runAgain(t, dir, "send", "--sandbox", "--ledger", path, "--via", via, "--concurrency", "1", file)
				if got.code != exitStopped || !strings.Contains(got.stderr, `stopped: batch "offers.csv" was taken over by another run: process 4711 on atlas since 2026-`) {
					t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
				}
				if len(then) > 0 {
					t.Errorf("after that there leaves %q", then)
				}
				if n := len(server.Envelopes()); n > 3 {
					t.Errorf("%d envelopes are there", n)
				}
			})
		})
	}
}

// takeOver gives the leases in a ledger to another run.
func takeOver(t *testing.T, path string) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)")
	linked(t, err)
	defer db.Close()
	for _, statement := range []string{
		`INSERT INTO run (account, host, pid, owner, version, started) SELECT account, 'atlas', 4711, '', '', 1790000000000 FROM run LIMIT 1`,
		`UPDATE lease SET run = (SELECT max(id) FROM run), lock_file = 0`,
	} {
		if _, err := db.Exec(statement); err != nil {
			t.Error(err)
		}
	}
}
