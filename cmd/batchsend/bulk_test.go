package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"batchsend/internal/report"
	"batchsend/internal/sandbox"
)

// manyOffers makes n offers with two reminder settings among them.
func manyOffers(n int) []offer {
	all := make([]offer, n)
	for i := range all {
		all[i] = offer{
			label: fmt.Sprintf("E-%06d", i+1), salary: fmt.Sprint(30000 + i), delay: "2", frequency: "3",
			employee: fmt.Sprintf("employee.%d@example.test", i+1), manager: "manager@example.test",
		}
		if i%2 == 1 {
			all[i].delay, all[i].frequency = "5", "1"
		}
	}
	return all
}

// restCalls counts the calls that DocuSign counts.
func restCalls(log []sandbox.LogEntry) (calls int) {
	for _, entry := range log {
		if strings.HasPrefix(entry.Path, "/restapi/") {
			calls++
		}
	}
	return calls
}

// TestBulkTenThousand sends 10,000 envelopes with two reminder settings in
// bulk. One copy in a hundred fails. At most 7 calls are made for 1,000
// envelopes, and every row gets its envelope ID, or why it has none.
func TestBulkTenThousand(t *testing.T) {
	t.Parallel()
	n := sized(t, 10_000, 6000)
	dir := t.TempDir()
	all := manyOffers(n)
	file := writeOffers(t, dir, all)
	fails := func(i int) bool { return i%100 == 37 }
	failing := map[string]bool{}
	for i, o := range all {
		failing[o.employee] = fails(i)
	}
	synctest.Test(t, func(t *testing.T) {
		var server *sandbox.Server
		tune := func(s *sandbox.Server) {
			server = s
			s.Store, s.HourlyLimit, s.BurstLimit = "", 1000, 500
			s.FailCopy = func(emails []string) string {
				if slices.ContainsFunc(emails, func(e string) bool { return failing[e] }) {
					return "The mailbox cannot be reached"
				}
				return ""
			}
		}
		results := filepath.Join(dir, "results.csv")
		start := time.Now()
		got := runHere(t, dir, tune, "send", "--sandbox", "--results", results, file)
		if got.code != exitFailed {
			t.Fatalf("exit code %d, want %d\n%.3000s%s", got.code, exitFailed, got.stdout, got.stderr)
		}
		calls := restCalls(server.Log())
		t.Logf("%d envelopes took %d calls and %v", n, calls, time.Since(start))
		if calls > 7*n/1000 {
			t.Errorf("%d calls, want at most %d", calls, 7*n/1000)
		}
		wantRowsMapped(t, all, fails, results, server.Envelopes())
		wantTidy(t, server)
	})
}

// TestBulkTidy has answers of all kinds get lost, while lists are made, sent and
// looked up: whatever was made for nothing is removed in the end.
func TestBulkTidy(t *testing.T) {
	t.Parallel()
	for seed := range 4 {
		dir := t.TempDir()
		all := manyOffers(60)
		file := writeOffers(t, dir, all)
		synctest.Test(t, func(t *testing.T) {
			server := shareSandbox(t, dir, func(s *sandbox.Server) {
				s.Faults.DropAfter, s.Faults.Everywhere, s.Faults.Seed = 0.3, true, uint64(seed)
			})
			got := runAgain(t, dir, "send", "--sandbox", "--via", "bulk", file)
			for range 5 {
				if got.code == exitDone {
					break
				}
				time.Sleep(time.Hour)
				got = runAgain(t, dir, "send", "--sandbox", "--via", "bulk", file)
			}
			if got.code != exitDone {
				t.Fatalf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
			}
			wantEachOnce(t, all, server.Envelopes())
			wantTidy(t, server)
		})
	}
}

// wantTidy fails if lists or drafts lie about.
func wantTidy(t *testing.T, server *sandbox.Server) {
	t.Helper()
	if left := server.BulkLists(); len(left) > 0 {
		t.Errorf("lists lie about: %q", left)
	}
	wantNoDrafts(t, server.Envelopes())
}

func wantNoDrafts(t *testing.T, record []sandbox.Envelope) {
	t.Helper()
	for _, env := range record {
		if env.Status == "created" {
			t.Errorf("draft %s lies about", env.ID)
		}
	}
}

// wantRowsMapped holds results and the sandbox's record against the offers.
func wantRowsMapped(t *testing.T, all []offer, fails func(i int) bool, results string, record []sandbox.Envelope) {
	t.Helper()
	byID := map[string]*sandbox.Envelope{}
	mailed := 0
	for i := range record {
		if byID[record[i].ID] = &record[i]; record[i].Status == "sent" {
			mailed++
		}
	}
	failed := 0
	for i, row := range readCSV(t, results)[1:] {
		o := all[i/2]
		line, label, status, id, message := row[1], row[2], row[6], row[7], row[10]
		if line != strconv.Itoa(i+2) || label != o.label {
			t.Fatalf("row %d of the results is %q", i, row)
		}
		if fails(i / 2) {
			failed++
			if status != "failed" || id != "" || !strings.Contains(message, "mailbox cannot be reached") {
				t.Errorf("line %s, whose copy failed: %q", line, row)
			}
			continue
		}
		env := byID[id]
		if status != "sent" || env == nil {
			t.Errorf("line %s: %q", line, row)
			continue
		}
		r := env.Recipients[0]
		salary := r.Tabs[slices.IndexFunc(r.Tabs, func(tab sandbox.Tab) bool { return tab.Label == "Salary" })].Value
		days := fmt.Sprintf("%d, %d", env.Notification.ReminderDelay, env.Notification.ReminderFrequency)
		if r.Email != o.employee || salary != o.salary || days != o.delay+", "+o.frequency {
			t.Fatalf("line %s: envelope %s went to %s with %s and reminders after %s days", line, id, r.Email, salary, days)
		}
	}
	if want := len(all) - failed/2; mailed != want {
		t.Errorf("%d envelopes were mailed, want %d", mailed, want)
	}
}

func readCSV(t *testing.T, path string) [][]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestBulkKilled kills a process that sends in bulk ten times, at random, and
// then lets one finish: everybody is mailed once.
func TestBulkKilled(t *testing.T) {
	t.Parallel()
	url, settings := startSandbox(t, t.TempDir(), "--bulk-rate", "4000", "--calls-per-hour", "100000", "--calls-per-burst", "100000")
	v := newVictim(t, url, settings, "bulk", 0)
	v.offers = manyOffers(sized(t, 10_000, 1500))
	v.file = writeOffers(t, v.dir, v.offers)
	dice := rand.New(rand.NewPCG(7, uint64(time.Now().UnixNano())))
	for range 10 {
		cmd := v.send("--via", "bulk")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(200+dice.IntN(2500)) * time.Millisecond) // to strike anywhere
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	v.finish("--via", "bulk")
	v.verify()
	wantNoDrafts(t, mailed(t, url))
}

// TestPlanKept holds what a run does against what a dry run said just before:
// the calls, and when it is done.
func TestPlanKept(t *testing.T) {
	t.Parallel()
	tests := []struct {
		via    string
		n      int
		hourly int
		engine string
		rate   float64 // of bulk
		large  bool
	}{
		{via: "auto", n: 900, hourly: 1000, engine: "single"},
		{via: "single", n: 1300, hourly: 1000, engine: "single", large: true},
		{via: "two-step", n: 600, hourly: 1000, engine: "two-step"},
		{via: "auto", n: 1500, hourly: 1000, engine: "bulk"},
		{via: "auto", n: 3300, hourly: 1000, engine: "bulk", rate: 3, large: true}, // which an earlier run has seen
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %d at %d", tt.via, tt.n, tt.hourly), func(t *testing.T) {
			if tt.large {
				large(t)
			}
			dir := t.TempDir()
			all := manyOffers(tt.n)
			file := writeOffers(t, dir, all)
			synctest.Test(t, func(t *testing.T) {
				server := shareSandbox(t, dir, func(s *sandbox.Server) {
					s.HourlyLimit, s.BurstLimit, s.BulkRate = tt.hourly, 500, tt.rate
					s.Faults.Latency, s.Faults.Everywhere = 100*time.Millisecond, true
				})
				if tt.rate > 0 {
					learnRate(t, dir)
				}
				before := len(server.Log())
				got := runAgain(t, dir, "send", "--sandbox", "--dry-run", "--json", "--via", tt.via, file)
				var dry report.Summary
				if err := json.Unmarshal([]byte(got.stdout), &dry); err != nil || got.code != exitDone {
					t.Fatalf("exit code %d: %v\n%s", got.code, err, got.stderr)
				}
				reading := restCalls(server.Log()[before:])
				start, before := time.Now(), len(server.Log())
				if got = runAgain(t, dir, "send", "--sandbox", "--via", tt.via, file); got.code != exitDone {
					t.Fatalf("exit code %d\n%s", got.code, got.stderr)
				}
				calls, took := restCalls(server.Log()[before:])-reading, time.Since(start)-time.Duration(reading)*100*time.Millisecond
				t.Logf("engine %s: %d calls, %d planned; %v, %.0f s planned", dry.Plan.Engine, calls, dry.Plan.Calls, took, dry.Plan.Seconds)
				if dry.Plan.Engine != tt.engine {
					t.Errorf("engine %q, want %q", dry.Plan.Engine, tt.engine)
				}
				if calls != dry.Plan.Calls {
					t.Errorf("%d calls, the dry run said %d", calls, dry.Plan.Calls)
				}
				if off := took.Seconds()/dry.Plan.Seconds - 1; off > 0.02 || off < -0.02 {
					t.Errorf("took %v, the dry run said %.0f s", took, dry.Plan.Seconds)
				}
			})
		})
	}
}

// learnRate lets a run see how fast the sandbox makes copies.
func learnRate(t *testing.T, dir string) {
	t.Helper()
	other := filepath.Join(dir, "other")
	if err := os.Mkdir(other, 0o700); err != nil {
		t.Fatal(err)
	}
	few := manyOffers(100)
	for i := range few {
		few[i].employee = "other." + few[i].employee
	}
	if got := runAgain(t, dir, "send", "--sandbox", "--via", "bulk", "--batch", "other", writeOffers(t, other, few)); got.code != exitDone {
		t.Fatalf("exit code %d\n%s", got.code, got.stderr)
	}
}

// TestInterruptedInBulk interrupts a run while DocuSign works through its lists:
// exit code 5, for the next run learns what became of them, even one that is
// about something else.
func TestInterruptedInBulk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	all := manyOffers(400)
	file := writeOffers(t, dir, all)
	synctest.Test(t, func(t *testing.T) {
		server := shareSandbox(t, dir, func(*sandbox.Server) {})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(5*time.Second, cancel)
		got := runUntil(ctx, dir, "send", "--sandbox", "--via", "bulk", file)
		if got.code != exitStopped || !strings.Contains(got.stdout, "400 sending") {
			t.Fatalf("interrupted: exit code %d\n%.2000s%s", got.code, got.stdout, got.stderr)
		}
		fresh := append([]offer{{label: "E-new", salary: "1", employee: "new@example.test", manager: "manager@example.test"}}, all...)
		got = runAgain(t, dir, "send", "--sandbox", "--limit", "1", writeOffers(t, dir, fresh))
		if got.code != exitDone || !strings.Contains(got.stdout, "401 envelopes: 1 sent, 400 already sent") {
			t.Errorf("the next run: exit code %d\n%.2000s%s", got.code, got.stdout, got.stderr)
		}
		wantEachOnce(t, fresh, server.Envelopes())
	})
}

// TestTooLate: a run that will not be done in time says so before it starts, and
// how much will be left.
func TestTooLate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := writeOffers(t, dir, manyOffers(3000))
	for _, tt := range []struct {
		args []string
		want string // "" says nothing
	}{
		{[]string{"--via", "single", "--max-duration", "90m"}, "warning: about 1,006 envelopes of 3,000 will not have been sent when the run must end (--until, --max-duration)"},
		{[]string{"--via", "single", "--until", "00:01"}, "warning: about 2,005 envelopes of 3,000 will not have been sent"},
		{[]string{"--via", "single", "--until", "03:30"}, ""},
		{[]string{"--max-duration", "90m"}, ""},
		{[]string{"--via", "bulk", "--max-duration", "90s"}, "warning: about 1,"},
	} {
		synctest.Test(t, func(t *testing.T) {
			shareSandbox(t, dir, func(s *sandbox.Server) { s.HourlyLimit, s.BurstLimit = 1000, 500 })
			got := runAgain(t, dir, append([]string{"send", "--sandbox", "--dry-run", file}, tt.args...)...)
			if got.code != exitDone {
				t.Fatalf("%q: exit code %d\n%s", tt.args, got.code, got.stderr)
			}
			if tt.want == "" && strings.Contains(got.stderr, "will not have been sent") || !strings.Contains(got.stderr, tt.want) {
				t.Errorf("%q: stderr lacks %q:\n%s", tt.args, tt.want, got.stderr)
			}
		})
	}
}
