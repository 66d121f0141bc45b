package main

import (
	"context"
	"fmt"
	"time"

	"batchsend/envelope"
	"batchsend/template"
)

// batchTemplate is a template as one batch uses it.
type batchTemplate struct{ batch, template string }

// begun returns the batches and templates with which something was sent, or may
// have been, before this run.
func (j *job) begun() map[batchTemplate]bool {
	begun := map[batchTemplate]bool{}
	for d, st := range j.standing {
		if d.Envelope != nil && st.State.MayExist() {
			begun[batchTemplate{d.In.Batch, d.TemplateID}] = true
		}
	}
	return begun
}

// compareTemplates rejects what is left of a batch if its template is not what
// it was when the batch was begun.
func (j *job) compareTemplates(ctx context.Context) error {
	changes := map[batchTemplate]string{}
	for key := range j.begun() {
		before, seen, err := j.db.Template(ctx, j.conn.login.AccountID, key.batch, key.template)
		if err != nil {
			return err
		}
		t := j.sources[key.template].Template
		if what := template.Changed(before, t.Fingerprint()); before != "" && what != "" {
			changes[key] = fmt.Sprintf("template %q %s, and part of batch %q was sent on %s. DocuSign would send the rest with the changed template: look at it, then give --allow-changed-template to go on",
				t.Name, what, key.batch, local(seen))
		}
	}
	if len(changes) == 0 || j.o.allowChanged {
		return nil
	}
	for _, d := range j.drafts {
		if d.Envelope == nil || j.standing[d].State == envelope.StateSent {
			continue
		}
		if message := changes[batchTemplate{d.In.Batch, d.TemplateID}]; message != "" {
			d.Reject(envelope.TemplateChanged, message)
		}
	}
	return nil
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
	turn chan struct{} // held by the one who looks at read, or reads
	read time.Time
}

func newTemplateWatch(j *job) *templateWatch {
	return &templateWatch{job: j, turn: make(chan struct{}, 1), read: time.Now()}
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
	if time.Since(w.read) < templateAge {
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
			return &changedError{fmt.Sprintf("%s: template %q %s. Nothing further is sent: look at it, then run the same command again", envelope.TemplateChanged, now.Template.Name, what)}
		}
	}
	w.read = time.Now()
	return nil
}
