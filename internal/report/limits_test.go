package report_test

import (
	"strings"
	"testing"
	"time"

	"batchsend/internal/report"
)

// TestWriteLimits: what DocuSign has told now is told apart from what is remembered, and
// from what nobody has told.
func TestWriteLimits(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.Local)
	begun := noon.Add(-48 * time.Minute)
	for _, tt := range []struct {
		l    report.Limits
		want string
	}{
		{
			report.Limits{
				Account: "acc", Name: "Ex\x1b Ltd", Hour: report.Window{Limit: 3000, Told: true, Left: 2988, Ends: noon}, Burst: report.Window{Limit: 500, Told: true, Left: 500, Ends: noon},
				Asked: true, At: &begun, Allowance: &report.Allowance{Allowed: 100, Left: 1, DaysLeft: 12},
				Sharing: []report.Sharing{{Host: "desk", Process: 7, Since: begun, LastSeen: begun.Add(time.Minute), Batches: []string{"a.csv", "b.csv"}}, {Host: "rack", Process: 8, Since: begun, LastSeen: begun}},
			},
			`account      Ex? Ltd acc
this hour    2,988 calls of 3,000 left, until 2026-03-02 12:00:00
30 seconds   500 calls of 500 left
known        DocuSign has told it now
allowance    1 envelope of 100 left, for 12 days
shared with  process 7 on desk since 2026-03-02 11:12:00, last seen 2026-03-02 11:13:00: a.csv, b.csv
             process 8 on rack since 2026-03-02 11:12:00, last seen 2026-03-02 11:12:00: -
`,
		},
		{
			report.Limits{Account: "acc", Hour: report.Window{Limit: 1000, Left: 0, Ends: noon}, At: &begun, Why: "the calls of this hour are used up"},
			`account      - acc
this hour    0 calls of 1,000 left, until 2026-03-02 12:00:00 (DocuSign has not told: assumed)
30 seconds   no limit is known
known        remembered from 2026-03-02 11:12:00; not asked now: the calls of this hour are used up
allowance    not known
shared with  no other run on this ledger
`,
		},
		{
			report.Limits{Account: "acc", Why: "no network", Allowance: &report.Allowance{Unlimited: true}},
			`account      - acc
this hour    no limit is known
30 seconds   no limit is known
known        nothing was heard of this hour yet; not asked now: no network
allowance    unlimited
shared with  no other run on this ledger
`,
		},
	} {
		var b strings.Builder
		if err := report.WriteLimits(&b, &tt.l); err != nil {
			t.Fatal(err)
		}
		same(t, b.String(), tt.want)
	}
}
