package job

import (
	"context"
	"errors"
	"fmt"
	"time"

	"batchsend/internal/docusign"
	"batchsend/internal/ledger"
	"batchsend/internal/report"
	"batchsend/throttle"
)

// Limits finds out what is left of an account's call budget.
type Limits struct {
	Account, Name string // its GUID and its name
	DocuSign      Accounts
	Retry         throttle.Policy
	State         func() throttle.State // of the call budget, once a call was answered
	Ledger        interface {
		BudgetText(ctx context.Context, account string) ([]byte, error)
		Holders(ctx context.Context, account string) ([]ledger.Holder, error)
	}
}

// Ask reads what runs have remembered, and asks DocuSign, which takes a call or two. If
// a window is known to be used up DocuSign is not asked. With an error the result has
// what is remembered.
func (l Limits) Ask(ctx context.Context) (*report.Limits, error) {
	now := time.Now()
	out := &report.Limits{Account: l.Account, Name: l.Name, Sharing: []report.Sharing{}}
	text, err := l.Ledger.BudgetText(ctx, l.Account)
	if err != nil {
		return nil, err
	}
	before, _ := throttle.ReadState(text, now) // a text that cannot be read is as good as none
	setWindows(out, before)
	if err := l.shares(ctx, out, now); err != nil {
		return nil, err
	}
	for _, b := range []struct {
		name   string
		budget throttle.Budget
	}{{"hour", before.Hour}, {"30 seconds", before.Burst}} {
		if b.budget.Limit > 0 && b.budget.Left <= 0 || b.budget.Closed.After(now) {
			out.Why = fmt.Sprintf("the calls of this %s are used up", b.name)
			return out, nil
		}
	}
	info, err := throttle.Ask(ctx, l.Retry, l.DocuSign.AccountInfo)
	if err != nil && !errors.Is(err, docusign.ErrNotReadable) {
		out.Why = err.Error()
		return out, err
	}
	setWindows(out, l.State())
	out.Asked = true
	if a := info.Allowance; a.Known {
		out.Allowance = &report.Allowance{Unlimited: a.Unlimited, Allowed: a.Allowed, Left: a.Left(), DaysLeft: a.DaysLeft}
	}
	return out, nil
}

// setWindows fills in the windows of a state.
func setWindows(out *report.Limits, s throttle.State) {
	window := func(b throttle.Budget) report.Window {
		return report.Window{Limit: b.Limit, Told: b.Told, Left: b.Left, Ends: b.Ends}
	}
	out.Hour, out.Burst, out.At = window(s.Hour), window(s.Burst), nil
	if at := s.HourTold; !at.IsZero() {
		out.At = &at
	}
}

// shares fills in the runs that share the budget. One that has not been heard of for
// as long as its lease lasts has ended.
func (l Limits) shares(ctx context.Context, out *report.Limits, now time.Time) error {
	holders, err := l.Ledger.Holders(ctx, l.Account)
	for _, h := range holders {
		if now.Sub(h.Beat) <= ledger.TTL {
			out.Sharing = append(out.Sharing, report.Sharing{Host: h.Host, Process: h.PID, Since: h.Since, LastSeen: h.Beat, Batches: h.Batches})
		}
	}
	return err
}
