package waits

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"batchsend/internal/docusign"
	"batchsend/throttle"
)

// monitored returns a monitor, what it says, and the context that it may end.
func monitored(t *testing.T) (m *Monitor, said *[]string, ctx context.Context) {
	ctx, giveUp := context.WithCancelCause(t.Context())
	t.Cleanup(func() { giveUp(nil) })
	said = new([]string)
	return &Monitor{Say: func(format string, args ...any) { *said = append(*said, fmt.Sprintf(format, args...)) }, GiveUp: giveUp}, said, ctx
}

// TestToldOnce: a wait is told once, however many calls it holds back, and a short
// one not at all.
func TestToldOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, said, ctx := monitored(t)
		until := time.Now().Add(time.Hour)
		m.Held(throttle.Wait{Window: "hourly", Until: until})
		m.Held(throttle.Wait{Window: "hourly", Until: until.Add(time.Second)})
		m.Held(throttle.Wait{Window: "burst", Until: time.Now().Add(time.Second)})
		m.Repeating(&docusign.Error{Kind: docusign.Limited, Window: "hourly", Status: 429}, time.Hour)
		if want := []string{"waiting until 01:00:00: the hourly limit of calls is used up"}; !slices.Equal(*said, want) || ctx.Err() != nil {
			t.Errorf("said %q, want %q; given up: %v", *said, want, context.Cause(ctx))
		}
	})
}

// TestGivenUp: a wait past the end of the run is given up, and so is one that takes
// longer than a brief command waits in all.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	outage := &docusign.Error{Op: "send envelope", Kind: docusign.Down, Status: 503}
	dead := &docusign.Error{Op: "send envelope", Kind: docusign.Down, Cause: errors.New("no route")}
	for _, tt := range []struct {
		name   string
		waits  func(*Monitor)
		text   string // "": nothing is given up
		passes bool
		hint   string
	}{
		{"none", func(*Monitor) {}, "", false, ""},
		{"patient", func(m *Monitor) { m.Until("pause", time.Now().Add(10*time.Hour)) }, "", false, ""},
		{
			"past the end", func(m *Monitor) { m.End = time.Now().Add(time.Hour); m.Until("pause", m.End) },
			"pause until 01:00:00, and this run must end at 01:00:00 (--until, --max-duration)", true, "run the same command again after 01:00:00",
		},
		{"short enough", func(m *Monitor) { m.Brief = true; m.Repeating(outage, 59*time.Second) }, "", false, ""},
		{
			"two that are too long together", func(m *Monitor) {
				m.Brief = true
				m.Repeating(outage, 40*time.Second)
				time.Sleep(40 * time.Second)
				m.Repeating(dead, 40*time.Second)
			},
			"DocuSign could not be asked: send envelope: no route; the next try is due at 00:01:20. This command waits no longer than a minute", false, "check the network, then run the same command again",
		},
		{
			"another run's call", func(m *Monitor) { m.Brief = true; m.Held(throttle.Wait{}); time.Sleep(time.Minute) },
			"DocuSign could not be asked: another call is under way, perhaps another run's, whose answer shows what is left. This command waits no longer than a minute", true, "run the same command again later",
		},
		{
			"no answer", func(m *Monitor) {
				m.Brief = true
				m.called("docusign.example.test")
				time.Sleep(time.Minute)
			},
			"DocuSign could not be asked: docusign.example.test does not answer. This command waits no longer than a minute", true, "run the same command again later",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, _, ctx := monitored(t)
				tt.waits(m)
				synctest.Wait()
				wait, ok := errors.AsType[*Error](context.Cause(ctx))
				switch {
				case ok != (tt.text != ""):
					t.Errorf("given up: %v, want %q", context.Cause(ctx), tt.text)
				case ok && (wait.Error() != tt.text || wait.Passes() != tt.passes || wait.Hint() != tt.hint):
					t.Errorf("given up: %v (passes %t, hint %q), want %q, %t, %q", wait, wait.Passes(), wait.Hint(), tt.text, tt.passes, tt.hint)
				}
			})
		})
	}
}

// roundTripper is a transport made of a function.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestSlowAnswer: an answer that is long in coming is told while it is waited for.
func TestSlowAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, said, _ := monitored(t)
		client := m.Transport(roundTripper(func(*http.Request) (*http.Response, error) {
			time.Sleep(25 * time.Second)
			return &http.Response{}, nil
		}))
		req, _ := http.NewRequest(http.MethodGet, "https://docusign.example.test/", nil)
		if _, err := client.RoundTrip(req); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if want := []string{"waiting: docusign.example.test has not answered for 10s"}; !slices.Equal(*said, want) {
			t.Errorf("said %q, want %q", *said, want)
		}
	})
}

// display takes all that it is told as shown, or nothing.
type display struct {
	shows bool
	told  []string
}

func (d *display) Waiting(reason string, until time.Time, limit bool) bool {
	d.told = append(d.told, fmt.Sprintf("%s %s %t", reason, until.Format("15:04:05"), limit))
	return d.shows
}

func (d *display) Repeating(err error, at time.Time) bool {
	d.told = append(d.told, fmt.Sprintf("%v %s", err, at.Format("15:04:05")))
	return d.shows
}

// TestDisplay: what a display shows is not said, what it does not show is, and both
// learn it.
func TestDisplay(t *testing.T) {
	t.Parallel()
	for _, shows := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			m, said, _ := monitored(t)
			d := &display{shows: shows}
			m.ShowOn(d)
			m.Held(throttle.Wait{Window: "burst", Until: time.Now().Add(20 * time.Second)})
			m.Held(throttle.Wait{})
			m.Repeating(&docusign.Error{Op: "send envelope", Kind: docusign.Down, Status: 503}, 5*time.Second)
			m.ShowOn(nil)
			m.Until("pause", time.Now().Add(time.Hour))
			told := []string{"the burst limit of calls is used up 00:00:20 true", "another call is under way, perhaps another run's, whose answer shows what is left 00:00:00 false", "send envelope: HTTP 503 00:00:05"}
			if len(d.told) != 3 || d.told[0] != told[0] || !strings.HasPrefix(d.told[1], "another call") || !strings.HasSuffix(d.told[2], "00:00:05") {
				t.Errorf("the display was told %q, want %q", d.told, told)
			}
			if want := map[bool]int{true: 1, false: 4}[shows]; len(*said) != want || (*said)[want-1] != "waiting until 01:00:00: pause" {
				t.Errorf("shows %t: said %q, want %d", shows, *said, want)
			}
		})
	}
}
