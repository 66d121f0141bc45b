package batch_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"batchsend/envelope"
	"batchsend/internal/batch"
)

// press is the part of DocuSign that makes envelopes from lists, one copy after
// the other, in the order in which they were asked for.
type press struct {
	speed float64                               // copies a second; 0 means 20
	queue int                                   // copies that may wait; 0 means 2,000
	fails func(env *envelope.Envelope) []string // the reason why a copy cannot be made, and the recipients it names; nil if it can

	lists []*mailingList
	jobs  []*job
	harm  []string // what must not happen, and did

	onCopies func([]envelope.Copy) // may change what a search for copies shows

	recycled int // calls that removed drafts: each takes up to a hundred
}

// mailingList is a bulk send list.
type mailingList struct {
	id      string
	lot     string
	envs    []*envelope.Envelope
	sent    bool
	deleted bool
}

// job is a bulk send batch. Another app's has no envelopes.
type job struct {
	id, name, lot string
	draft         envelope.ID
	envs          []*envelope.Envelope
	size          int
	asked         time.Time
	run           int // in which it was asked for
	made          int // copies, those that failed among them
	errors        []envelope.CopyError
}

func (w *world) rate() float64 {
	if w.speed == 0 {
		return 20
	}
	return w.speed
}

// work makes the copies that should have been made by now.
func (w *world) work() {
	var free time.Time
	for _, j := range w.jobs {
		start := j.asked
		if start.Before(free) {
			start = free
		}
		after := func(copies int) time.Time {
			return start.Add(time.Duration(float64(copies) / w.rate() * float64(time.Second)))
		}
		for ; j.made < j.size && !after(j.made+1).After(time.Now()); j.made++ {
			if j.envs != nil {
				w.copy(j, j.envs[j.made], after(j.made+1))
			}
		}
		free = after(j.size)
	}
}

func (w *world) copy(j *job, env *envelope.Envelope, at time.Time) {
	if w.fails != nil {
		if why := w.fails(env); why != nil {
			j.errors = slices.Insert(j.errors, 0, envelope.CopyError{Message: why[0], Emails: why[1:]}) // no order is promised
			return
		}
	}
	w.papers = append(w.papers, &paper{
		id: w.newID(), tx: env.TransactionID, content: env.Content, created: at, mailed: at, lot: j.lot, run: j.run,
	})
}

// others has another app queue copies.
func (w *world) others(copies int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.jobs = append(w.jobs, &job{size: copies, asked: time.Now()})
}

func (w *world) harmed(format string, args ...any) {
	w.harm = append(w.harm, fmt.Sprintf(format, args...))
}

// mild makes of a lost answer what a client says of calls that may be repeated.
func mild(err error) error {
	if said, ok := errors.AsType[*saidError](err); ok && said.Effect() == envelope.EffectUnknown {
		if said.ErrorCode() != "" {
			return &saidError{vagueDown}
		}
		return &saidError{down}
	}
	return err
}

func (w *world) LotDraft(_ context.Context, like *envelope.Envelope, id envelope.TransactionID) (draft envelope.ID, err error) {
	err = w.call("lot-draft", noID, func() error {
		p := &paper{id: w.newID(), tx: id, draft: true, form: true, group: like.Group(), created: time.Now()}
		w.papers, draft = append(w.papers, p), p.id
		return nil
	})
	if replayed(err) {
		return w.papers[slices.IndexFunc(w.papers, func(p *paper) bool { return p.form })].id, nil
	}
	if err != nil {
		return "", err
	}
	return draft, nil
}

func (w *world) CreateList(_ context.Context, lot *envelope.Lot, envs []*envelope.Envelope) (id string, err error) {
	err = w.call("list", noID, func() error {
		l := &mailingList{id: uuid("list", fmt.Sprint(len(w.lists))), lot: lot.ID, envs: slices.Clone(envs)}
		w.lists, id = append(w.lists, l), l.id
		return nil
	})
	if replayed(err) {
		return w.lists[0].id, nil
	}
	if err != nil {
		return "", err
	}
	return id, nil
}

// fit returns a list and a draft that exist and belong together.
func (w *world) fit(list string, draft envelope.ID) (*mailingList, error) {
	i := slices.IndexFunc(w.lists, func(l *mailingList) bool { return l.id == list && !l.deleted })
	d := slices.IndexFunc(w.papers, func(p *paper) bool { return p.id == draft && p.form && !p.deleted })
	if i < 0 || d < 0 {
		return nil, &saidError{refuse}
	}
	for _, env := range w.lists[i].envs {
		if env.Group() != w.papers[d].group || env.Alone() != "" {
			w.harmed("a list holds %s, which does not go with its draft", env.Label)
		}
	}
	return w.lists[i], nil
}

func (w *world) TestList(_ context.Context, list string, draft envelope.ID) error {
	return mild(w.call("test", noID, func() error {
		_, err := w.fit(list, draft)
		return err
	}))
}

func (w *world) SendList(ctx context.Context, lot *envelope.Lot, leaving batch.Leaving) (id string, err error) {
	err = w.leave(ctx, leaving, "send-list", noID, func() error {
		l, err := w.fit(lot.List, lot.Draft)
		if err != nil {
			return err
		}
		waiting := 0
		for _, j := range w.jobs {
			waiting += j.size - j.made
		}
		if w.queue == 0 && waiting+len(l.envs) > 2000 || w.queue > 0 && waiting+len(l.envs) > w.queue {
			return &saidError{full}
		}
		if l.sent {
			w.harmed("the list of lot %s was sent twice", lot.ID)
		}
		l.sent = true
		j := &job{
			id: uuid("batch", fmt.Sprint(len(w.jobs))), name: lot.Name(), lot: lot.ID, draft: lot.Draft,
			envs: l.envs, size: len(l.envs), asked: time.Now(), run: w.run,
		}
		w.jobs, id = append(w.jobs, j), j.id
		if w.onMail != nil {
			for _, env := range l.envs {
				w.onMail(paper{tx: env.TransactionID, content: env.Content})
			}
		}
		return nil
	})
	if replayed(err) {
		return w.jobs[0].id, nil
	}
	if err != nil {
		return "", err
	}
	return id, nil
}

func (w *world) FindBatch(_ context.Context, lot *envelope.Lot, since time.Time) (id string, found bool, err error) {
	err = w.call("find-batch", noID, func() error {
		for _, j := range w.jobs {
			if j.name == lot.Name() && time.Since(j.asked) >= w.lag && !j.asked.Add(w.ahead).Before(since) {
				id, found = j.id, true
			}
		}
		return nil
	})
	if err != nil {
		return "", false, mild(err)
	}
	return id, found, nil
}

func (w *world) LotStatus(_ context.Context, batch string) (s envelope.LotStatus, err error) {
	err = w.call("lot-status", noID, func() error {
		i := slices.IndexFunc(w.jobs, func(j *job) bool { return j.id == batch })
		if i < 0 {
			return &saidError{refuse}
		}
		j := w.jobs[i]
		s = envelope.LotStatus{
			Size: j.size, Queued: j.size - j.made, Sent: j.made - len(j.errors), Failed: len(j.errors), Errors: slices.Clone(j.errors),
		}
		return nil
	})
	return s, mild(err)
}

func (w *world) Copies(_ context.Context, lot *envelope.Lot, since time.Time) (copies []envelope.Copy, err error) {
	err = w.call("copies", noID, func() error {
		for _, p := range w.papers {
			if p.lot == lot.ID && !p.hidden && time.Since(p.created) >= w.lag && !p.created.Add(w.ahead).Before(since) {
				copies = append(copies, envelope.Copy{TransactionID: p.tx, ID: p.id, Sent: p.mailed})
			}
		}
		if w.onCopies != nil {
			w.onCopies(copies)
		}
		return nil
	})
	if err != nil {
		return nil, mild(err)
	}
	return copies, nil
}

// under reports whether a job is not through that want wants.
func (w *world) under(want func(*job) bool) bool {
	return slices.ContainsFunc(w.jobs, func(j *job) bool { return j.made < j.size && want(j) })
}

func (w *world) Remains(_ context.Context, lots []*envelope.Lot) (lists []string, drafts []envelope.ID, err error) {
	err = w.call("remains", noID, func() error {
		for _, lot := range lots {
			for _, l := range w.lists {
				if l.lot == lot.ID && !l.deleted {
					lists = append(lists, l.id)
				}
			}
			for _, p := range w.papers {
				if p.form && !p.deleted && p.tx == lot.TransactionID() {
					drafts = append(drafts, p.id)
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, mild(err)
	}
	return lists, drafts, nil
}

func (w *world) DeleteList(_ context.Context, list string) error {
	return mild(w.call("delete-list", noID, func() error {
		for _, l := range w.lists {
			if l.id != list {
				continue
			}
			l.deleted = true
			if w.under(func(j *job) bool { return j.lot == l.lot }) {
				w.harmed("the list of lot %s was deleted while it was under way", l.lot)
			}
		}
		return nil
	}))
}

func (w *world) DeleteDrafts(_ context.Context, ids ...envelope.ID) error {
	return mild(w.call("delete-drafts", noID, func() error {
		w.recycled += 2 * ((len(ids) + 99) / 100) // DocuSign is asked first
		for _, p := range w.papers {
			if !slices.Contains(ids, p.id) {
				continue
			}
			p.deleted = true
			if !p.form {
				w.harmed("%s was deleted, which is no lot's draft", p.id)
			}
			if w.under(func(j *job) bool { return j.draft == p.id }) {
				w.harmed("draft %s was deleted while copies were made of it", p.id)
			}
		}
		return nil
	}))
}

// litter counts the lists and drafts of lots that were not removed.
func (w *world) litter() (n int) {
	for _, l := range w.lists {
		if !l.deleted {
			n++
		}
	}
	for _, p := range w.papers {
		if p.form && !p.deleted {
			n++
		}
	}
	return n
}
