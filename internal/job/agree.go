package job

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"batchsend/envelope"
	"batchsend/internal/report"
	"batchsend/internal/spool"
)

// ErrNotConfirmed says that the operator did not want what was planned.
var ErrNotConfirmed = errors.New("not confirmed: nothing was sent")

// MoreError stops a run that would send more than the operator has agreed to.
type MoreError struct{ agreed, due int }

func (e *MoreError) Error() string {
	return fmt.Sprintf("since you were asked, the ledger has changed: you agreed to %s, and now %s would be sent. Nothing was sent: give the command again",
		report.Plural(e.agreed, "envelope"), report.Number(e.due))
}

// preview is the mode in which a run that asks looks ahead: it holds no lease, so it
// writes nothing, and it shows what the run would do.
type preview struct {
	DryRun
	live *Live
}

var _ Mode = (*preview)(nil)

// Aborts implements [Mode].
func (m *preview) Aborts(o Options) bool { return m.live.Aborts(o) }

// agree shows what the run would do and asks the operator whether to do it, where there
// is anything to be sent. No lease is held meanwhile: nobody knows how long an answer
// takes, and other runs must not wait for it. With the answer yes the run takes the
// lease, and everything is compared anew, for other runs may have sent in the meantime.
//
// The plan that was shown is returned with an error.
func (m *Live) agree(ctx context.Context, o Options, site Site, checked Checked) (shown Planned, err error) {
	live := site.Mode
	site.Mode = &preview{live: m}
	before := checked.findings()
	if shown.Compared, err = compare(ctx, o, site, checked); err != nil {
		return shown, err
	}
	if shown.Hold.Err == nil {
		if shown, err = plan(ctx, o, site, shown.Compared); err != nil {
			return shown, err
		}
		site.Operator.ShowPlan(shown)
		m.shown = true
		m.agreed = len(shown.Due)
		if !shown.Aborted && m.agreed > 0 {
			yes, err := site.Operator.Confirm(ctx, shown)
			if err == nil && !yes {
				err = ErrNotConfirmed
			}
			if err != nil {
				return shown, err
			}
		}
	}
	site.Mode = live
	checked.restore(before)
	m.Session, err = m.Begin(ctx)
	return shown, err
}

// mayGoOn shows a plan that was not shown, or that is another one by now. It fails if
// the plan sends more than was agreed to.
func (m *Live) mayGoOn(op Operator, p Planned) error {
	if !m.shown || len(p.Due) != m.agreed {
		op.ShowPlan(p)
	}
	if m.shown && !p.Aborted && len(p.Due) > m.agreed {
		return &MoreError{m.agreed, len(p.Due)}
	}
	return nil
}

// found is what comparing may change of an [Index].
type found struct {
	entries  []foundEntry
	replaces map[int]envelope.TransactionID
	progress progress
}

// foundEntry is what comparing may change of an entry.
type foundEntry struct {
	message spool.Ref
	findings
}

// findings returns what is known of the envelopes.
func (x *Index) findings() found {
	f := found{make([]foundEntry, x.Len()), maps.Clone(x.names.replaces), x.progress}
	for n := range f.entries {
		e := x.entry(n)
		f.entries[n] = foundEntry{e.message, e.findings}
	}
	return f
}

// restore forgets what was found out since findings returned f.
func (x *Index) restore(f found) {
	for n, before := range f.entries {
		e := x.entry(n)
		e.message, e.findings = before.message, before.findings
	}
	x.names.replaces, x.progress = f.replaces, f.progress
}

// onceTold is an operator who is not told the same twice.
type onceTold struct {
	Operator
	told map[string]bool
}

// Say implements [Teller].
func (o onceTold) Say(format string, args ...any) { o.tell(o.Operator.Say, format, args) }

// Warn implements [Teller].
func (o onceTold) Warn(format string, args ...any) { o.tell(o.Operator.Warn, format, args) }

func (o onceTold) tell(how func(string, ...any), format string, args []any) {
	if text := fmt.Sprintf(format, args...); !o.told[text] {
		o.told[text] = true
		how("%s", text)
	}
}
