package throttle

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// unix is what the durations of these tests count from: not a whole millisecond.
const unix = 1_800_000_000_123_456_789

// same compares accounts; what the book does not keep is left out.
var same = cmp.Options{
	cmp.AllowUnexported(account{}, core{}, hour{}, burst{}, others{}, taken{}, mark{}, missed{}, entry{}),
	cmpopts.EquateEmpty(),
	cmpopts.IgnoreFields(hour{}, "cap", "percent", "missing"),
	cmpopts.IgnoreFields(burst{}, "cap", "head", "own", "foreign"),
	cmpopts.IgnoreFields(core{}, "ended"),
}

// drawAccount draws any account, its times whole milliseconds of the clock.
func drawAccount(t *rapid.T) *account {
	count := func(name string) int { return rapid.IntRange(-1000, 1<<40).Draw(t, name) }
	number := func(name string) uint64 { return rapid.Uint64Range(0, 1<<50).Draw(t, name) }
	at := func(name string) time.Duration {
		ms := rapid.Int64Range(-1<<32, 1<<32).Draw(t, name)
		return time.Duration((unix/1_000_000+ms)*1_000_000 - unix)
	}
	yes := func(name string) bool { return rapid.Bool().Draw(t, name) }
	rate := func(name string) float64 { return float64(rapid.IntRange(0, 1e9).Draw(t, name)) / 1e6 }
	a := &account{at: at("at")}
	c := &a.core
	c.seq, c.returned, c.flying, c.lost, c.unsure, c.unsureSeq = number("seq"), count("returned"), count("flying"), count("lost"), yes("unsure"), number("unsureSeq")
	h := &c.hour
	h.limit, h.limitTold, h.end, h.endTold, h.closed = count("limit"), yes("told"), at("end"), yes("end told"), at("closed")
	h.start = h.end - time.Hour
	h.left, h.leftSeq, h.toldAt, h.told, h.own, h.seq = count("left"), number("leftSeq"), at("toldAt"), yes("told"), count("own"), number("seq")
	h.first, h.before, h.foreign, h.stranger = yes("first"), count("before"), count("foreign"), yes("stranger")
	h.late = count("late")
	for range rapid.IntRange(0, 3).Draw(t, "misses") {
		h.misses = append(h.misses, missed{number("seq"), count("calls")})
	}
	b := &c.burst
	b.limit, b.limitTold, b.closed, b.noticed = count("limit"), yes("told"), at("closed"), number("noticed")
	for range rapid.IntRange(0, 5).Draw(t, "places") {
		b.places = append(b.places, taken{at("free"), count("own"), count("foreign")})
	}
	o := &c.others
	o.calls, o.suspect, o.judged, o.jump, o.past = count("calls"), yes("suspect"), yes("judged"), count("jump"), count("past")
	o.rate, o.pastRate, o.latency, o.excused = rate("rate"), rate("past rate"), time.Duration(count("latency")), count("excused")
	o.upto, o.before, o.older = count("upto"), number("before"), count("older")
	for range rapid.IntRange(0, 5).Draw(t, "marks") {
		o.marks = append(o.marks, mark{count("used"), at("at")})
	}
	for range rapid.IntRange(0, 3).Draw(t, "members") {
		a.members = append(a.members, entry{rapid.String().Draw(t, "name"), count("out"), count("spare"), yes("wants"), yes("gone"), at("seen"), number("batch")})
	}
	return a
}

func TestBookRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := drawAccount(t)
		text := a.encode(unix)
		b, err := decode(text, unix)
		if err != nil {
			t.Fatalf("decode(%q): %v", text, err)
		}
		if diff := cmp.Diff(a, b, same); diff != "" {
			t.Errorf("changed by the book (-was +is):\n%s", diff)
		}
		// Another process counts from another moment and writes the same.
		elsewhere, err := decode(text, unix+987_654_321)
		if err != nil {
			t.Fatal(err)
		}
		if again := elsewhere.encode(unix + 987_654_321); !bytes.Equal(again, text) {
			t.Errorf("another process writes\n%s, want\n%s", again, text)
		}
	})
}

// Any change of a byte is noticed, and so is a text that ends early.
func TestDamagedBook(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawAccount(t).encode(unix)
		if rapid.Bool().Draw(t, "cut") {
			text = text[:rapid.IntRange(0, len(text)-1).Draw(t, "length")]
		} else {
			text = slices.Clone(text)
			text[rapid.IntRange(0, len(text)-1).Draw(t, "place")] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
		}
		if a, err := decode(text, unix); err == nil {
			// The check sum's letters may be large.
			if !bytes.EqualFold(text, a.encode(unix)) {
				t.Errorf("decode(%q) found nothing wrong", text)
			}
		}
	})
}

// Whatever a book says, and by whatever clock, calls leave within an hour or so,
// and nothing breaks.
func TestStrangeBookBlocksNobodyForLong(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawAccount(t).encode(unix)
		o, b := &outcome{}, &batch{name: "me", number: 1, rules: rules{hourLimit: 1000, burstLimit: 500}, waiting: 8}
		a := b.load(o, text, 0, unix)
		c := &a.core
		if latest := o.skew + time.Hour + time.Millisecond; c.hour.end > latest || c.hour.closed > latest || c.burst.closed > latest || c.flying < 0 {
			t.Errorf("closed until %v, %v, %v with %d under way, want at most %v", c.hour.end, c.hour.closed, c.burst.closed, c.flying, latest)
		}
		now := o.skew
		for range 3 {
			o = b.edit(text, now, unix)
			if o.account.core.flying < 0 {
				t.Errorf("%d calls under way", o.account.core.flying)
			}
			text, now = o.text, now+time.Hour+time.Minute
		}
		if o.text != nil {
			if _, err := decode(o.text, unix); err != nil {
				t.Errorf("what was made of it cannot be read: %v", err)
			}
		}
		if n := calls(o.granted); n == 0 && o.account.core.hour.limit != 0 && o.account.core.burst.limit != 0 {
			t.Errorf("nothing was granted in hours: %+v", o.hold)
		}
	})
}

// A book written by a clock that was days ahead, when the hour was used up, holds
// nobody longer than an hour, though each looks only now and then.
func TestClockPutRight(t *testing.T) {
	r := rules{hourLimit: 1000, burstLimit: 500}
	const days = 48 * time.Hour
	ahead := &batch{name: "ahead", number: 1, rules: r, events: []event{{kind: refused, window: Hourly, at: days + time.Minute}}}
	ahead.core.init(days, days+time.Hour, r)
	text := ahead.edit(nil, days+time.Minute, unix).text

	b := &batch{name: "me", number: 1, rules: r, waiting: 8}
	o := b.edit(text, 0, unix)
	if len(o.granted) != 0 || !o.held || o.hold.until > time.Hour+hourMargin {
		t.Fatalf("granted %v, held %+v, want held for an hour at most", o.granted, o.hold)
	}
	// The book keeps whole milliseconds.
	if o = b.edit(o.text, o.hold.until+time.Millisecond, unix); len(o.granted) == 0 {
		t.Errorf("nothing granted when the hour was over: %+v", o.hold)
	}
}

func FuzzReadState(f *testing.F) {
	c := core{}
	c.init(0, time.Hour, rules{hourLimit: 1000, burstLimit: 500})
	f.Add([]byte(nil))
	f.Add((&account{core: c}).encode(unix))
	c.leave()
	c.done(Call{}, Reading{HourLimit: 1000, HourLeft: 900, HourReset: time.Minute, BurstLimit: 200, BurstLeft: 100}, time.Second)
	f.Add((&account{core: c, members: []entry{{name: "a b \"c\"", out: 3}}}).encode(unix))
	f.Fuzz(func(t *testing.T, text []byte) {
		now := time.Unix(0, unix)
		s, err := ReadState(text, now)
		if err != nil && text == nil {
			t.Errorf("ReadState of no text: %v", err)
		}
		if s.Hour.Ends.After(now.Add(time.Hour+2*hourMargin)) || s.Hour.Closed.After(now.Add(2*time.Hour)) {
			t.Errorf("closed until %v, %v", s.Hour.Ends, s.Hour.Closed)
		}
		s.Finish(100, now)
		new(Limiter).Restore(s)
	})
}

// A full burst must fit into the book, each place on its own.
func TestBookSize(t *testing.T) {
	a := &account{}
	for i := range 500 {
		a.core.burst.take(time.Duration(i)*50*time.Millisecond, 1, 0)
		a.core.others.marks = append(a.core.others.marks, mark{i, time.Duration(i) * 50 * time.Millisecond})
	}
	for range 8 {
		a.members = append(a.members, entry{name: "host.example.com/12345/01HXYZ", out: 64, seen: -time.Second})
	}
	if n := len(a.encode(unix)); n > 10_000 {
		t.Errorf("%d bytes, want at most 10,000", n)
	}
}

// A member whose clock is behind follows those that are ahead, so that no place
// comes free early by the server's clock.
func TestClocksDiffer(t *testing.T) {
	r := rules{hourLimit: 1000, burstLimit: 1}
	ahead := &batch{name: "ahead", number: 1, rules: r, waiting: 1}
	ahead.core.init(0, time.Hour, r)
	const fast = 20 * time.Second
	o := ahead.edit(nil, fast, unix)
	told := NoReading
	told.HourLimit, told.HourLeft, told.HourReset = 1000, 999, time.Hour
	ahead = &batch{
		name: "ahead", number: 2, rules: r, joined: true, out: 1, old: o.account, text: o.text,
		events: []event{{call: Call{}, at: fast, reading: told}},
	}
	o = ahead.edit(o.text, fast, unix)
	behind := &batch{name: "behind", number: 1, rules: r, waiting: 1}
	o = behind.edit(o.text, 0, unix)
	if o.skew < fast || !o.held {
		t.Errorf("skew %v, held %v; want %v and held", o.skew, o.held, fast)
	}
	if wait := o.hold.until - o.now; wait < burstSpan || wait > burstSpan+time.Second {
		t.Errorf("the place comes free after %v, want 30 s", wait)
	}
}
