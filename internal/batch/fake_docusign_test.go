package batch_test

import (
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/internal/remote"
	"batchsend/throttle"
)

// fault is what goes wrong with one call.
type fault string

const (
	none       fault = ""
	refuse     fault = "refuse"      // it is read and turned down
	limit      fault = "limit"       // too many calls: come back
	down       fault = "down"        // the call never arrived
	lostBefore fault = "lost-before" // no answer; nothing was done
	lostAfter  fault = "lost-after"  // no answer; it was done
	vague      fault = "vague"       // an answer that does not tell; nothing was done
	vagueAfter fault = "vague-after" // an answer that does not tell; it was done
	vagueDown  fault = "vague-down"  // the same of a call that may be made again
	halt       fault = "halt"        // the account is blocked
	explode    fault = "panic"
	full       fault = "full"      // the queue of bulk sending
	forbid     fault = "forbidden" // bulk sending
	missing    fault = "missing"   // there is no such draft, or it was deleted
	replay     fault = "replay"    // the answer is that to an earlier call; nothing was done
	mixedUp    fault = "mixed"     // the answer is that to an earlier call; it was done
)

// saidError is an error that says of itself what a client's errors do.
type saidError struct{ fault fault }

func (e *saidError) Error() string { return "DocuSign: " + string(e.fault) }

func (e *saidError) Effect() remote.Effect {
	switch e.fault {
	case lostBefore, lostAfter, vague, vagueAfter:
		return remote.EffectUnknown
	case limit, down, vagueDown:
		return remote.EffectNotDone
	case halt:
		return remote.EffectStop
	case full:
		return remote.EffectQueueFull
	case forbid:
		return remote.EffectNoBulk
	case missing:
		return remote.EffectGone
	}
	return remote.EffectRefused
}

func (e *saidError) RetryAfter() (time.Duration, bool) { return 0, e.Effect().Repeatable() }

func (e *saidError) ErrorCode() string {
	switch e.fault {
	case lostBefore, lostAfter, down: // no answer
		return ""
	case vagueAfter, vagueDown:
		return "CODE_vague"
	}
	return "CODE_" + string(e.fault)
}

// fakeEnvelope is an envelope at DocuSign.
type fakeEnvelope struct {
	id      envelope.ID
	tx      envelope.TransactionID
	content envelope.Content
	draft   bool
	created time.Time
	mailed  time.Time

	form    bool           // the draft of lots
	group   envelope.Group // of a form
	deleted bool
	lot     string // of which it is a copy
	run     int    // in which it was asked for
	hidden  bool   // no search shows it
	unclear bool   // searches do not say whether it was sent
}

// fakeDocuSign is DocuSign: it creates whatever it is asked to, as often as it is
// asked, and its look-ups lag behind.
type fakeDocuSign struct {
	latency time.Duration // of a call, half before and half after the work
	lag     time.Duration // until look-ups show what was done
	ahead   time.Duration // of DocuSign's clock
	// faultOf says what goes wrong with a call of that name for an envelope;
	// nil: nothing.
	faultOf   func(call string, tx envelope.TransactionID) fault
	addresses []string // of every envelope
	// onMail is told of everything that reaches its recipients.
	onMail func(fakeEnvelope)

	limiter *throttle.Limiter // of calls; nil: none
	bulkQueue
	run int // in the model: the number of the run

	mu        sync.Mutex
	envelopes []*fakeEnvelope
	busy      int // envelopes under way
	most      int
	calls     map[string]int
}

var _ batch.DocuSign = (*fakeDocuSign)(nil)

// unsentError is a call that gave up while it waited for its place.
type unsentError struct{ error }

func (unsentError) Effect() remote.Effect             { return remote.EffectNotSent }
func (unsentError) RetryAfter() (time.Duration, bool) { return 0, true }
func (e unsentError) Unwrap() error                   { return e.error }

// noID is for calls that are about no single envelope.
var noID envelope.TransactionID

// call does work unless a fault keeps it from it, and answers unless one loses
// the answer. A call that may be made twice has no doubtful errors.
func (ds *fakeDocuSign) call(name string, tx envelope.TransactionID, work func() error) error {
	return ds.leave(context.Background(), nil, name, tx, work)
}

// leave is a call that has to wait for its place, and is asked whether it may
// leave then.
func (ds *fakeDocuSign) leave(ctx context.Context, leaving batch.Leaving, name string, tx envelope.TransactionID, work func() error) error {
	if ctx.Err() != nil {
		return unsentError{context.Cause(ctx)}
	}
	var place throttle.Call
	if ds.limiter != nil {
		var err error
		if place, err = ds.limiter.Acquire(ctx); err != nil {
			return unsentError{err}
		}
	}
	if leaving != nil {
		if err := leaving(ctx); err != nil {
			place.Unused()
			return err
		}
	}
	defer func() { place.Done(throttle.NoReading) }()
	ds.mu.Lock()
	f := none
	if ds.faultOf != nil {
		f = ds.faultOf(name, tx)
	}
	if ds.calls == nil {
		ds.calls = make(map[string]int)
	}
	ds.calls[name]++
	ds.busy++
	ds.most = max(ds.most, ds.busy)
	ds.mu.Unlock()
	time.Sleep(ds.latency / 2)
	ds.mu.Lock()
	ds.work()
	var err error
	switch f {
	case none:
		err = work()
	case lostAfter, mixedUp, vagueAfter:
		if err = work(); err == nil {
			err = &saidError{f}
		}
	case explode:
		ds.mu.Unlock()
		panic("out of order")
	default:
		err = &saidError{f}
	}
	ds.mu.Unlock()
	time.Sleep(ds.latency / 2)
	ds.mu.Lock()
	defer ds.mu.Unlock()
	ds.busy--
	return err
}

func (ds *fakeDocuSign) create(ctx context.Context, leaving batch.Leaving, name string, env *envelope.Envelope, draft bool) (id envelope.ID, err error) {
	err = ds.leave(ctx, leaving, name, env.TransactionID, func() error {
		p := &fakeEnvelope{
			id: ds.newID(), tx: env.TransactionID, run: ds.run,
			content: env.Content, draft: draft, created: time.Now(),
		}
		ds.envelopes, id = append(ds.envelopes, p), p.id
		if !draft {
			ds.mail(p)
		}
		return nil
	})
	if replayed(err) {
		ds.mu.Lock()
		defer ds.mu.Unlock()
		return ds.envelopes[0].id, nil
	}
	if err != nil {
		return "", err
	}
	return id, nil
}

// replayed reports whether the answer is that to the first call of its kind.
func replayed(err error) bool {
	said, ok := errors.AsType[*saidError](err)
	return ok && (said.fault == replay || said.fault == mixedUp)
}

func (ds *fakeDocuSign) newID() envelope.ID {
	return envelope.ID(uuid("docusign", fmt.Sprint(len(ds.envelopes))))
}

func (ds *fakeDocuSign) mail(p *fakeEnvelope) {
	p.draft, p.mailed = false, time.Now()
	if ds.onMail != nil {
		ds.onMail(*p)
	}
}

func (ds *fakeDocuSign) Send(ctx context.Context, env *envelope.Envelope, leaving batch.Leaving) (envelope.ID, error) {
	return ds.create(ctx, leaving, "send", env, false)
}

func (ds *fakeDocuSign) Draft(ctx context.Context, env *envelope.Envelope, leaving batch.Leaving) (envelope.ID, error) {
	return ds.create(ctx, leaving, "draft", env, true)
}

func (ds *fakeDocuSign) SendDraft(ctx context.Context, id envelope.ID, leaving batch.Leaving) error {
	ds.mu.Lock()
	var p *fakeEnvelope
	if i := slices.IndexFunc(ds.envelopes, func(p *fakeEnvelope) bool { return p.id == id }); i >= 0 {
		p = ds.envelopes[i]
	}
	ds.mu.Unlock()
	if p == nil {
		return &saidError{refuse}
	}
	err := ds.leave(ctx, leaving, "put", p.tx, func() error {
		switch {
		case p.deleted && p.draft:
			return &saidError{missing}
		case p.draft:
			ds.mail(p)
		}
		return nil
	})
	return repeatable(err)
}

// seen returns what look-ups show of the envelopes that want wants.
func (ds *fakeDocuSign) seen(want func(*fakeEnvelope) bool) (f remote.Found, ok bool) {
	for _, p := range ds.envelopes {
		if !want(p) || p.hidden || p.deleted || time.Since(p.created) < ds.lag {
			continue
		}
		draft := p.draft || time.Since(p.mailed) < ds.lag
		switch {
		case p.unclear:
			f, ok = remote.Found{ID: p.id, Unclear: true}, true
		case !ok:
			f, ok = remote.Found{ID: p.id, Draft: draft}, true
		case f.Draft && !draft:
			f = remote.Found{ID: p.id, More: append(f.More, f.ID)}
		default:
			f.More = append(f.More, p.id)
		}
	}
	return f, ok
}

func (ds *fakeDocuSign) Find(_ context.Context, ids []envelope.TransactionID) (map[envelope.TransactionID]remote.Found, error) {
	found := make(map[envelope.TransactionID]remote.Found)
	err := ds.call("find", noID, func() error {
		for _, id := range ids {
			if f, ok := ds.seen(func(p *fakeEnvelope) bool { return p.tx == id && p.lot == "" && time.Since(p.created) < 7*24*time.Hour }); ok {
				found[id] = f
			}
		}
		return nil
	})
	return found, err
}

func (ds *fakeDocuSign) FindByField(_ context.Context, id envelope.TransactionID, since time.Time) (f remote.Found, ok bool, err error) {
	err = ds.call("field", id, func() error {
		f, ok = ds.seen(func(p *fakeEnvelope) bool { return p.tx == id && !p.created.Add(ds.ahead).Before(since) })
		return nil
	})
	return f, ok && err == nil, err
}

// Addresses is asked only of envelopes that an earlier release has named.
func (ds *fakeDocuSign) Addresses(_ context.Context, id envelope.ID) (to []string, err error) {
	err = ds.call("addresses", transactionID(string(id)), func() error { to = ds.addresses; return nil })
	return to, err
}

// mails returns how often the envelope was mailed, and the last of its IDs.
func (ds *fakeDocuSign) mails(tx envelope.TransactionID) (n int, id envelope.ID) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	ds.work()
	for _, p := range ds.envelopes {
		if p.tx == tx && !p.draft {
			n, id = n+1, p.id
		}
	}
	return n, id
}

const account = "11111111-2222-4333-8444-555555555555"

// row returns an envelope under that label; version tells contents apart.
func row(label string, version int) *envelope.Envelope {
	env := &envelope.Envelope{
		Identity: envelope.Identity{TransactionID: transactionID(uuid("tx", label)), Account: account, Batch: "may", Label: label},
		Position: envelope.Position{File: "may.csv", Line: 2},
	}
	sum := sha1.Sum([]byte(fmt.Sprint(label, version)))
	copy(env.Content[:], sum[:])
	return env
}

func transactionID(text string) envelope.TransactionID {
	id, err := envelope.ParseTransactionID(text)
	if err != nil {
		panic(err)
	}
	return id
}

func uuid(parts ...string) string {
	b := sha1.Sum([]byte(fmt.Sprintf("%q", parts)))
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
