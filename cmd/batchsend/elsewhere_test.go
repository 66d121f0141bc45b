package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"batchsend/internal/sandbox"
)

// ledgerAt is the ledger of a desk.
func (o *bureau) ledgerAt(desk string) string {
	return filepath.Join(o.dir, desk, "batchsend", "sandbox", "ledger.db")
}

// put copies a ledger's file, without what stands beside it.
func (o *bureau) put(from, to string) {
	o.t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		o.t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		o.t.Fatal(err)
	}
	if err := os.WriteFile(to, text, 0o600); err != nil {
		o.t.Fatal(err)
	}
}

// lose takes a desk's ledger away, with all that stands beside it but what keep
// ends with.
func (o *bureau) lose(desk string, keep ...string) {
	o.t.Helper()
	for _, end := range []string{"", "-wal", "-shm", ".lock", ".runs"} {
		if len(keep) > 0 && end == keep[0] {
			continue
		}
		if err := os.Remove(o.ledgerAt(desk) + end); err != nil && !os.IsNotExist(err) {
			o.t.Fatal(err)
		}
	}
}

// listOf is a file of n envelopes, of which a number says which it is.
func listOf(from, n int) string {
	var b strings.Builder
	b.WriteString("Employee::Name,Employee::Email,Employee::Salary,Manager::Name,Manager::Email\n")
	for i := from; i < from+n; i++ {
		fmt.Fprintf(&b, "Employee %d,employee.%d@example.test,%d,Bo Lind,bo.lind@example.test\n", i, i, 40000+i)
	}
	return b.String()
}

// questions counts the calls that ask what others have sent.
func questions(log []sandbox.LogEntry) (calls int) {
	for _, entry := range log {
		if path, _, _ := strings.Cut(entry.Path, "?"); entry.Method == "GET" && (strings.HasSuffix(path, "/envelopes") || strings.HasSuffix(path, "/bulk_send_lists")) {
			calls++
		}
	}
	return calls
}

// engines are the ways to send.
var engines = []string{"single", "two-step", "bulk"}

// TestAnotherLedger sends a part of a batch, does something to the ledger, and
// gives the same command again: nobody is mailed twice, everybody once.
func TestAnotherLedger(t *testing.T) {
	t.Parallel()
	const n, first, then = 30, 8, 12
	for _, via := range engines {
		for name, disaster := range map[string]struct {
			do   func(o *bureau, backup string)
			desk string // where it goes on
			news int    // envelopes that its ledger does not know
			says string
		}{
			"a backup is restored": {func(o *bureau, backup string) { o.put(backup, o.ledgerAt("a")) }, "a", then, "is older than its counter of runs"},
			"a backup is restored without its counter": {func(o *bureau, backup string) {
				o.lose("a")
				o.put(backup, o.ledgerAt("a"))
			}, "a", then, ""},
			"it is lost":                      {func(o *bureau, _ string) { o.lose("a") }, "a", first + then, ""},
			"it is lost, but not its counter": {func(o *bureau, _ string) { o.lose("a", ".runs") }, "a", first + then, "is older than its counter of runs"},
			"an old copy at another desk":     {func(o *bureau, backup string) { o.put(backup, o.ledgerAt("b")) }, "b", then, ""},
			"another desk has none":           {func(*bureau, string) {}, "b", first + then, ""},
		} {
			t.Run(via+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					o := newBureau(t)
					list := listOf(0, n)
					send := func(desk string, args ...string) outcome {
						return o.send(desk, "may.csv", list, append([]string{"--via", via}, args...)...)
					}
					send("a", "--limit", fmt.Sprint(first))
					backup := filepath.Join(o.dir, "backup.db")
					o.put(o.ledgerAt("a"), backup)
					send("a", "--limit", fmt.Sprint(then))
					time.Sleep(time.Hour)
					disaster.do(o, backup)

					known := fmt.Sprintf("DocuSign has %d envelopes of batch \"may.csv\" that this ledger does not know", disaster.news)
					sent := fmt.Sprintf("%d already sent", first+then)
					before := o.mailed()
					dry := send(disaster.desk, "--dry-run")
					o.want(dry, exitDone, known+": a run adopts them", before)
					o.want(dry, exitDone, sent, before)
					o.want(dry, exitDone, disaster.says, before)
					got := send(disaster.desk)
					o.want(got, exitDone, known+": adopted", n)
					o.want(got, exitDone, fmt.Sprintf("%d sent, %s", n-first-then, sent), n)
					o.want(got, exitDone, disaster.says, n)

					// Now it knows. The first desk, which had the rest from another, learns of it.
					for _, desk := range []string{disaster.desk, "a", disaster.desk} {
						time.Sleep(time.Hour)
						calls := questions(o.server.Log())
						got := send(desk)
						o.want(got, exitDone, fmt.Sprintf("%d already sent", n), n)
						if strings.Contains(got.stderr, "does not know") != (desk != disaster.desk) {
							t.Errorf("at desk %s it says:\n%s", desk, got.stderr)
						}
						if desk == disaster.desk {
							if calls = questions(o.server.Log()) - calls; calls != 2 {
								t.Errorf("a run that has nothing to do asked %d times what others have sent, want 2: envelopes and lists", calls)
							}
						}
					}
				})
			})
		}
	}
}

// TestCorrectedAfterLoss: a cell that is corrected after the ledger was lost is
// known for a correction all the same.
func TestCorrectedAfterLoss(t *testing.T) {
	t.Parallel()
	for form, file := range map[string]string{"without labels": unlabelled, "with labels": labelled} {
		t.Run(form, func(t *testing.T) {
			o := newBureau(t)
			o.want(o.send("a", "may.csv", file), exitDone, "2 sent", 2)
			o.lose("a")
			corrected := strings.Replace(file, "41000", "42000", 1)
			for _, args := range [][]string{{"--dry-run"}, {}, {"--on-invalid", "skip"}, {}} {
				got := o.send("a", "may.csv", corrected, args...)
				o.want(got, exitRejected, "KEY_CONFLICT", 2)
				o.want(got, exitRejected, o.idOf("frej.alm@example.test"), 2)
				o.want(got, exitRejected, "1 already sent, 1 rejected", 2)
			}
			o.want(o.send("a", "may.csv", corrected, "--allow-repeat"), exitDone, "1 sent, 1 already sent", 3)
		})
	}
}

// TestTwoDesksOneName: two desks send different lists under one name. Each goes
// out once, and each desk hears of the other's.
func TestTwoDesksOneName(t *testing.T) {
	t.Parallel()
	o := newBureau(t)
	o.want(o.send("a", "may.csv", listOf(0, 4)), exitDone, "4 sent", 4)
	got := o.send("b", "may.csv", listOf(10, 3))
	o.want(got, exitDone, "3 sent", 7)
	o.want(got, exitDone, `DocuSign has 4 envelopes of batch "may.csv" that this ledger does not know: adopted; 0 of them in rows of this file, 4 in none`, 7)
	o.want(o.send("a", "may.csv", listOf(0, 6)), exitDone, "2 sent, 4 already sent", 9)
	o.want(o.send("b", "may.csv", listOf(10, 3)+listOf(0, 6)[strings.Index(listOf(0, 6), "\n")+1:]), exitDone, "9 already sent", 9)
	o.want(o.send("b", "june.csv", listOf(20, 3)), exitDone, "3 sent", 12) // another batch
}

// TestOverlappingDesks breaks the rule: two desks send at once what searches do
// not show yet. The next run names what is too many, once.
func TestOverlappingDesks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newBureau(t)
		o.server.IndexDelay = time.Minute
		o.send("a", "may.csv", listOf(0, 3))
		o.want(o.send("b", "may.csv", listOf(0, 3)), exitDone, "3 sent", 6)
		time.Sleep(time.Hour)
		for i, desk := range []string{"a", "b", "a", "b"} {
			got := o.send(desk, "may.csv", listOf(0, 3))
			o.want(got, exitDone, "3 already sent", 6)
			if strings.Contains(got.stderr, "more than one envelope under the same transaction ID") != (i < 2) || strings.Contains(got.stderr, "does not know") {
				t.Errorf("run %d at desk %s says:\n%s", i, desk, got.stderr)
			}
		}
	})
}

// TestListUnderWay hands a list over to DocuSign, stops, and loses the ledger
// while DocuSign works on it: nothing is sent before it is through.
func TestListUnderWay(t *testing.T) {
	t.Parallel()
	for name, delay := range map[string]time.Duration{"searches show all": 0, "searches lag": 5 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const n = 40
				o := newBureau(t)
				o.server.BulkRate, o.server.IndexDelay = 0.1, delay
				list := listOf(0, n)
				path := filepath.Join(o.dir, "may.csv")
				if err := os.WriteFile(path, []byte(list), 0o600); err != nil {
					t.Fatal(err)
				}
				ctx, stop := context.WithTimeout(t.Context(), time.Minute)
				defer stop()
				if got := runUntil(ctx, filepath.Join(o.dir, "a"), "send", "--sandbox", "--via", "bulk", path); got.code != exitStopped {
					t.Fatalf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
				}
				o.lose("a")
				held := 0
				for {
					got := o.send("b", "may.csv", list, "--via", []string{"single", "bulk"}[held%2])
					if got.code == exitDone {
						o.want(got, exitDone, fmt.Sprintf("%d already sent", n), n)
						break
					}
					o.want(got, exitStopped, "from a bulk list that another ledger has handed over", o.mailed())
					if dry := o.send("b", "may.csv", list, "--dry-run"); dry.code != exitStopped {
						t.Fatalf("a dry run: exit code %d\n%s%s", dry.code, dry.stdout, dry.stderr)
					}
					if held++; held > 20 {
						t.Fatal("it is held back for ever")
					}
					time.Sleep(time.Minute)
				}
				if lists := o.server.BulkLists(); len(lists) != 0 {
					t.Errorf("lists are left behind: %q", lists)
				}
				wantNoDrafts(t, o.server.Envelopes())
				if held < 5 {
					t.Errorf("it was held back %d times, want about 7", held)
				}
			})
		})
	}
}

// TestEarlierReleaseLost loses the ledger of an earlier release, whose envelopes
// do not carry the batch's field.
func TestEarlierReleaseLost(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"list.csv", "named.csv"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "testdata", "release1", name))
		if err != nil {
			t.Fatal(err)
		}
		file := string(text)
		const before = 4 // of both files, two of each
		t.Run("unchanged/"+name, func(t *testing.T) {
			o := halfSent(t, nil)
			o.lose("a")
			o.want(o.send("a", name, file, "--dry-run"), exitDone, "2 already sent", before)
			got := o.send("a", name, file)
			o.want(got, exitDone, "2 sent, 2 already sent", before+2)
			o.want(got, exitDone, "DocuSign has 2 envelopes of batch", before+2)
			o.want(o.send("a", name, file), exitDone, "4 already sent", before+2)
		})
		t.Run("to other people/"+name, func(t *testing.T) {
			o := halfSent(t, strings.NewReplacer("gita.rao@", "somebody.else@", "kim.berg@", "somebody.else@").Replace)
			o.lose("a")
			if name == "list.csv" { // its transaction ID says that it is this one: somebody has corrected it at DocuSign
				o.want(o.send("a", name, file), exitDone, "2 sent, 2 already sent", before+2)
				return
			}
			o.want(o.send("a", name, file), exitRejected, "KEY_CONFLICT", before)
		})
	}
}

// TestDamagedLedger: what the message about a damaged ledger advises doubles
// nothing.
func TestDamagedLedger(t *testing.T) {
	t.Parallel()
	o := newBureau(t)
	o.want(o.send("a", "may.csv", listOf(0, 5), "--limit", "3"), exitDone, "3 sent", 3)
	if err := os.Truncate(o.ledgerAt("a"), 0); err != nil {
		t.Fatal(err)
	}
	os.Remove(o.ledgerAt("a") + "-wal")
	got := o.send("a", "may.csv", listOf(0, 5))
	o.want(got, exitCannotRun, "asks DocuSign what was sent that the ledger does not know and adopts it", 3)
	o.lose("a", ".runs")
	o.want(o.send("a", "may.csv", listOf(0, 5)), exitDone, "2 sent, 3 already sent", 5)
}

// TestLostLog kills a run and takes the ledger's log away, with all that the run
// had written: the next one waits for what that run had under way.
func TestLostLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const n = 12
		o := newBureau(t)
		list := listOf(0, n)
		o.send("a", "may.csv", list, "--limit", "2")
		backup := filepath.Join(o.dir, "backup.db")
		o.put(o.ledgerAt("a"), backup)
		o.send("a", "may.csv", list, "--limit", "3")
		o.put(backup, o.ledgerAt("a"))
		if err := os.WriteFile(o.ledgerAt("a")+".runs", []byte("0000000000009 begun\n"), 0o600); err != nil {
			t.Fatal(err) // the counter of a run that was killed
		}
		o.server.IndexDelay = 8 * time.Minute // its last call shows that late

		const waits = "and that run was killed: what it had under way may not show at DocuSign yet"
		start := time.Now()
		got := o.send("a", "may.csv", list, "--max-duration", "3m")
		o.want(got, exitStopped, waits, 5)
		o.want(o.send("a", "may.csv", list, "--dry-run"), exitDone, "is older than its counter of runs", 5)
		if took := time.Since(start); took > 5*time.Minute {
			t.Errorf("a run that must end and a dry run took %v", took)
		}
		got = o.send("a", "may.csv", list)
		o.want(got, exitDone, waits, n)
		o.want(got, exitDone, "7 sent, 5 already sent", n)
		if took := time.Since(start); took < 10*time.Minute {
			t.Errorf("it waited until %v", took)
		}
		start = time.Now()
		o.want(o.send("a", "may.csv", list), exitDone, "12 already sent", n)
		if took := time.Since(start); took > time.Minute {
			t.Errorf("the run after it took %v", took)
		}
	})
}
