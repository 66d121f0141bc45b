package sandbox_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"batchsend/internal/sandbox"
)

// Whatever is sent, whoever looks, and whenever processes are killed: each copy
// is sent once or fails once, at a time of its own, in the order of sending.
func TestBulkLaw(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rapid.SyncTest(rt, func(rt *rapid.T) {
			dir, err := os.MkdirTemp(t.TempDir(), "")
			if err != nil {
				rt.Fatal(err)
			}
			open := func() (*sandbox.Server, *client) {
				s := &sandbox.Server{Store: dir, BulkRate: 4, Faults: sandbox.Faults{BulkCopy: 0.2, Seed: 3}}
				return s, newClient(t, s)
			}
			s, c := open()
			_, other := open()
			var batches []string
			rows := 0
			for _, what := range rapid.SliceOfN(rapid.SampledFrom([]string{"send", "look", "look elsewhere", "wait", "kill"}), 1, 20).Draw(rt, "steps") {
				switch what {
				case "send":
					var copies []string
					for range rapid.IntRange(1, 6).Draw(rt, "copies") {
						rows++
						copies = append(copies, bulkCopy(rows))
					}
					batches = append(batches, c.bulkBatch(copies...))
				case "look":
					s.Envelopes()
				case "look elsewhere":
					other.do("GET", "/bulk_send_batch", "")
				case "wait":
					time.Sleep(time.Duration(rapid.IntRange(1, 2000).Draw(rt, "ms")) * time.Millisecond)
				case "kill": // without Close, in the middle of a line
					tear(t, filepath.Join(dir, "bulk.jsonl"), `{"failed":{"`)
					tear(t, filepath.Join(dir, "envelopes.jsonl"), `{"id":`)
					s, c = open()
				}
			}
			time.Sleep(time.Minute)
			seen := make(map[string]int)
			var before time.Time
			for _, e := range sentCopies(s) {
				seen[e.Recipients[0].Email]++
				if e.Sent.Sub(before) < 250*time.Millisecond {
					rt.Fatalf("%s was sent %v after another", e.Recipients[0].Email, e.Sent.Sub(before))
				}
				before = e.Sent
			}
			for _, batch := range batches {
				if got := c.counts(batch); !strings.HasPrefix(got, "0 ") || got != other.counts(batch) {
					rt.Fatalf("batch: %s here, %s there", got, other.counts(batch))
				}
				for _, why := range c.failures(batch) {
					email, _, _ := strings.Cut(why, ":")
					seen[email]++
				}
			}
			if len(seen) != rows {
				rt.Fatalf("%d copies came to an end, want %d", len(seen), rows)
			}
			for email, n := range seen {
				if n != 1 {
					rt.Fatalf("%s came to %d ends", email, n)
				}
			}
		})
	})
}
