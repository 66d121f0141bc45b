package sandbox_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"batchsend/internal/sandbox"
)

// failures are a batch's errors, as "address: message".
func (c *client) failures(batch string) []string {
	c.t.Helper()
	out := []string{}
	for _, f := range objects(c.do("GET", "/bulk_send_batch/"+batch, ""), "bulkErrors") {
		out = append(out, texts(f.json["recipientEmails"])[0]+": "+f.str("errorMessage"))
	}
	return out
}

// What is wrong with one copy is that copy's business.
func TestBulkCopyFailsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sandbox.Server{BulkRate: 1, FailCopy: func(emails []string) string {
			if strings.Join(emails, ",") == "ann5@example.test,bo@example.test" {
				return "The mail bounced."
			}
			return ""
		}}
		c := newClient(t, s)
		copies := bulkCopies(6)
		copies[1] = with(copies[1], `"emailSubject":"`+strings.Repeat("x", 101)+`"`)
		copies[2] = strings.Replace(copies[2], `"Salary","initialValue":"3000"`, `"Office","initialValue":"Atlantis"`, 1)
		copies[3] = strings.Replace(copies[3], `"row","value":"r 4"`, `"Region","value":"West"`, 1)
		batch := c.bulkBatch(copies...)
		time.Sleep(3 * time.Second)
		if got := c.counts(batch); got != "3 1 2" {
			t.Errorf("after 3 s: %s", got)
		}
		if e := objects(c.do("GET", "/bulk_send_batch/"+batch, ""), "bulkErrors")[1]; e.str("created") != s.Now().Format("2006-01-02T15:04:05.0000000Z") {
			t.Errorf("created = %q", e.str("created"))
		}
		time.Sleep(time.Minute)
		if got := c.counts(batch); got != "0 2 4" {
			t.Errorf("in the end: %s", got)
		}
		const invalid = "INVALID_REQUEST_PARAMETER: The request contained at least one invalid parameter. "
		want := []string{
			"ann2@example.test: " + invalid + "emailSubject is longer than 100 characters.",
			"ann3@example.test: " + invalid + `The value "Atlantis" is not an option of tab "Office".`,
			"ann4@example.test: " + invalid + `The value "West" is not an item of the envelope custom field "Region".`,
			"ann5@example.test: The mail bounced.",
		}
		if diff := cmp.Diff(want, c.failures(batch)); diff != "" {
			t.Error(diff)
		}
		if n := len(sentCopies(s)); n != 2 {
			t.Errorf("%d were sent", n)
		}
	})
}

func TestBulkAllowance(t *testing.T) {
	s := &sandbox.Server{BulkRate: 1e6, Allowance: 3}
	c := newClient(t, s)
	c.create(offer)
	batch := c.bulkBatch(bulkCopies(4)...)
	s.Advance(time.Second)
	if got := c.counts(batch); got != "0 2 2" {
		t.Errorf("counts: %s", got)
	}
	if got := c.failures(batch)[0]; !strings.HasPrefix(got, "ann3@example.test: ENVELOPE_ALLOWANCE_EXCEEDED: ") {
		t.Errorf("failure: %s", got)
	}
	if got := c.do("GET", "", ""); got.str("billingPeriodEnvelopesSent") != "3" {
		t.Errorf("account: %s", got.body)
	}
}

func TestBulkCopyFault(t *testing.T) {
	run := func(seed uint64) []string {
		faults, err := sandbox.ParseFaults(fmt.Sprintf("bulk-copy=0.1,seed=%d", seed))
		if err != nil {
			t.Fatal(err)
		}
		s := &sandbox.Server{BulkRate: 1e6, Faults: faults}
		c := newClient(t, s)
		batch := c.bulkBatch(bulkCopies(300)...)
		s.Faults = sandbox.Faults{} // it was decided when the list was sent
		s.Advance(time.Second)
		return c.failures(batch)
	}
	first := run(1)
	if n := len(first); n < 15 || n > 50 {
		t.Errorf("%d of 300 failed, want about 30", n)
	}
	if diff := cmp.Diff(first, run(1)); diff != "" {
		t.Errorf("one seed, two patterns: %s", diff)
	}
	if cmp.Equal(first, run(2)) {
		t.Error("two seeds, one pattern")
	}
	if _, err := sandbox.ParseFaults("bulk-copy=2"); err == nil || !strings.Contains(err.Error(), "from 0 to 1") {
		t.Errorf("a rate of 2: %v", err)
	}
}

func TestBulkStoreFault(t *testing.T) {
	s := &sandbox.Server{Faults: sandbox.Faults{BulkStore: 1}}
	c := newClient(t, s)
	list, draft := c.bulkList(bulkCopy(1)), c.create(bulkDraft)
	if got := c.do("POST", "/bulk_send_lists/"+list+"/send", bulkSend(draft)); got.status != 400 || got.code() != "BULK_SEND_BLOB_STORE_ERROR" {
		t.Errorf("send: %d %s", got.status, got.body)
	}
	s.Faults = sandbox.Faults{}
	if got := c.do("GET", "/bulk_send_batch", ""); got.str("totalSetSize") != "0" {
		t.Errorf("batches: %s", got.body)
	}
}

// The faults of creation strike sending a list: of some the client learns
// nothing, and the batch exists.
func TestFaultsStrikeBulkSend(t *testing.T) {
	for spec, queued := range map[string]int{
		"refuse=1": 0, "drop-before=1": 0, "limit=1": 0, "503=1": 0,
		"502-after=1": 1, "drop-after=1": 1, "truncate=1": 1, "hang=1": 1, "slow=2m": 1,
		"kill-after=1": 1, "kill-after=3": 1, "kill-after=4": 1,
	} {
		t.Run(spec, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &sandbox.Server{}
				c := newClient(t, s)
				list, draft := c.bulkList(bulkCopies(3)...), c.create(bulkDraft) // the draft counts, too
				killed := false
				faults, err := sandbox.ParseFaults(spec)
				if err != nil {
					t.Fatal(err)
				}
				faults.OnKill = func() { killed = true }
				s.Faults = faults
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				got, err := c.send(ctx, "POST", "/bulk_send_lists/"+list+"/send", bulkSend(draft))
				if err == nil && got.status == 201 && spec != "kill-after=1" { // passed before, by the draft
					t.Errorf("nothing struck: %d %s", got.status, got.body)
				}
				if want := spec == "kill-after=3" || spec == "kill-after=4"; killed != want {
					t.Errorf("killed = %v, want %v", killed, want)
				}
				s.Faults = sandbox.Faults{}
				batches := objects(c.do("GET", "/bulk_send_batch?search_text=b7", ""), "bulkBatchSummaries")
				if len(batches) != queued {
					t.Fatalf("%d batches, want %d", len(batches), queued)
				}
				time.Sleep(time.Minute)
				if n := len(sentCopies(s)); n != 3*queued {
					t.Errorf("%d were sent, want %d", n, 3*queued)
				}
			})
		})
	}
}

// Other bulk calls are struck only where everything is.
func TestBulkFaultsEverywhere(t *testing.T) {
	s := &sandbox.Server{Faults: sandbox.Faults{Error503: 1}}
	c := newClient(t, s)
	c.bulkList()
	s.Faults.Everywhere = true
	for _, target := range []string{"/bulk_send_lists", "/bulk_send_batch"} {
		if got := c.do("GET", target, ""); got.status != 503 {
			t.Errorf("%s: %d", target, got.status)
		}
	}
}
