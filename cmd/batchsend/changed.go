package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	use "batchsend/internal/job"
	"batchsend/template"
)

// batchTemplate is a template as one batch uses it.
type batchTemplate struct{ batch, template string }

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
			return &use.ChangedError{Text: now.Err.Error()}
		}
		if what := template.Changed(source.Template.Fingerprint(), now.Template.Fingerprint()); what != "" {
			return &use.ChangedError{Text: fmt.Sprintf("template %q %s. Nothing further is sent: look at it, then give --allow-changed-template to go on with the rest", now.Template.Name, what)}
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.read = time.Now()
	return nil
}
