package job

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"batchsend/internal/ledger"
	"batchsend/internal/report"
)

// What DocuSign asks for before an integration key goes live: so many calls in a row
// without an error within so long, and no envelope asked about twice within so long.
const (
	goLiveCalls  = 20
	goLiveWithin = 24 * time.Hour
	goLivePause  = 15 * time.Minute
)

// GoLive is how far the calls of an integration key fulfil what DocuSign asks for.
type GoLive struct {
	Ready  bool          `json:"ready"`
	Clean  int           `json:"clean"` // calls in a row up to the last one
	Wanted int           `json:"wanted"`
	Last   []ledger.Call `json:"calls"` // up to Wanted, the oldest first
	// Spoilt says which call ended the row, "" if none did.
	Spoilt string `json:"spoilt,omitempty"`
}

// TallyGoLive counts the clean calls among calls, which stand in the order in which they
// left.
func TallyGoLive(calls []ledger.Call) GoLive {
	g := GoLive{Wanted: goLiveCalls, Last: append([]ledger.Call{}, calls[max(len(calls)-goLiveCalls, 0):]...)}
	for i := len(calls) - 1; i >= 0 && g.Clean < goLiveCalls; i-- {
		c := calls[i]
		if calls[len(calls)-1].At.Sub(c.At) > goLiveWithin {
			break
		}
		if g.Spoilt = spoils(calls[:i], c); g.Spoilt != "" {
			break
		}
		g.Clean++
	}
	g.Ready = g.Clean >= goLiveCalls
	return g
}

// CallReader reads the calls that a ledger has recorded of an application, the oldest first.
type CallReader interface {
	Calls(ctx context.Context, application string) ([]ledger.Call, error)
}

// WriteGoLive writes the tally of an application's calls. send is the command that makes
// calls.
func WriteGoLive(ctx context.Context, calls CallReader, application, send string, to Sheet) (Verdict, error) {
	all, err := calls.Calls(ctx, application)
	if err != nil {
		return VerdictOf(err), err
	}
	tally, verdict := TallyGoLive(all), NeedsPerson
	if tally.Ready {
		verdict = AllDone
	}
	return verdict, report.Show(to, tally, to.JSON, func(w io.Writer, g GoLive) error {
		return report.WriteStep(w, g.Step(send), to.Columns)
	})
}

// spoils says why a call is not clean, given those before it; "" if it is.
func spoils(before []ledger.Call, c ledger.Call) string {
	what := fmt.Sprintf("%s %s at %s", c.Method, c.Path, c.At.UTC().Format("2006-01-02 15:04:05Z"))
	switch {
	case c.Status == 0:
		return what + " got no answer"
	case c.Status/100 != 2:
		return fmt.Sprintf("%s was answered with HTTP %d", what, c.Status)
	case c.Method != "GET" || !strings.HasPrefix(c.Path, "/envelopes/") || c.Path == "/envelopes/status":
		return ""
	}
	for i := len(before) - 1; i >= 0 && c.At.Sub(before[i].At) < goLivePause; i-- {
		if before[i].Method == c.Method && before[i].Path == c.Path {
			return fmt.Sprintf("%s asked about the same envelope as %v before (polling: 15 minutes must lie between)", what, c.At.Sub(before[i].At).Round(time.Second))
		}
	}
	return ""
}

// Step is the tally as a step of the doctor's. send is the command that makes calls.
func (g GoLive) Step(send string) report.Step {
	s := report.Step{Name: "go-live", State: report.StepOK, Detail: fmt.Sprintf("the last %d calls are clean, within 24 hours: the integration key can go live", g.Clean)}
	if g.Ready {
		return s
	}
	s.State = report.StepFailed
	s.Detail = fmt.Sprintf("%d of the %d calls in a row that DocuSign asks for are clean, within 24 hours", g.Clean, g.Wanted)
	if g.Spoilt != "" {
		s.Detail += "; " + g.Spoilt
	}
	s.Cure = fmt.Sprintf("make %s in the developer environment: check a file with `%s --dry-run` until it is clean, then send it. The ledger knows the calls of commands that write to it (send, status --refresh, reconcile), not those of dry runs or other programs",
		report.Plural(g.Wanted-g.Clean, "more clean call"), send)
	return s
}
