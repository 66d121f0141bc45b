package job

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"batchsend/internal/docusign"
	"batchsend/internal/report"
	"batchsend/throttle"
)

// RequestLogger is DocuSign's log of the calls of the user who is signed in.
type RequestLogger interface {
	RequestLogging(ctx context.Context) (docusign.RequestLogging, error)
	LogRequests(ctx context.Context) error
	LoggedCalls(ctx context.Context) ([]docusign.LoggedCall, error)
	LoggedCall(ctx context.Context, id string) (text string, err error)
	ClearRequestLog(ctx context.Context) error
}

// RequestLog turns DocuSign's request log on, and shows what stands in it.
type RequestLog struct {
	DocuSign RequestLogger
	Retry    throttle.Policy
	Teller   Teller
	Again    string // the command that shows the log again
}

// Show writes the calls that are logged, the oldest first: for a person, or as JSON. A log
// that is full is cleared once it is written, so that DocuSign goes on logging.
func (l RequestLog) Show(ctx context.Context, w io.Writer, asJSON bool) error {
	state, err := throttle.Ask(ctx, l.Retry, l.DocuSign.RequestLogging)
	if err != nil {
		return err
	}
	calls, err := throttle.Ask(ctx, l.Retry, l.DocuSign.LoggedCalls)
	if err != nil {
		return err
	}
	for i := range calls {
		err := l.Retry.Do(ctx, func(ctx context.Context) (err error) {
			calls[i].Text, err = l.DocuSign.LoggedCall(ctx, calls[i].ID)
			return err
		})
		if err != nil {
			return err
		}
	}
	if err := report.Show(w, calls, asJSON, writeCalls); err != nil {
		return err
	}
	return l.goOn(ctx, state, len(calls))
}

// goOn has DocuSign go on logging, and says what to do.
func (l RequestLog) goOn(ctx context.Context, state docusign.RequestLogging, logged int) error {
	if logged >= docusign.LoggedCalls {
		if err := l.Retry.Do(ctx, l.DocuSign.ClearRequestLog); err != nil {
			return err
		}
		state, logged = docusign.RequestLogging{}, 0
	}
	if !state.On {
		if err := l.Retry.Do(ctx, l.DocuSign.LogRequests); err != nil {
			return err
		}
		l.Teller.Say("DocuSign logs the next %s of this user from now on: run what fails, then type: %s", report.Plural(docusign.LoggedCalls-logged, "call"), l.Again)
		return nil
	}
	l.Teller.Say("DocuSign logs %s more %s of this user; tokens and personal data are hidden here, not in DocuSign", report.Number(state.Left), report.PluralWord(state.Left, "call"))
	return nil
}

// writeCalls writes logged calls for a person.
func writeCalls(w io.Writer, calls []docusign.LoggedCall) error {
	if len(calls) == 0 {
		_, err := fmt.Fprintln(w, "no calls are logged")
		return err
	}
	for i, c := range calls {
		text := strings.TrimSpace(strings.ReplaceAll(c.Text, "\r\n", "\n"))
		if _, err := fmt.Fprintf(w, "== %d of %d, %s\n%s\n\n", i+1, len(calls), c.At.UTC().Format(time.RFC3339), text); err != nil {
			return err
		}
	}
	return nil
}
