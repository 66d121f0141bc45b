package sandbox_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"batchsend/internal/sandbox"
)

// A process that is killed between two copies goes on where it stopped, and the
// clock has gone on meanwhile.
func TestBulkSurvives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		fail := func(emails []string) string {
			if emails[0] == "ann2@example.test" {
				return "The mail bounced."
			}
			return ""
		}
		s := &sandbox.Server{Store: dir, BulkRate: 1, FailCopy: fail}
		c := newClient(t, s)
		kept, batch := c.bulkList(bulkCopy(8)), c.bulkBatch(bulkCopies(10)...)
		gone := c.bulkList()
		c.do("DELETE", "/bulk_send_lists/"+gone, "")
		c.do("PUT", "/bulk_send_batch/"+batch, `{"batchName":"Renamed"}`)
		start := s.Now()
		time.Sleep(4 * time.Second)
		if got := c.counts(batch); got != "6 3 1" {
			t.Errorf("before: %s", got)
		}
		// No Close: the process was killed, in the middle of a line.
		file := filepath.Join(dir, "bulk.jsonl")
		tear(t, file, `{"batch":{"id":"4444`)

		time.Sleep(3 * time.Second)
		s = &sandbox.Server{Store: dir, BulkRate: 100, DraftOnce: true} // the rate is that of its sending
		c = newClient(t, s)
		if got := c.counts(batch); got != "3 6 1" {
			t.Errorf("after: %s", got)
		}
		if got := c.do("GET", "/bulk_send_batch/"+batch, ""); got.str("batchName") != "Renamed" {
			t.Errorf("name: %s", got.body)
		}
		if got := c.do("GET", "/bulk_send_lists", ""); !strings.Contains(got.body, kept) || strings.Contains(got.body, gone) {
			t.Errorf("lists: %s", got.body)
		}
		if got := c.do("GET", "/bulk_send_lists/"+kept, ""); !strings.Contains(got.body, "ann8@") {
			t.Errorf("list: %s", got.body)
		}
		c.fits(kept, s.Envelopes()[0].ID, "BULK_SEND_ENVELOPE_NOT_IN_SENDABLE_STATE") // it was used before
		later := c.bulkBatch(bulkCopy(11))
		time.Sleep(time.Minute)
		s = &sandbox.Server{Store: dir}
		c = newClient(t, s)
		if a, b := c.counts(batch), c.counts(later); a != "0 9 1" || b != "0 1 0" {
			t.Errorf("in the end: %s and %s", a, b)
		}
		if diff := cmp.Diff([]string{"ann2@example.test: The mail bounced."}, c.failures(batch)); diff != "" {
			t.Error(diff)
		}
		for i, e := range sentCopies(s) {
			n := i + 1
			if i > 0 {
				n++ // the second failed
			}
			if e.Recipients[0].Email != fmt.Sprintf("ann%d@example.test", n) {
				t.Errorf("copy %d went to %s", n, e.Recipients[0].Email)
			}
			if want := start.Add(time.Duration(n) * time.Second); n <= 10 && !e.Sent.Equal(want) {
				t.Errorf("copy %d was sent at %v, want %v", n, e.Sent, want)
			}
		}
		if got := mode(t, file); got != 0o600 {
			t.Errorf("bulk.jsonl has mode %o", got)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// tear appends the beginning of a line, as a process does that is killed.
func tear(t *testing.T, file, beginning string) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(beginning); err != nil {
		t.Fatal(err)
	}
}

// Two processes, one queue: each sees what the other sends, and whoever looks
// lets it happen.
func TestBulkStoreIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		a, b := &sandbox.Server{Store: dir, BulkRate: 1, BulkQueue: 5}, &sandbox.Server{Store: dir, BulkRate: 1, BulkQueue: 5}
		one, two := newClient(t, a), newClient(t, b)
		batch := one.bulkBatch(bulkCopies(4)...)
		list, draft := one.bulkList(bulkCopies(2)...), one.create(bulkDraft)
		if got := two.counts(batch); got != "4 0 0" {
			t.Errorf("the other sees %s", got)
		}
		if got := two.do("POST", "/bulk_send_lists/"+list+"/send", bulkSend(draft)); got.code() != "BULK_SEND_ACCOUNT_HAS_TOO_MANY_QUEUED_ENVELOPES" {
			t.Errorf("the queue is the account's: %d %s", got.status, got.body)
		}
		time.Sleep(2 * time.Second)
		if got := two.counts(batch); got != "2 2 0" {
			t.Errorf("after 2 s the other sees %s", got)
		}
		if got := two.do("POST", "/bulk_send_lists/"+list+"/send", bulkSend(draft)); got.status != 201 {
			t.Errorf("send: %d %s", got.status, got.body)
		}
		// A third was killed in the middle of a line, while these two go on.
		tear(t, filepath.Join(dir, "bulk.jsonl"), `{"list":{"listId":"`)
		tear(t, filepath.Join(dir, "envelopes.jsonl"), `{"id":"`)
		time.Sleep(time.Minute)
		third := one.bulkList(bulkCopy(7))
		for _, c := range []*client{one, two} {
			if got := c.counts(batch); got != "0 4 0" {
				t.Errorf("in the end: %s", got)
			}
			if got := c.do("GET", "/bulk_send_lists/"+third, ""); got.status != 200 {
				t.Errorf("the third list: %d %s", got.status, got.body)
			}
		}
		if diff := cmp.Diff(asJSON(t, a.Envelopes()), asJSON(t, b.Envelopes())); diff != "" {
			t.Error(diff)
		}
		if n := len(sentCopies(b)); n != 6 {
			t.Errorf("%d were sent, want 6", n)
		}
	})
}

// However many look at once, a copy is made once.
func TestBulkConcurrently(t *testing.T) {
	dir := t.TempDir()
	const copies = 200
	servers := []*sandbox.Server{{Store: dir, BulkRate: 500}, {Store: dir}, {Store: dir}}
	var clients []*client
	for _, s := range servers {
		clients = append(clients, newClient(t, s))
	}
	batch := clients[0].bulkBatch(bulkCopies(copies)...)
	var wg sync.WaitGroup
	for _, c := range clients {
		for range 2 {
			wg.Go(func() {
				for t.Context().Err() == nil {
					got, err := c.send(t.Context(), "GET", "/bulk_send_batch/"+batch, "")
					if err != nil || got.str("queued") == "0" {
						return
					}
				}
			})
		}
	}
	wg.Wait()
	for _, s := range append(servers, &sandbox.Server{Store: dir}) {
		addresses := make(map[string]bool)
		for _, e := range sentCopies(s) {
			addresses[e.Recipients[0].Email] = true
		}
		if n := len(sentCopies(s)); n != copies || len(addresses) != copies {
			t.Errorf("%d were sent to %d, want %d", n, len(addresses), copies)
		}
	}
}

// asJSON is v as the Server writes it: without access codes.
func asJSON(t *testing.T, v any) string {
	t.Helper()
	out, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// Access codes are neither written nor shown; that there is one is.
func TestAccessCodesAreHidden(t *testing.T) {
	const code = "sesame-4711"
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s := &sandbox.Server{Store: dir}
		c := newClient(t, s)
		c.create(strings.Replace(offer, `"email"`, `"accessCode":"`+code+`","email"`, 1))
		c.bulkBatch(strings.Replace(bulkCopy(1), `"email"`, `"accessCode":"`+code+`","email"`, 1))
		time.Sleep(time.Minute)
		if n := len(sentCopies(s)); n != 2 {
			t.Errorf("%d were sent, want the envelope and the copy", n)
		}
		shown := c.do("GET", root+"/", "").body + c.do("GET", root+"/sandbox/envelopes.json", "").body + c.do("GET", root+"/sandbox/requests.json", "").body
		if strings.Contains(shown, code) || !strings.Contains(shown, "with access code") {
			t.Error("a page shows the access code, or not that there is one")
		}
		for _, name := range []string{"envelopes.jsonl", "bulk.jsonl", "requests.log"} {
			data, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(data), code) {
				t.Errorf("%s holds the access code", name)
			}
		}
		if got := (&sandbox.Server{Store: dir}); newClient(t, got) != nil && got.Envelopes()[0].Recipients[0].AccessCode == "" {
			t.Error("a later process does not know that there is an access code")
		}
	})
}
