package job

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"batchsend/envelope"
	"batchsend/internal/history"
	"batchsend/internal/report"
	"batchsend/template"
)

// batchTemplate is a template as one batch uses it.
type batchTemplate struct{ batch, template string }

// templateChange is a template that is no longer what it was when a batch was sent
// with it.
type templateChange struct {
	of    batchTemplate
	name  string    // the template's
	what  string    // has changed
	since time.Time // when the batch was last sent with it
	left  int       // envelopes that were planned with it and not sent
}

// notice says that the run goes on with the template as it is.
func (t templateChange) notice() string {
	return fmt.Sprintf("template %q %s, since batch %q was sent with it on %s: what is sent now goes out as it is today", t.name, t.what, t.of.batch, report.Local(t.since))
}

// obstacle says why nothing is sent.
func (t templateChange) obstacle() string {
	return fmt.Sprintf("template %q %s, and batch %q was begun with it as it was on %s, with %s left to send. DocuSign would send the rest with the changed template: look at it, then give --allow-changed-template to go on",
		t.name, t.what, t.of.batch, report.Local(t.since), report.Plural(t.left, "envelope"))
}

// compareTemplates returns the templates that have changed since batches of this
// run were sent with them.
func (c *comparison) compareTemplates(ctx context.Context, unsent unsentCounts, sources map[string]*envelope.Source) (changes []templateChange, err error) {
	for _, of := range c.batchTemplates(func(*entry) bool { return true }) {
		source := sources[of.template]
		if source == nil || source.Template == nil {
			continue // it cannot be used, which its rows say
		}
		before, since, err := c.history.Template(ctx, c.account, of.batch, of.template)
		if err != nil {
			return nil, err
		}
		if what := template.Changed(before, source.Template.Fingerprint()); before != "" && what != "" {
			changes = append(changes, templateChange{of, source.Template.Name, what, since, unsent.of(of)})
		}
	}
	return changes, nil
}

// batchTemplates returns the templates that the batches of the envelopes use for
// which want is true, in the order of the rows.
func (x *Index) batchTemplates(want func(*entry) bool) (all []batchTemplate) {
	type key struct{ file, template int32 }
	seen := map[key]bool{}
	for n := range x.Len() {
		e := x.entry(n)
		k := key{int32(e.file), e.template}
		if seen[k] || !want(e) {
			continue
		}
		seen[k] = true
		if of := (batchTemplate{x.batchOf(n), x.templateOf(n)}); !slices.Contains(all, of) {
			all = append(all, of)
		}
	}
	return all
}

// unsentCounts counts envelopes by their state in the ledger.
type unsentCounts map[batchTemplate]*[history.StateUnknown + 1]int

func (u unsentCounts) add(of batchTemplate, state history.State) {
	if u[of] == nil {
		u[of] = new([history.StateUnknown + 1]int)
	}
	u[of][state]++
}

// of counts the envelopes that earlier runs have planned with the template and not
// sent. Those that DocuSign refused count only beside others: where all were,
// somebody has mended the template.
func (u unsentCounts) of(of batchTemplate) (n int) {
	states := u[of]
	if states == nil {
		return 0
	}
	n = states[history.StatePlanned] + states[history.StateSending] + states[history.StateUnknown]
	if n+states[history.StateSent] > 0 {
		n += states[history.StateFailed]
	}
	return n
}

// ChangedError stops a run whose template is no longer what was checked, or what
// the batch was begun with.
type ChangedError struct{ text string }

func (e *ChangedError) Error() string { return string(envelope.TemplateChanged) + ": " + e.text }

// holdForTemplates keeps a run from sending because of changes. What is wrong with
// rows may only be so because of a change, so their problems are taken back.
func (x *Index) holdForTemplates(changes []templateChange) (Hold, error) {
	why := make(map[batchTemplate]string, len(changes))
	var reasons []string
	for _, change := range changes {
		why[change.of] = change.obstacle()
		reasons = append(reasons, change.obstacle())
	}
	for n := range x.Len() {
		if x.entry(n).state.MayExist() {
			continue
		}
		x.withdrawRejection(n)
		out := envelope.Outcome{Status: envelope.Pending, Message: "not sent, because a template has changed"}
		if reason := why[batchTemplate{x.batchOf(n), x.templateOf(n)}]; reason != "" {
			out.Code, out.Message = string(envelope.TemplateChanged), reason
		}
		if err := x.settle(n, out); err != nil {
			return Hold{}, err
		}
	}
	return Hold{Err: &ChangedError{strings.Join(reasons, "; ")}}, nil
}
