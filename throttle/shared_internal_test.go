package throttle

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// clock is when these tests begin: not a whole millisecond.
var clock = time.Unix(0, 1_800_000_000_123_456_789).UTC()

// sameText compares shared states; what the store does not keep is left out.
var sameText = cmp.Options{
	cmpopts.EquateEmpty(),
	cmp.AllowUnexported(),
	cmpopts.IgnoreUnexported(sharedState{}, windows{}, ceiling{}, hourWindow{}, burstWindow{}, places{}),
}

// drawState draws a shared state: any at all, or one that may be.
func drawState(t *rapid.T, plausible bool) *sharedState {
	least, most, latest := -1<<60, 1<<60, int64(1<<62)
	if plausible {
		least, most, latest = 0, 1<<40, 0
	}
	at := time.Duration(rapid.Int64Range(0, 1<<55).Draw(t, "at"))
	count := func(name string) int { return rapid.IntRange(least, most).Draw(t, name) }
	signed := func(name string) int { return rapid.IntRange(-most, most).Draw(t, name) }
	number := func(name string) uint64 { return rapid.Uint64Range(0, 1<<50).Draw(t, name) }
	since := func(name string) time.Duration {
		return at + time.Duration(rapid.Int64Range(-1<<50, latest).Draw(t, name))
	}
	yes := func(name string) bool { return rapid.Bool().Draw(t, name) }
	rate := func(name string) float64 { return rapid.Float64Range(float64(least), float64(most)).Draw(t, name) }
	counts := func(name string, longest int) []int {
		return rapid.SliceOfN(rapid.IntRange(least, most), 0, longest).Draw(t, name)
	}
	s := &sharedState{Epoch: clock.Add(-since("epoch")), At: at, Participants: make(map[string]reservation)}
	w := &s.Windows
	w.Seq, w.Completed, w.Lost, w.Probing, w.ProbeSeq = number("seq"), count("completed"), count("lost"), yes("probing"), number("probe seq")
	h := &w.Hour
	ceilingOf := func() ceiling { return ceiling{Limit: count("limit"), LimitTold: yes("told"), Closed: since("closed")} }
	h.ceiling, h.End, h.EndTold, h.Own, h.FirstSeq = ceilingOf(), since("end"), yes("end told"), count("own"), number("first seq")
	h.Count = serverCount{yes("counted"), signed("left"), since("counted at"), number("count seq")}
	h.Uncertain = uncertainCalls{count("uncertain"), number("uncertain seq"), count("late")}
	h.Foreign = foreignUse{yes("unwatched"), signed("before"), count("noticed")}
	b := &w.Burst
	b.ceiling, b.Now = ceilingOf(), int(at/slotLength)
	b.Own.Slots, b.Foreign.Slots = counts("own", 300), counts("foreign", 300)
	f := &w.Foreign
	f.Calls, f.Suspected, f.Judged, f.Latency, f.Counts = count("calls"), yes("suspected"), yes("judged"), time.Duration(count("latency")), counts("counts", 5)
	for _, h := range []*traffic{&f.Now, &f.Past} {
		*h = traffic{count("beside"), count("jump"), rate("rate")}
	}
	for range rapid.IntRange(0, 3).Draw(t, "participants") {
		calls := count("reserved")
		s.Participants[rapid.StringMatching(`[a-z0-9"]{0,9}`).Draw(t, "name")] = reservation{calls, yes("ended"), since("seen"), number("update")}
	}
	return s
}

// alone returns a participant of a store in which nothing can be read.
func alone(clock time.Time) *participant {
	l := &Limiter{Hour: Quota{Limit: 1000}, Burst: Quota{Limit: 500}, time: timeline{clock, clock}}
	l.windows = newWindows(time.Hour, l.quotas())
	return &participant{l: l}
}

// edit does an update of a store's text by a participant that knows nothing else.
func edit(text []byte, u *update, now time.Time) (*result, []byte) {
	u.quotas = quotas{Quota{Limit: 1000}, Quota{Limit: 500, Cap: u.quotas.burst.Cap}}
	r := alone(now).read(text, now).apply(u, now)
	if r.changed {
		text = r.state.encode()
	}
	return r, text
}

func TestSharedStateRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawState(t, true)
		text := s.encode()
		read, err := decode(text, clock)
		if err != nil {
			t.Fatalf("decode(%s): %v", text, err)
		}
		if read.moved {
			s.Epoch = read.Epoch
		}
		if diff := cmp.Diff(s, read, sameText); diff != "" {
			t.Errorf("changed by the store (-was +is):\n%s", diff)
		}
		// Another process reads at another moment and writes the same.
		again, err := decode(s.encode(), clock.Add(987_654_321))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again.encode(), s.encode()) {
			t.Errorf("another process writes\n%s, want\n%s", again.encode(), s.encode())
		}
	})
}

// A text of another format is noticed, and so is one that cannot be.
func TestUnreadableState(t *testing.T) {
	now := newSharedState(alone(clock).l.windows, clock)
	if _, err := ReadState(now.encode(), clock); err != nil {
		t.Fatalf("a new state cannot be read: %v", err)
	}
	newer := bytes.Replace(now.encode(), []byte(`"Format":3`), []byte(`"Format":4`), 1)
	broken := now.clone()
	broken.Participants["a"] = reservation{Calls: -1}
	for _, text := range [][]byte{
		{},
		[]byte("null"), []byte("{}"), []byte("[]"), []byte("throttle1 1800000000123 0 0 0 0 1 0 d2f1c90a"),
		newer, broken.encode(), append(now.encode(), '}'),
	} {
		if s, err := ReadState(text, clock); err == nil {
			t.Errorf("ReadState(%q) = %+v, want an error", text, s)
		}
	}
}

// Any change of a byte is noticed, and so is a text that ends early.
func TestDamagedState(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawState(t, true).encode()
		damaged := bytes.Clone(text)
		if rapid.Bool().Draw(t, "cut") {
			damaged = damaged[:rapid.IntRange(0, len(text)-1).Draw(t, "length")]
		} else {
			damaged[rapid.IntRange(0, len(text)-1).Draw(t, "place")] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
		}
		if _, err := decode(damaged, clock); err == nil && !bytes.EqualFold(damaged, text) { // JSON's names may be large or small
			t.Errorf("decode(%q) found nothing wrong", damaged)
		}
	})
}

// Whatever a store says, and by whatever clock, calls leave within an hour or so,
// and nothing breaks.
func TestStrangeStateBlocksNobodyForLong(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, now := drawState(t, rapid.Bool().Draw(t, "plausible")).encode(), clock
		s := alone(now).read(text, now)
		c, since := &s.Windows, now.Sub(s.Epoch)
		since = max(since, s.At)
		if latest := since + time.Hour + hourMargin; c.Hour.End > latest || c.Hour.Closed > latest || c.Burst.Closed > latest || c.inFlight < 0 {
			t.Errorf("closed until %v, %v, %v with %d under way, want at most %v", c.Hour.End, c.Hour.Closed, c.Burst.Closed, c.inFlight, latest)
		}
		var r *result
		for range 3 {
			r, text = edit(text, &update{participant: "me", number: 1, waiting: 8}, now)
			if r.state.Windows.inFlight < 0 {
				t.Errorf("%d calls under way", r.state.Windows.inFlight)
			}
			now = now.Add(time.Hour + time.Minute)
		}
		if _, err := decode(text, now); err != nil {
			t.Errorf("what was made of it cannot be read: %v", err)
		}
		if r.granted == 0 && r.state.Windows.Hour.Limit != 0 && r.state.Windows.Burst.Limit != 0 {
			t.Errorf("nothing was granted in hours: %+v", r.hold)
		}
	})
}

// A state written by a clock that was days ahead, when the hour was used up, holds
// nobody longer than an hour, though each looks only now and then.
func TestClockPutRight(t *testing.T) {
	ahead := clock.Add(48 * time.Hour)
	_, text := edit(nil, &update{participant: "ahead", number: 1}, ahead)
	minute := ahead.Add(time.Minute)
	_, text = edit(text, &update{participant: "ahead", number: 2, events: []event{{kind: refused, window: Hourly, at: minute}}}, minute)

	me := &update{participant: "me", number: 1, waiting: 8}
	r, text := edit(text, me, clock)
	if r.granted != 0 || !r.held || r.hold.until > r.now+time.Hour+hourMargin {
		t.Fatalf("granted %v, held %+v, want held for an hour at most", r.granted, r.hold)
	}
	if r, _ = edit(text, me, clock.Add(r.hold.until-r.now)); r.granted == 0 {
		t.Errorf("nothing granted when the hour was over: %+v", r.hold)
	}
}

func FuzzReadState(f *testing.F) {
	f.Add([]byte(nil))
	p := alone(clock)
	f.Add(newSharedState(p.l.windows, clock).encode())
	w := &p.l.windows
	w.done(w.leave(), time.Second, Reading{HourLimit: 1000, HourLeft: 900, HourReset: time.Minute, BurstLimit: 200, BurstLeft: 100}, time.Second)
	s := newSharedState(*w, clock)
	s.At = time.Second
	s.Participants["a b \"c\""] = reservation{Calls: 3}
	f.Add(s.encode())
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := ReadState(text, clock)
		if err != nil && text == nil {
			t.Errorf("ReadState of no text: %v", err)
		}
		if s.Hour.Ends.After(clock.Add(time.Hour+2*hourMargin+maxSkew)) || s.Hour.Closed.After(clock.Add(2*time.Hour)) {
			t.Errorf("closed until %v, %v", s.Hour.Ends, s.Hour.Closed)
		}
		s.Finish(100, clock)
		new(Limiter).Restore(s)
	})
}

// A full burst must fit into the store, each place on its own.
func TestStateSize(t *testing.T) {
	s := newSharedState(windows{}, clock)
	for i := range 500 {
		s.Windows.Burst.take(time.Duration(i)*50*time.Millisecond, 1, 0)
		s.Windows.Foreign.Counts = append(s.Windows.Foreign.Counts, i)
	}
	for i := range 8 {
		s.Participants[fmt.Sprintf("host.example.com/12345/01HXYZ%d", i)] = reservation{Calls: 64, Seen: time.Second}
	}
	if n := len(s.encode()); n > 10_000 {
		t.Errorf("%d bytes, want at most 10,000", n)
	}
}

// A participant whose clock is behind follows those that are ahead, so that no
// place comes free early by the server's clock.
func TestClocksDiffer(t *testing.T) {
	const fast = 20 * time.Second
	one := quotas{burst: Quota{Cap: 1}}
	_, text := edit(nil, &update{participant: "ahead", number: 1, waiting: 1, quotas: one}, clock)
	told := NoReading
	told.HourLimit, told.HourLeft, told.HourReset = 1000, 999, time.Hour
	ahead := clock.Add(fast)
	r, text := edit(text, &update{
		participant: "ahead", number: 2, quotas: one,
		events: []event{{call: Call{leftAt: ahead}, at: ahead, reading: told}},
	}, ahead)
	if r.state.Windows.Burst.Own.taken != 1 {
		t.Fatalf("%+v, want a place taken", r.state.Windows.Burst)
	}
	r, _ = edit(text, &update{participant: "behind", number: 1, waiting: 1, quotas: one}, clock)
	if r.now < fast || !r.held {
		t.Errorf("now %v, held %v; want at least %v and held", r.now, r.held, fast)
	}
	if wait := r.hold.until - r.now; wait < burstSpan || wait > burstSpan+time.Second {
		t.Errorf("the place comes free after %v, want 30 s", wait)
	}
}
