package batch

import (
	"context"
	"time"

	"batchsend/envelope"
)

// pace is how a lot moves that DocuSign works through.
type pace struct {
	status   envelope.LotStatus // when it was last asked for
	followed time.Time          // since when it is waited for
	moved    time.Time          // when it was last seen to move
	from     time.Time          // when so many copies were left; zero if that is not known
	left     int                // copies not yet made
	expect   time.Time          // when it should be through
	// What is expected of a lot that has surprised is not to be relied upon: it
	// is looked at then, and no earlier or later.
	earliest, latest time.Time
}

// longestUnseen is after how long a lot is looked at first, at the latest.
const longestUnseen = time.Hour

// longestPause is how long a lot that does not move is left to itself.
const longestPause = 10 * time.Minute

// follow begins to wait for a lot that DocuSign may have begun with then, or is
// to be looked at now.
func (m *mailer) follow(l *lot, from time.Time) {
	now := time.Now()
	l.stage, l.looks, l.next = under, 0, now
	l.pace = pace{followed: now, moved: now, from: from, left: len(l.open)}
	m.schedule()
}

// schedule works out when each lot should be through: DocuSign takes one after
// the other.
func (m *mailer) schedule() {
	free := m.through
	for _, l := range m.lots {
		if l.stage != under || l.from.IsZero() {
			continue
		}
		l.expect = later(l.from, free).Add(m.bulk.takes(l.left))
		l.next = l.expect.Add(m.bulk.slack(l.left))
		if most := l.followed.Add(longestUnseen); l.status.Size == 0 && l.next.After(most) {
			l.next = most // what was seen of another lot may not hold for this one
		}
		if early := l.followed.Add(firstLook); m.bulk.guessed && early.Before(l.next) {
			l.next = early
		}
		if !l.latest.IsZero() && l.next.After(l.latest) {
			l.next = l.latest
		}
		l.next = later(l.next, l.earliest)
		free = l.expect
	}
}

// inquire asks how far DocuSign has come with a lot, and collects what it has
// made once it is through.
func (m *mailer) inquire(ctx context.Context, l *lot) error {
	err := m.Retry.Do(ctx, func(ctx context.Context) (err error) {
		l.status, err = m.DocuSign.LotStatus(ctx, l.Batch)
		return err
	})
	if refused(ctx, err) {
		return m.strayed(ctx, l, err)
	}
	if err != nil {
		return err
	}
	now := time.Now()
	if l.status.Done() {
		if l.expect.Before(now) {
			now = l.expect
		}
		m.through = later(m.through, now)
		l.stage, l.since, l.looks = toCollect, time.Now(), 0
		if m.lag > 0 && l.status.Sent > 0 {
			l.next = l.since.Add(m.lag)
			return nil
		}
		return m.collect(ctx, l)
	}
	left := max(l.status.Size-l.status.Sent-l.status.Failed, 1)
	made, known := l.left-left, !l.from.IsZero()
	took, waited := now.Sub(later(l.from, m.through)), now.Sub(later(l.followed, m.through))
	l.left, l.from = left, now
	l.earliest, l.latest = time.Time{}, time.Time{}
	switch {
	case !known:
	case made > 0:
		l.moved = now
		if took > 0 {
			m.bulk.Speed = max(float64(made)/took.Seconds(), min(slowest, m.bulk.Speed))
		}
		l.latest = now.Add(2 * waited) // it may have begun a moment ago
		if m.bulk.guessed {
			l.latest = l.latest.Add(2 * waited)
		}
		m.bulk.guessed = false
	case now.Sub(later(l.moved, m.through)) >= stuck:
		m.leave(l, "DocuSign does not go on with it")
	default: // others' copies are before it
		l.earliest = now.Add(min(waited, longestPause))
	}
	m.schedule()
	return nil
}

// strayed settles what can be found of a lot whose batch DocuSign does not know
// any more. What cannot be found may have been mailed all the same.
func (m *mailer) strayed(ctx context.Context, l *lot, why error) error {
	copies, err := m.copies(ctx, l)
	if err != nil {
		return err
	}
	if m.settleFound(ctx, l, copies) {
		m.leave(l, why.Error())
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
