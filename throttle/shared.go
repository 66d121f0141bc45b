package throttle

import (
	"encoding/json"
	"errors"
	"hash/crc32"
	"maps"
	"math"
	"slices"
	"time"
)

// How limiters share one budget
//
// The limiters of one account, in several processes, share what they know by a text
// in a [Store]. It holds, as JSON, the windows that a limiter keeps in memory when
// it is alone, and how many calls are reserved for each participant.
//
// A participant reads and writes the text in one transaction, an update (apply):
//
//  1. It tells what has happened to its calls since the last update. The windows
//     learn from that as those of a limiter that is alone do.
//  2. It gives back the reserved calls that it has not used.
//  3. It reserves a block of calls: one for each caller that waits, and more if it
//     has used up the block before, but then at most an eighth of what is left, so
//     that others find some, and none while other apps call on the account.
//
// Until the next update it spends the block and asks nobody. After half a second it
// gives back what is left of it.
//
// A reserved call counts as under way until it is answered or given back. So each
// update sees what one limiter with the calls of all would see, and decides by the
// same rules (windows.go). That is why no participant costs another a refusal.
//
// A process that dies gives nothing back. Its reserved calls count as under way
// while the server may still count them, then as lost: their places come free when
// their windows end. [Store.Gone] tells who has died; where it cannot, silence does.
//
// An update that failed may have been written nevertheless, so it can be repeated:
// its events are known by its number, and its count of calls is absolute.

const (
	// stateFormat is the version of the shared state.
	stateFormat = 3
	// silence is after how long without a sign a participant's calls are lost.
	silence = 3 * time.Minute
	// endedSilence is the same if its process is known to have ended: it may have
	// sent all that was reserved just before that, and a request can outlive its
	// sender.
	endedSilence = 45 * time.Second
	// heartbeat is how often a participant shows itself while it has calls under
	// way or waiting.
	heartbeat = 30 * time.Second
	// staleCount is how old the last count of the hour may be for a newcomer. If it is
	// older its first call goes alone, for other apps may have called.
	staleCount = 5 * time.Second
	// maxSkew is by how much clocks of participants may differ. What is farther
	// ahead was written by a clock that has been put right since.
	maxSkew = time.Minute
)

// stored is a [Store]'s text.
type stored struct {
	Format int
	Sum    uint32 // the CRC-32 of State
	State  json.RawMessage
}

// sharedState is what limiters share.
type sharedState struct {
	Epoch        time.Time     // the other times count from then
	At           time.Duration // when this was written
	Windows      windows
	Participants map[string]reservation

	moved bool // the epoch was changed, which must be written
}

// reservation is the calls that a participant may make.
type reservation struct {
	Calls  int           // under way, or not used yet
	Ended  bool          // its process has ended
	Seen   time.Duration // when it wrote last
	Update uint64        // the number of its last update that is in here
}

// update is what a participant tells the shared state and asks of it.
type update struct {
	participant string
	number      uint64
	quotas      quotas
	events      []event
	calls       int      // the participant's calls after these events: under way, or reserved and not used
	waiting     int      // calls that wait for a reservation
	ahead       int      // calls that it would reserve beyond these
	ended       []string // participants whose processes have ended
}

// result is what came of an update.
type result struct {
	state   *sharedState
	text    []byte        // as which it stands in the store
	changed bool          // the state must be written
	now     time.Duration // by the state's clock
	granted int           // calls reserved
	seq     uint64        // their number
	held    bool          // no more could be reserved
	hold    hold          // why
}

var errUnreadable = errors.New("not a state of the call budget that this version can read")

// newSharedState begins a shared state with what one limiter knows.
func newSharedState(w windows, epoch time.Time) *sharedState {
	return &sharedState{Epoch: epoch.Round(0).UTC(), Windows: w.clone(), Participants: make(map[string]reservation)}
}

// encode returns the state as text.
func (s *sharedState) encode() []byte {
	state, err := json.Marshal(s)
	if err != nil {
		panic(err) // it has no field that JSON cannot hold
	}
	text, err := json.Marshal(stored{stateFormat, crc32.ChecksumIEEE(state), state})
	if err != nil {
		panic(err)
	}
	return text
}

// decode reads a text.
func decode(text []byte, clock time.Time) (*sharedState, error) {
	var t stored
	if err := json.Unmarshal(text, &t); err != nil || t.Format != stateFormat || t.Sum != crc32.ChecksumIEEE(t.State) {
		return nil, errUnreadable
	}
	s := new(sharedState)
	if err := json.Unmarshal(t.State, s); err != nil || !s.plausible() {
		return nil, errUnreadable
	}
	if s.Participants == nil {
		s.Participants = make(map[string]reservation)
	}
	if ahead := s.At - clock.Sub(s.Epoch); ahead > maxSkew {
		s.Epoch = s.Epoch.Add(-ahead)
		s.moved = true // or its times would never come
	}
	s.count()
	return s, nil
}

// plausible reports whether nothing worse can come of the state than a wait of an
// hour, whoever wrote it and by whatever clock.
func (s *sharedState) plausible() bool {
	for _, r := range s.Participants {
		if !plausibleCounts(r.Calls) {
			return false
		}
	}
	return s.At >= 0 && s.At < math.MaxInt64/2 && s.Windows.plausible(s.At)
}

func (s *sharedState) clone() *sharedState {
	c := *s
	c.Windows, c.Participants, c.moved = s.Windows.clone(), maps.Clone(s.Participants), false
	return &c
}

// now returns the time by the state's clock, which never goes back, and by how
// much that is ahead of this process's.
func (s *sharedState) now(clock time.Time) (now, skew time.Duration) {
	own := clock.Sub(s.Epoch)
	return max(own, s.At), max(0, s.At-own)
}

// apply makes of the state what it should be after an update.
func (s *sharedState) apply(u *update, clock time.Time) *result {
	now, skew := s.now(clock)
	r := &result{state: s, now: now, changed: s.moved}
	w := &s.Windows
	w.configure(u.quotas)
	me, known := s.Participants[u.participant]
	if me.Update != u.number && len(u.events) > 0 {
		for _, e := range u.events {
			e.apply(w, e.at.Sub(s.Epoch)+skew)
			if e.kind != refused {
				me.Calls--
			}
		}
		r.changed = true
	}
	lostTrack := s.dropLost(u, now)
	w.turn(now)
	if !known && !w.Probing && now-w.Hour.Count.At > staleCount {
		w.probe()
	}
	if me.Calls != u.calls {
		// It gives the others back. Or they were reserved by an update that failed, and
		// it does not know of them.
		me.Calls, lostTrack = u.calls, true
	}
	s.Participants[u.participant] = me
	s.count()
	if lostTrack { // nobody knows the numbers of these calls
		w.Foreign.await(w.inFlight, w.Seq)
		r.changed = true
	}
	s.grant(r, u)
	calls := u.calls + r.granted
	if r.changed || r.granted > 0 || calls > 0 && now-me.Seen >= heartbeat {
		r.changed = true
		s.At = now
		s.Participants[u.participant] = reservation{Calls: calls, Seen: now, Update: u.number}
	}
	return r
}

// grant reserves calls for those who wait. If all of them get one it reserves
// more for those who will come: few enough that other participants find some, and
// none if other apps call too, whose calls those under way would hide.
func (s *sharedState) grant(r *result, u *update) {
	w := &s.Windows
	most := u.waiting
	if !w.Foreign.noticed() {
		const part = 8 // of what is left
		most += max(0, min(u.ahead, (w.room(r.now)-u.waiting)/part))
	}
	for r.granted < most {
		if r.hold, r.held = w.held(r.now); r.held {
			break
		}
		w.inFlight++
		r.granted++
	}
	if r.granted > 0 {
		r.seq = w.Seq
		w.Seq++
	}
}

// dropLost counts as lost the calls of participants of which nothing more will be
// heard. Until then they count as under way.
func (s *sharedState) dropLost(u *update, now time.Duration) (changed bool) {
	for name, r := range s.Participants {
		if name == u.participant {
			continue
		}
		if !r.Ended && slices.Contains(u.ended, name) {
			r.Ended, changed = true, true
			s.Participants[name] = r
		}
		wait := silence
		if r.Ended {
			wait = endedSilence
		}
		if now-r.Seen < wait {
			continue
		}
		s.Windows.lose(s.Windows.Seq, r.Calls, min(now, r.Seen+wait))
		delete(s.Participants, name)
		changed = true
	}
	return changed
}

// count counts what is not stored: the calls that are reserved, and the burst's
// places.
func (s *sharedState) count() {
	w := &s.Windows
	w.count()
	w.inFlight, w.orphaned = 0, 0
	for _, r := range s.Participants {
		w.inFlight += r.Calls
		if r.Ended {
			w.orphaned += r.Calls
		}
	}
}

// callsBeside returns how many calls participants other than the named one have, and
// which of them have calls and may be alive.
func (s *sharedState) callsBeside(name string) (calls int, alive []string) {
	for other, r := range s.Participants {
		if other == name || r.Calls == 0 {
			continue
		}
		calls += r.Calls
		if !r.Ended {
			alive = append(alive, other)
		}
	}
	return calls, alive
}

// ReadState returns what a [Store]'s text says, for a plan and for a limiter that
// is only to pretend ([Limiter.Restore]). Without a text it is the zero State.
// It fails if the text is damaged or of another version; a limiter takes such a
// text for none.
func ReadState(text []byte, now time.Time) (State, error) {
	if text == nil {
		return State{}, nil
	}
	s, err := decode(text, now)
	if err != nil {
		return State{}, err
	}
	since, _ := s.now(now)
	s.dropLost(&update{}, since)
	s.count()
	return s.Windows.state(since, now), nil
}
