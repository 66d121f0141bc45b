package throttle

import (
	"cmp"
	"slices"
	"time"
)

// sanitize makes what was read such that nothing can come of it but a wait of
// an hour at most, whoever wrote it and by whatever clock. It reports whether a
// time was too late: that must be written, or it would be so at each reading.
func (a *account) sanitize(now time.Duration) (late bool) {
	cut := func(t *time.Duration, latest time.Duration) {
		if *t > latest {
			*t, late = latest, true
		}
	}
	const many = 1 << 50
	c := &a.core
	h, b, o := &c.hour, &c.burst, &c.others
	cut(&a.at, now)
	for _, n := range []*int{&c.returned, &c.lost, &h.limit, &h.own, &h.foreign, &h.late, &b.limit, &o.calls, &o.jump, &o.past, &o.excused} {
		*n = min(max(*n, 0), many)
	}
	for _, n := range []*int{&h.left, &h.before} {
		*n = min(max(*n, -many), many)
	}
	h.left = min(h.left, h.limit)
	c.seq = min(c.seq, many)
	for _, seq := range []*uint64{&c.unsureSeq, &h.leftSeq, &h.seq, &b.noticed, &o.before} {
		*seq = min(*seq, c.seq)
	}

	cut(&h.end, now+time.Hour)
	h.start = h.end - time.Hour
	cut(&h.closed, now+time.Hour)
	cut(&b.closed, now+time.Hour)
	cut(&h.toldAt, now)
	o.rate, o.pastRate = max(o.rate, 0), max(o.pastRate, 0)
	o.latency = min(max(o.latency, 0), time.Minute)

	h.missing = 0
	for i := range h.misses {
		m := &h.misses[i]
		m.seq, m.calls = min(m.seq, c.seq), min(max(m.calls, 0), manyListed)
		h.missing += m.calls
	}

	b.head, b.own, b.foreign = 0, 0, 0
	for i := range b.places {
		p := &b.places[i]
		cut(&p.free, now+burstSpan+burstMargin)
		p.own, p.foreign = min(max(p.own, 0), many), min(max(p.foreign, 0), many)
		b.own += p.own
		b.foreign += p.foreign
	}
	slices.SortStableFunc(b.places, func(a, b taken) int { return cmp.Compare(a.free, b.free) })

	c.flying = 0
	for i := range a.members {
		e := &a.members[i]
		e.out = min(max(e.out, 0), manyListed)
		e.spare = min(max(e.spare, 0), e.out)
		cut(&e.seen, now)
		c.flying += e.out
	}
	a.count()
	o.older = min(max(o.older, 0), c.flying)
	return late
}

// ReadState returns what a [Book]'s text says, for a plan and for a limiter that
// is only to pretend ([Limiter.Restore]). Without a text it is the zero State.
// It fails if the text is damaged or of a newer version; a limiter takes such a
// text for none.
func ReadState(text []byte, now time.Time) (State, error) {
	if text == nil {
		return State{}, nil
	}
	a, err := decode(text, now.UnixNano())
	if err != nil {
		return State{}, err
	}
	if a.at > maxSkew {
		a.shift(-a.at)
	}
	a.sanitize(max(a.at, 0))
	a.settle("", 0)
	return a.core.state(max(a.at, 0), func(d time.Duration) time.Time { return now.Add(d).Round(0).UTC() }), nil
}
