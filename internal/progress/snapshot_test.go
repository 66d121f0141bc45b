package progress

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"batchsend/internal/report"
	"batchsend/throttle"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.Local)

// busy is a run that is under way.
func busy() Snapshot {
	return Snapshot{
		Now: noon, Plan: report.Plan{Envelopes: 2800, Calls: 2800}, Sent: 1200, Failed: 4, Rate: 8, Recent: 480, RecentSpan: time.Minute,
		Limits: throttle.State{
			Hour:  throttle.Budget{Limit: 3000, Told: true, Share: 3000, Left: 1700, Open: 1700, Ends: noon.Add(30 * time.Minute)},
			Burst: throttle.Budget{Limit: 500, Told: true, Share: 500, Left: 312, Open: 312, Ends: noon},
		},
	}
}

func TestView(t *testing.T) {
	t.Parallel()
	waiting := busy()
	waiting.Limits.Hour.Open = 0
	waiting.Waits = []Wait{
		{Reason: "looking up 3 envelopes", Until: noon.Add(10 * time.Minute)},
		{Reason: "the hourly limit of calls is used up", Until: noon.Add(30*time.Minute + time.Second), Limit: true},
	}
	waiting.Problem = Problem{Text: "offers.csv:17: INVALID_EMAIL_ADDRESS_FOR_RECIPIENT: The email address for the recipient is invalid."}
	bulk := busy()
	bulk.Plan, bulk.Sent, bulk.Failed, bulk.Recent, bulk.Rate = report.Plan{Envelopes: 3000, Calls: 20, InBulk: 3000, Finish: noon.Add(4 * time.Minute)}, 1000, 0, 1000, 16
	bulk.Lists = Lists{Count: 2, Envelopes: 2000, Made: 1500, Through: noon.Add(25 * time.Second)}
	stopping := busy()
	stopping.Stopping, stopping.Problem = true, Problem{Text: "send envelope: 503", Again: noon.Add(5 * time.Second)}
	begun := busy()
	begun.Sent, begun.Failed, begun.Rate, begun.Recent, begun.RecentSpan = 0, 0, 0, 0, 0
	begun.Limits = throttle.State{Hour: throttle.Budget{Share: 1000, Open: 1000, Ends: noon.Add(time.Hour)}}
	for _, tt := range []struct {
		name          string
		s             Snapshot
		width, height int
		want          string
	}{
		{"begun", begun, 79, 23, `
sending [----------------------------------------------------]   0%  0 of 2,800
0 sent, 0 failed, 2,800 left
calls left: 1,000 of 1,000 until 13:00:00 (assumed)`},
		{"busy", busy(), 79, 23, `
sending [####################----------------------------]  43%  1,204 of 2,800
1,200 sent, 4 failed, 1,596 left
480 in the last minute; done about 12:03:20 (in 3m 20s)
calls left: 1,700 of 3,000 until 12:30:00; 312 of 500 in 30 s`},
		{"waiting", waiting, 79, 23, `
sending [####################----------------------------]  43%  1,204 of 2,800
1,200 sent, 4 failed, 1,596 left
480 in the last minute; done about 12:33:20 (in 33m 20s)
calls left: 0 of 3,000 until 12:30:00; 312 of 500 in 30 s
waiting until 12:10:00 (10m 0s): looking up 3 envelopes
waiting until 12:30:01 (30m 1s): the hourly limit of calls is used up
last problem: offers.csv:17: INVALID_EMAIL_ADDRESS_FOR_RECIPIENT: The email
address for the recipient is invalid.`},
		{"waiting, narrow", waiting, 39, 9, `
[######----------]  43%  1,204 of 2,800
1,200 sent, 4 failed, 1,596 left
done about 12:33:20 (in 33m 20s)
calls: 0 until 12:30; 312 in 30 s
waiting until 12:30:01 (30m 1s): the
hourly limit of calls is used up`},
		{"waiting, low", waiting, 39, 4, `
[######----------]  43%  1,204 of 2,800
1,200 sent, 4 failed, 1,596 left
waiting until 12:30:01 (30m 1s): the
hourly limit of calls is used up`},
		{"nearly no terminal", waiting, 5, 1, ""},
		{"bulk", bulk, 79, 23, `
sending [################++++++++------------------------]  33%  1,000 of 3,000
1,000 sent, 0 failed, 2,000 left
1,000 in the last minute; done about 12:04:00 (in 4m 0s)
calls left: 1,700 of 3,000 until 12:30:00; 312 of 500 in 30 s
DocuSign: about 1,500 of 2,000 envelopes made from 2 lists, done about 12:00:25`},
		{"stopping", stopping, 79, 5, `
sending [####################----------------------------]  43%  1,204 of 2,800
1,200 sent, 4 failed, 1,596 left
480 in the last minute
stopping: what is under way is finished and recorded; Ctrl-C again stops at
once`},
	} {
		var got strings.Builder
		for _, line := range tt.s.View(tt.width, tt.height, false) {
			if n := report.Width(line.Text); n > tt.width && tt.width > 20 {
				t.Errorf("%s: the line %q takes %d columns", tt.name, line.Text, n)
			}
			got.WriteString("\n" + line.Text)
		}
		if diff := cmp.Diff(tt.want, got.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// TestEnd: the time at which a run should be done includes its waits for the limits.
func TestEnd(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		set  func(*Snapshot)
		want time.Duration // from now; 0: it is not told
	}{
		{"nothing was done", func(s *Snapshot) { s.Sent, s.Failed = 0, 0 }, 0},
		{"all is done", func(s *Snapshot) { s.Sent = 2796 }, 0},
		{"as fast as the calls are answered", func(*Snapshot) {}, 199500 * time.Millisecond},
		{"two calls an envelope", func(s *Snapshot) { s.Plan.Calls *= 2; s.Limits.Hour.Open = 3000 }, 30*time.Minute + 12*time.Second},
		{"in the next hour", func(s *Snapshot) { s.Limits.Hour.Open = 796 }, 30*time.Minute + 100*time.Second},
		{"in the hour after that", func(s *Snapshot) { s.Limits.Hour.Open, s.Limits.Hour.Share = 396, 800 }, 90*time.Minute + 50*time.Second},
		{"no limits", func(s *Snapshot) { s.Limits = throttle.State{} }, 199500 * time.Millisecond},
		{"a look-up lasts longer", func(s *Snapshot) { s.Waits = []Wait{{Until: noon.Add(10 * time.Minute)}} }, 10 * time.Minute},
		{"it is being stopped", func(s *Snapshot) { s.Stopping = true }, 0},
		{"in bulk", func(s *Snapshot) {
			s.Plan.InBulk, s.Lists.Through = 2800, noon.Add(time.Minute)
			s.Lists.Envelopes = 2800
		}, time.Minute},
	} {
		s := busy()
		tt.set(&s)
		var want time.Time
		if tt.want > 0 {
			want = noon.Add(tt.want)
		}
		if got := s.End(); got.Sub(want).Abs() > 5*time.Second {
			t.Errorf("%s: done at %v, want %v", tt.name, got, want)
		}
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	s := busy()
	s.Waits = []Wait{{Reason: "the burst limit of calls is used up", Until: noon.Add(20 * time.Second), Limit: true}}
	const want = "sending: 1,200 sent, 4 failed, 1,596 left; 480 in the last minute; done about 12:03:20 (in 3m 20s); " +
		"calls left: 1,700 of 3,000 until 12:30:00; 312 of 500 in 30 s; waiting until 12:00:20 (20s): the burst limit of calls is used up"
	if diff := cmp.Diff(want, s.Line()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
