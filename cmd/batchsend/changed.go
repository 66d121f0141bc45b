package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"batchsend/envelope"
	"batchsend/internal/report"
	"batchsend/template"
)

// batchTemplate is a template as one batch uses it.
type batchTemplate struct{ batch, template string }

// compareTemplates stops the run if a template is not what it was when
// envelopes of a batch were planned with it that were not sent yet: DocuSign
// would send the rest with the changed template. A batch without such envelopes
// takes the new one.
func (j *job) compareTemplates(ctx context.Context) error {
	stopped := make(map[batchTemplate]string)
	for _, key := range j.templatesOfBatches() {
		t := j.sources[key.template].Template
		if t == nil {
			continue // it cannot be used, which its rows say
		}
		before, seen, err := j.db.Template(ctx, j.conn.login.AccountID, key.batch, key.template)
		if err != nil {
			return err
		}
		what := template.Changed(before, t.Fingerprint())
		if before == "" || what == "" {
			continue
		}
		left := j.begun(key)
		switch {
		case left == 0 || j.o.allowChanged:
			j.say("template %q %s, since batch %q was sent with it on %s: what is sent now goes out as it is today", t.Name, what, key.batch, local(seen))
		default:
			stopped[key] = fmt.Sprintf("template %q %s, and batch %q was begun with it as it was on %s, with %s left to send. DocuSign would send the rest with the changed template: look at it, then give --allow-changed-template to go on",
				t.Name, what, key.batch, local(seen), report.Plural(left, "envelope"))
		}
	}
	if len(stopped) == 0 {
		return nil
	}
	j.stopForTemplates(stopped)
	return nil
}

// begun counts the envelopes that an earlier run has planned with the template
// and not sent. Those that DocuSign refused count only beside others: where all
// were, somebody has mended the template.
func (j *job) begun(key batchTemplate) (left int) {
	failed, others := 0, 0
	for d, st := range j.standing {
		if (batchTemplate{d.In.Batch, d.TemplateID}) != key {
			continue
		}
		switch {
		case st.State == envelope.StateFailed:
			failed++
		case st.State != envelope.StateNew:
			others++
			if st.State != envelope.StateSent {
				left++
			}
		}
	}
	if others > 0 {
		left += failed
	}
	return left
}

// templatesOfBatches returns the templates that the batches of this run use, in
// the order of the rows.
func (j *job) templatesOfBatches() (all []batchTemplate) {
	for _, d := range j.drafts {
		if key := (batchTemplate{d.In.Batch, d.TemplateID}); !slices.Contains(all, key) && j.sources[key.template] != nil {
			all = append(all, key)
		}
	}
	return all
}

// stopForTemplates settles that nothing is sent in this run. What is wrong with
// rows may only be so because of the change, so it is not told.
func (j *job) stopForTemplates(stopped map[batchTemplate]string) {
	j.changed = true
	var messages []string
	for _, d := range j.drafts {
		if st := j.standing[d]; st.State.MayExist() {
			continue
		}
		d.Problems, d.Envelope = nil, nil
		out := envelope.Outcome{Status: envelope.Pending, Message: "not sent, because a template has changed"}
		if message := stopped[batchTemplate{d.In.Batch, d.TemplateID}]; message != "" {
			out.Code, out.Message = string(envelope.TemplateChanged), message
			if !slices.Contains(messages, message) {
				messages = append(messages, message)
			}
		}
		j.outcomes[d] = out
	}
	for message := range maps.Values(stopped) {
		if !slices.Contains(messages, message) {
			messages = append(messages, message)
		}
	}
	j.stopped = &changedError{fmt.Sprintf("%s: %s", envelope.TemplateChanged, strings.Join(messages, "; "))}
}

// seeTemplates writes down with which templates the batches are sent.
func (j *job) seeTemplates(ctx context.Context) error {
	seen := map[batchTemplate]bool{}
	for _, d := range j.drafts {
		key := batchTemplate{d.In.Batch, d.TemplateID}
		if d.Envelope == nil || seen[key] {
			continue
		}
		seen[key] = true
		if err := j.session.SeeTemplate(ctx, key.batch, key.template, j.sources[key.template].Template.Fingerprint()); err != nil {
			return err
		}
	}
	return nil
}

// templateAge is how long a template is trusted to be what it was. DocuSign
// asks that nothing be read more often than every 15 minutes.
const templateAge = 30 * time.Minute

// templateWatch notices templates that change while a run lasts.
type templateWatch struct {
	job  *job
	turn chan struct{} // held by the one who reads
	mu   sync.Mutex
	read time.Time
}

func newTemplateWatch(j *job) *templateWatch {
	return &templateWatch{job: j, turn: make(chan struct{}, 1), read: time.Now()}
}

// stale reports whether the templates may be out of date. It is asked when an
// envelope is about to leave.
func (w *templateWatch) stale() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Since(w.read) >= templateAge
}

// changedError stops a run whose template is no longer what was checked.
type changedError struct{ text string }

func (e *changedError) Error() string { return e.text }

// check reads the templates again if they may be out of date. It is asked
// before every envelope; while it reads, the others wait.
func (w *templateWatch) check(ctx context.Context) error {
	select {
	case w.turn <- struct{}{}:
		defer func() { <-w.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if !w.stale() {
		return nil
	}
	for id, source := range w.job.sources {
		if source.Err != nil {
			continue
		}
		now, err := w.job.conn.source(ctx, id, w.job.info)
		switch {
		case err != nil:
			return err
		case now.Err != nil:
			return &changedError{fmt.Sprintf("%s: %v", envelope.TemplateChanged, now.Err)}
		}
		if what := template.Changed(source.Template.Fingerprint(), now.Template.Fingerprint()); what != "" {
			return &changedError{fmt.Sprintf("%s: template %q %s. Nothing further is sent: look at it, then give --allow-changed-template to go on with the rest", envelope.TemplateChanged, now.Template.Name, what)}
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.read = time.Now()
	return nil
}
