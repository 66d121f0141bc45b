package batch_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/internal/remote"
)

// bulkQueue is the part of DocuSign that makes envelopes from lists, one copy after
// the other, in the order in which they were asked for.
type bulkQueue struct {
	speed float64                               // copies a second; 0 means 20
	queue int                                   // copies that may wait; 0 means 2,000
	fails func(env *envelope.Envelope) []string // the reason why a copy cannot be made, and the recipients it names; nil if it can

	lists      []*fakeList
	batches    []*fakeBatch
	violations []string // what must not happen, and did

	onCopies func([]remote.Copy) // may change what a search for copies shows

	recycled int // calls that removed drafts: each takes up to a hundred
}

// fakeList is a bulk send list.
type fakeList struct {
	id      string
	lot     string
	envs    []*envelope.Envelope
	sent    bool
	deleted bool
}

// fakeBatch is a bulk send batch. Another app's has no envelopes.
type fakeBatch struct {
	id, name, lot string
	draft         envelope.ID
	envs          []*envelope.Envelope
	size          int
	asked         time.Time
	run           int // in which it was asked for
	made          int // copies, those that failed among them
	errors        []remote.CopyError
}

func (ds *fakeDocuSign) rate() float64 {
	if ds.speed == 0 {
		return 20
	}
	return ds.speed
}

// work makes the copies that should have been made by now.
func (ds *fakeDocuSign) work() {
	var free time.Time
	for _, j := range ds.batches {
		start := j.asked
		if start.Before(free) {
			start = free
		}
		after := func(copies int) time.Time {
			return start.Add(time.Duration(float64(copies) / ds.rate() * float64(time.Second)))
		}
		for ; j.made < j.size && !after(j.made+1).After(time.Now()); j.made++ {
			if j.envs != nil {
				ds.copy(j, j.envs[j.made], after(j.made+1))
			}
		}
		free = after(j.size)
	}
}

func (ds *fakeDocuSign) copy(j *fakeBatch, env *envelope.Envelope, at time.Time) {
	if ds.fails != nil {
		if why := ds.fails(env); why != nil {
			j.errors = slices.Insert(j.errors, 0, remote.CopyError{Message: why[0], Emails: why[1:]}) // no order is promised
			return
		}
	}
	ds.envelopes = append(ds.envelopes, &fakeEnvelope{
		id: ds.newID(), tx: env.TransactionID, content: env.Content, created: at, mailed: at, lot: j.lot, run: j.run,
	})
}

// others has another app queue copies.
func (ds *fakeDocuSign) others(copies int) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	ds.batches = append(ds.batches, &fakeBatch{size: copies, asked: time.Now()})
}

func (ds *fakeDocuSign) violate(format string, args ...any) {
	ds.violations = append(ds.violations, fmt.Sprintf(format, args...))
}

// repeatable makes of a lost answer what a client says of calls that may be repeated.
func repeatable(err error) error {
	if said, ok := errors.AsType[*saidError](err); ok && said.Effect() == remote.EffectUnknown {
		if said.ErrorCode() != "" {
			return &saidError{vagueDown}
		}
		return &saidError{down}
	}
	return err
}

func (ds *fakeDocuSign) LotDraft(_ context.Context, like *envelope.Envelope, id envelope.TransactionID) (draft envelope.ID, err error) {
	err = ds.call("lot-draft", noID, func() error {
		p := &fakeEnvelope{id: ds.newID(), tx: id, draft: true, form: true, group: like.Group(), created: time.Now()}
		ds.envelopes, draft = append(ds.envelopes, p), p.id
		return nil
	})
	if replayed(err) {
		return ds.envelopes[slices.IndexFunc(ds.envelopes, func(p *fakeEnvelope) bool { return p.form })].id, nil
	}
	if err != nil {
		return "", err
	}
	return draft, nil
}

func (ds *fakeDocuSign) CreateList(_ context.Context, lot *remote.Lot, envs []*envelope.Envelope) (id string, err error) {
	err = ds.call("list", noID, func() error {
		l := &fakeList{id: uuid("list", fmt.Sprint(len(ds.lists))), lot: lot.ID, envs: slices.Clone(envs)}
		ds.lists, id = append(ds.lists, l), l.id
		return nil
	})
	if replayed(err) {
		return ds.lists[0].id, nil
	}
	if err != nil {
		return "", err
	}
	return id, nil
}

// fit returns a list and a draft that exist and belong together.
func (ds *fakeDocuSign) fit(list string, draft envelope.ID) (*fakeList, error) {
	i := slices.IndexFunc(ds.lists, func(l *fakeList) bool { return l.id == list && !l.deleted })
	d := slices.IndexFunc(ds.envelopes, func(p *fakeEnvelope) bool { return p.id == draft && p.form && !p.deleted })
	if i < 0 || d < 0 {
		return nil, &saidError{refuse}
	}
	for _, env := range ds.lists[i].envs {
		if env.Group() != ds.envelopes[d].group || env.Alone() != "" {
			ds.violate("a list holds %s, which does not go with its draft", env.Label)
		}
	}
	return ds.lists[i], nil
}

func (ds *fakeDocuSign) TestList(_ context.Context, list string, draft envelope.ID) error {
	return repeatable(ds.call("test", noID, func() error {
		_, err := ds.fit(list, draft)
		return err
	}))
}

func (ds *fakeDocuSign) SendList(ctx context.Context, lot *remote.Lot, leaving batch.Leaving) (id string, err error) {
	err = ds.leave(ctx, leaving, "send-list", noID, func() error {
		l, err := ds.fit(lot.List, lot.Draft)
		if err != nil {
			return err
		}
		waiting := 0
		for _, j := range ds.batches {
			waiting += j.size - j.made
		}
		if ds.queue == 0 && waiting+len(l.envs) > 2000 || ds.queue > 0 && waiting+len(l.envs) > ds.queue {
			return &saidError{full}
		}
		if l.sent {
			ds.violate("the list of lot %s was sent twice", lot.ID)
		}
		l.sent = true
		j := &fakeBatch{
			id: uuid("batch", fmt.Sprint(len(ds.batches))), name: lot.Name(), lot: lot.ID, draft: lot.Draft,
			envs: l.envs, size: len(l.envs), asked: time.Now(), run: ds.run,
		}
		ds.batches, id = append(ds.batches, j), j.id
		if ds.onMail != nil {
			for _, env := range l.envs {
				ds.onMail(fakeEnvelope{tx: env.TransactionID, content: env.Content})
			}
		}
		return nil
	})
	if replayed(err) {
		return ds.batches[0].id, nil
	}
	if err != nil {
		return "", err
	}
	return id, nil
}

func (ds *fakeDocuSign) FindBatch(_ context.Context, lot *remote.Lot, since time.Time) (id string, found bool, err error) {
	err = ds.call("find-batch", noID, func() error {
		for _, j := range ds.batches {
			if j.name == lot.Name() && time.Since(j.asked) >= ds.lag && !j.asked.Add(ds.ahead).Before(since) {
				id, found = j.id, true
			}
		}
		return nil
	})
	if err != nil {
		return "", false, repeatable(err)
	}
	return id, found, nil
}

func (ds *fakeDocuSign) LotStatus(_ context.Context, batch string) (s remote.LotStatus, err error) {
	err = ds.call("lot-status", noID, func() error {
		i := slices.IndexFunc(ds.batches, func(j *fakeBatch) bool { return j.id == batch })
		if i < 0 {
			return &saidError{refuse}
		}
		j := ds.batches[i]
		s = remote.LotStatus{
			Size: j.size, Queued: j.size - j.made, Sent: j.made - len(j.errors), Failed: len(j.errors), Errors: slices.Clone(j.errors),
		}
		return nil
	})
	return s, repeatable(err)
}

func (ds *fakeDocuSign) Copies(_ context.Context, lot *remote.Lot, since time.Time) (copies []remote.Copy, err error) {
	err = ds.call("copies", noID, func() error {
		for _, p := range ds.envelopes {
			if p.lot == lot.ID && !p.hidden && time.Since(p.created) >= ds.lag && !p.created.Add(ds.ahead).Before(since) {
				copies = append(copies, remote.Copy{TransactionID: p.tx, ID: p.id, Sent: p.mailed})
			}
		}
		if ds.onCopies != nil {
			ds.onCopies(copies)
		}
		return nil
	})
	if err != nil {
		return nil, repeatable(err)
	}
	return copies, nil
}

// under reports whether a batch is not through that want wants.
func (ds *fakeDocuSign) under(want func(*fakeBatch) bool) bool {
	return slices.ContainsFunc(ds.batches, func(j *fakeBatch) bool { return j.made < j.size && want(j) })
}

func (ds *fakeDocuSign) Remains(_ context.Context, lots []*remote.Lot) (lists []string, drafts []envelope.ID, err error) {
	err = ds.call("remains", noID, func() error {
		for _, lot := range lots {
			for _, l := range ds.lists {
				if l.lot == lot.ID && !l.deleted {
					lists = append(lists, l.id)
				}
			}
			for _, p := range ds.envelopes {
				if p.form && !p.deleted && p.tx == lot.TransactionID() {
					drafts = append(drafts, p.id)
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, repeatable(err)
	}
	return lists, drafts, nil
}

func (ds *fakeDocuSign) DeleteList(_ context.Context, list string) error {
	return repeatable(ds.call("delete-list", noID, func() error {
		for _, l := range ds.lists {
			if l.id != list {
				continue
			}
			l.deleted = true
			if ds.under(func(j *fakeBatch) bool { return j.lot == l.lot }) {
				ds.violate("the list of lot %s was deleted while it was under way", l.lot)
			}
		}
		return nil
	}))
}

func (ds *fakeDocuSign) DeleteDrafts(_ context.Context, ids ...envelope.ID) error {
	return repeatable(ds.call("delete-drafts", noID, func() error {
		ds.recycled += 2 * ((len(ids) + 99) / 100) // DocuSign is asked first
		for _, p := range ds.envelopes {
			if !slices.Contains(ids, p.id) {
				continue
			}
			p.deleted = true
			if !p.form {
				ds.violate("%s was deleted, which is no lot's draft", p.id)
			}
			if ds.under(func(j *fakeBatch) bool { return j.draft == p.id }) {
				ds.violate("draft %s was deleted while copies were made of it", p.id)
			}
		}
		return nil
	}))
}

// notRemoved counts the lists and drafts of lots that were not removed.
func (ds *fakeDocuSign) notRemoved() (n int) {
	for _, l := range ds.lists {
		if !l.deleted {
			n++
		}
	}
	for _, p := range ds.envelopes {
		if p.form && !p.deleted {
			n++
		}
	}
	return n
}
