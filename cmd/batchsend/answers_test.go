package main

import (
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"batchsend/internal/sandbox"
)

// wantOwnEnvelopes holds results against the sandbox's record: what is called sent
// has an envelope of its own, which was sent, and went to its own recipients.
func wantOwnEnvelopes(t *testing.T, all []offer, results string, record []sandbox.Envelope) (sent int) {
	t.Helper()
	byID := map[string]sandbox.Envelope{}
	for _, env := range record {
		byID[env.ID] = env
	}
	taken := map[string]string{}
	for i, row := range readCSV(t, results)[1:] {
		o := all[i/2]
		label, status, id := row[2], row[6], row[7]
		if status != "sent" && status != "already-sent" {
			continue
		}
		sent++
		env := byID[id]
		if env.Sent.IsZero() || env.Recipients[0].Email != o.employee {
			t.Errorf("%s is %s as %q, which went to %+v at %v", label, status, id, env.Recipients, env.Sent)
		}
		if other := taken[id]; other != "" && other != label {
			t.Errorf("%s and %s are both sent as %s", label, other, id)
		}
		taken[id] = label
	}
	return sent / 2
}

// TestStrangeAnswers has answers that are none: an envelope ID that is no ID, and
// those of a proxy that mixes answers up, whether it has passed the call on or
// not. Everybody is mailed once, and every row gets its own envelope's ID.
func TestStrangeAnswers(t *testing.T) {
	t.Parallel()
	for _, via := range []string{"single", "two-step", "bulk"} {
		for name, faults := range map[string]sandbox.Faults{
			"no ID":                      {BadID: 0.2},
			"another's, not passed on":   {ReplayBefore: 0.2},
			"another's, and passed on":   {ReplayAfter: 0.2},
			"all of these, and lost too": {BadID: 0.1, ReplayBefore: 0.1, ReplayAfter: 0.1, DropAfter: 0.1},
		} {
			t.Run(via+"/"+name, func(t *testing.T) {
				dir := t.TempDir()
				all := offers(60)
				if via == "bulk" {
					all = manyOffers(60)
				}
				file, results := writeOffers(t, dir, all), filepath.Join(dir, "results.csv")
				synctest.Test(t, func(t *testing.T) {
					server := shareSandbox(t, dir, func(s *sandbox.Server) {
						s.BulkCopies = 7
						s.Faults, s.Faults.Seed = faults, 11
					})
					var calls atomic.Int32
					server.OnRequest = func(x sandbox.Exchange) {
						if x.Method == "POST" && strings.Contains(x.URL, "/restapi/") {
							// Lists are struck, too, once there are answers to mix up.
							everywhere := faults
							everywhere.Seed, everywhere.Everywhere = 11, calls.Add(1) > 3 && via == "bulk"
							server.SetFaults(everywhere)
						}
					}
					// One at a time: an answer that is not yet written down cannot be told
					// from its copy.
					got := runAgain(t, dir, "send", "--sandbox", "--via", via, "--concurrency", "1", "--max-errors", "0", "--results", results, file)
					for range 5 {
						if got.code == exitDone {
							break
						}
						got = runAgain(t, dir, "send", "--sandbox", "--via", via, "--concurrency", "1", "--max-errors", "0", "--results", results, file)
					}
					if got.code != exitDone {
						t.Errorf("exit code %d\n%.3000s%s", got.code, got.stdout, got.stderr)
					}
					if !slices.ContainsFunc(server.Log(), func(x sandbox.LogEntry) bool { return x.Fault != "" }) {
						t.Error("no answer was strange")
					}
					wantEachOnce(t, all, server.Envelopes())
					if n := wantOwnEnvelopes(t, all, results, server.Envelopes()); n != len(all) {
						t.Errorf("%d rows are sent, want %d", n, len(all))
					}
				})
			})
		}
	}
}

// TestDraftsDeleted has somebody delete drafts in DocuSign between the two steps:
// such a row is never called sent before it was, and goes again.
func TestDraftsDeleted(t *testing.T) {
	t.Parallel()
	for _, gone := range []bool{false, true} {
		dir := t.TempDir()
		all := offers(40)
		file, results := writeOffers(t, dir, all), filepath.Join(dir, "results.csv")
		synctest.Test(t, func(t *testing.T) {
			server := shareSandbox(t, dir, func(s *sandbox.Server) {
				s.DeletedGone = gone
				s.Faults.DraftDeleted, s.Faults.Seed = 0.3, 5
			})
			got := runAgain(t, dir, "send", "--sandbox", "--via", "two-step", "--max-errors", "0", "--results", results, file)
			if got.code == exitFailed { // a draft that was deleted again and again
				got = runAgain(t, dir, "send", "--sandbox", "--via", "two-step", "--max-errors", "0", "--results", results, file)
			}
			if got.code != exitDone {
				t.Errorf("gone %t: exit code %d\n%s%s", gone, got.code, got.stdout, got.stderr)
			}
			wantEachOnce(t, all, server.Envelopes())
			if n := wantOwnEnvelopes(t, all, results, server.Envelopes()); n != len(all) {
				t.Errorf("gone %t: %d rows are sent, want %d", gone, n, len(all))
			}
			if !slices.ContainsFunc(server.Envelopes(), func(env sandbox.Envelope) bool { return env.Status == "deleted" }) {
				t.Errorf("gone %t: no draft was deleted", gone)
			}
		})
	}
}

// TestDeletedAfterSending has somebody void and delete an envelope whose answer was
// lost: it was mailed, and does not go again.
func TestDeletedAfterSending(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	all := offers(10)
	file, results := writeOffers(t, dir, all), filepath.Join(dir, "results.csv")
	synctest.Test(t, func(t *testing.T) {
		server := shareSandbox(t, dir, func(s *sandbox.Server) {
			s.BinVoids = true
			s.Faults.DropAfter, s.Faults.Seed = 0.4, 5
		})
		server.OnRequest = func(x sandbox.Exchange) {
			if x.Method != "PUT" {
				return
			}
			for _, env := range server.Envelopes() { // once they are looked up
				for range 2 {
					_ = server.Delete(env.ID)
				}
			}
		}
		got := runAgain(t, dir, "send", "--sandbox", "--via", "single", "--concurrency", "1", "--results", results, file)
		if got.code != exitDone || len(server.Envelopes()) != len(all) {
			t.Errorf("exit code %d, %d envelopes\n%s%s", got.code, len(server.Envelopes()), got.stdout, got.stderr)
		}
		if n := wantOwnEnvelopes(t, all, results, server.Envelopes()); n != len(all) {
			t.Errorf("%d rows are sent, want %d", n, len(all))
		}
	})
}
