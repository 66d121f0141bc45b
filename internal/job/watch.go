package job

import (
	"context"
	"fmt"
	"sync"
	"time"

	"batchsend/envelope"
	"batchsend/template"
)

// templateAge is how long a template is trusted to be what it was. DocuSign
// asks that nothing be read more often than every 15 minutes.
const templateAge = 30 * time.Minute

// templateWatch notices templates that change while a run lasts.
type templateWatch struct {
	sources map[string]*envelope.Source // by template ID, as they were checked
	reread  func(ctx context.Context, id string) (*envelope.Source, error)
	turn    chan struct{} // held by the one who reads
	mu      sync.Mutex
	read    time.Time
}

func newTemplateWatch(site Site, c Checked) *templateWatch {
	return &templateWatch{
		sources: c.Sources, turn: make(chan struct{}, 1), read: c.TemplatesRead,
		reread: func(ctx context.Context, id string) (*envelope.Source, error) {
			return site.Templates.Source(ctx, id, c.Info.Notification)
		},
	}
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
	for id, source := range w.sources {
		if source.Err != nil {
			continue
		}
		now, err := w.reread(ctx, id)
		switch {
		case err != nil:
			return err
		case now.Err != nil:
			return &ChangedError{now.Err.Error()}
		}
		if what := template.Changed(source.Template.Fingerprint(), now.Template.Fingerprint()); what != "" {
			return &ChangedError{fmt.Sprintf("template %q %s. Nothing further is sent: look at it, then give --allow-changed-template to go on with the rest", now.Template.Name, what)}
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.read = time.Now()
	return nil
}
