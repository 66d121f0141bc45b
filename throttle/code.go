package throttle

import (
	"bytes"
	"errors"
	"hash/crc32"
	"math"
	"strconv"
	"time"
)

// The book's text is numbers and quoted names with a space between, in the order
// in which coder.account meets them, after a word that tells the version and
// before a check sum. Times are milliseconds, since 1970 for the first and since
// that for the others, or since their neighbour in a list.

// codeVersion is the word that a text begins with.
const codeVersion = "throttle1"

// manyListed is how long a list may be.
const manyListed = 100_000

var errUnreadable = errors.New("not a state that this version of throttle can read")

// coder writes an account, or reads one. It visits the same things in the same
// order either way, so that the two cannot differ.
type coder struct {
	text    []byte // written so far, or still to be read
	reading bool
	bad     bool
	unix    int64 // what durations count from, in nanoseconds since 1970
	epoch   int64 // what times are told from, in milliseconds since 1970
}

// encode returns the account as text. unix is what its durations count from.
func (a *account) encode(unix int64) []byte {
	c := &coder{unix: unix, text: make([]byte, 0, 512+8*len(a.core.burst.places)+8*len(a.core.others.marks))}
	c.text = append(c.text, codeVersion...)
	c.account(a)
	sum := crc32.ChecksumIEEE(c.text)
	c.text = append(c.text, ' ')
	return strconv.AppendUint(c.text, uint64(sum), 16)
}

// decode reads an account, its durations counted from unix.
func decode(text []byte, unix int64) (*account, error) {
	end := bytes.LastIndexByte(text, ' ')
	if end < 0 {
		return nil, errUnreadable
	}
	sum, err := strconv.ParseUint(string(text[end+1:]), 16, 32)
	body, ok := bytes.CutPrefix(text[:end], []byte(codeVersion))
	if err != nil || !ok || uint32(sum) != crc32.ChecksumIEEE(text[:end]) {
		return nil, errUnreadable
	}
	a := &account{}
	c := &coder{text: body, reading: true, unix: unix}
	if c.account(a); c.bad || len(c.text) > 0 {
		return nil, errUnreadable
	}
	return a, nil
}

func (c *coder) account(a *account) {
	c.time(&a.at, 0)
	c.epoch = c.milliseconds(a.at)
	c.core(&a.core)
	n := c.list(len(a.members))
	if c.reading {
		a.members = make([]entry, 0, min(n, 64))
	}
	for i := 0; i < n && !c.bad; i++ {
		if c.reading {
			a.members = append(a.members, entry{})
		}
		e := &a.members[i]
		c.name(&e.name)
		number(c, &e.out)
		number(c, &e.spare)
		c.flag(&e.wants)
		c.flag(&e.gone)
		c.time(&e.seen, c.epoch)
		number(c, &e.batch)
	}
}

func (c *coder) core(k *core) {
	number(c, &k.seq)
	number(c, &k.returned)
	number(c, &k.flying)
	number(c, &k.lost)
	c.flag(&k.unsure)
	number(c, &k.unsureSeq)
	c.hour(&k.hour)
	c.burst(&k.burst)
	c.others(&k.others)
}

func (c *coder) hour(h *hour) {
	number(c, &h.limit)
	c.flag(&h.limitTold)
	c.time(&h.end, c.epoch)
	h.start = h.end - time.Hour
	c.flag(&h.endTold)
	c.time(&h.closed, c.epoch)
	number(c, &h.left)
	number(c, &h.leftSeq)
	c.time(&h.toldAt, c.epoch)
	c.flag(&h.told)
	number(c, &h.own)
	number(c, &h.seq)
	c.flag(&h.first)
	number(c, &h.before)
	number(c, &h.foreign)
	c.flag(&h.stranger)
	number(c, &h.late)
	n := c.list(len(h.misses))
	for i := 0; i < n && !c.bad; i++ {
		if c.reading {
			h.misses = append(h.misses, missed{})
		}
		number(c, &h.misses[i].seq)
		number(c, &h.misses[i].calls)
	}
}

func (c *coder) burst(b *burst) {
	number(c, &b.limit)
	c.flag(&b.limitTold)
	c.time(&b.closed, c.epoch)
	number(c, &b.noticed)
	gone := b.forgettable()
	n := c.list(len(b.places) - gone)
	if c.reading {
		b.places = make([]taken, 0, min(n, 1024))
	}
	before := c.epoch
	for i := gone; i < gone+n && !c.bad; i++ {
		if c.reading {
			b.places = append(b.places, taken{})
		}
		p := &b.places[i]
		c.time(&p.free, before)
		before = c.milliseconds(p.free)
		number(c, &p.own)
		number(c, &p.foreign)
	}
}

func (c *coder) others(o *others) {
	number(c, &o.calls)
	c.flag(&o.suspect)
	c.flag(&o.judged)
	number(c, &o.jump)
	number(c, &o.past)
	c.float(&o.rate)
	c.float(&o.pastRate)
	number(c, &o.latency)
	number(c, &o.excused)
	number(c, &o.upto)
	number(c, &o.before)
	number(c, &o.older)
	n := c.list(len(o.marks))
	if c.reading {
		o.marks = make([]mark, 0, min(n, 1024))
	}
	before, used := c.epoch, 0
	for i := 0; i < n && !c.bad; i++ {
		if c.reading {
			o.marks = append(o.marks, mark{})
		}
		m := &o.marks[i]
		d := m.used - used
		number(c, &d)
		m.used = used + d
		used = m.used
		c.time(&m.at, before)
		before = c.milliseconds(m.at)
	}
}

// milliseconds is when that is since 1970. A part of one counts as one, so that
// nothing ends too early.
func (c *coder) milliseconds(d time.Duration) int64 {
	t := c.unix + int64(d)
	ms := t / int64(time.Millisecond)
	if t%int64(time.Millisecond) > 0 {
		ms++
	}
	return ms
}

// time codes a time by what it is after another.
func (c *coder) time(d *time.Duration, after int64) {
	var ms int64
	if !c.reading {
		ms = c.milliseconds(*d) - after
	}
	number(c, &ms)
	const most = math.MaxInt64 / int64(time.Millisecond) / 2 // a century and more
	if ms += after; ms < -most || ms > most {
		c.bad = true
		return
	}
	if c.reading {
		*d = time.Duration(ms*int64(time.Millisecond) - c.unix)
	}
}

// number codes a number. None is so large that a few of them overflow.
func number[T ~int | ~int64 | ~uint64](c *coder, n *T) {
	if !c.reading {
		c.text = strconv.AppendInt(append(c.text, ' '), int64(*n), 10)
		return
	}
	if len(c.text) == 0 || c.text[0] != ' ' {
		c.bad = true
		return
	}
	i, negative := 1, false
	if i < len(c.text) && c.text[i] == '-' {
		i, negative = i+1, true
	}
	first, v := i, int64(0)
	for ; i < len(c.text) && '0' <= c.text[i] && c.text[i] <= '9'; i++ {
		v = 10*v + int64(c.text[i]-'0')
		if v > 1<<56 {
			c.bad = true
			return
		}
	}
	if i == first {
		c.bad = true
		return
	}
	if negative {
		v = -v
	}
	c.text = c.text[i:]
	*n = T(v)
}

// flag codes yes or no.
func (c *coder) flag(b *bool) {
	n := 0
	if *b {
		n = 1
	}
	number(c, &n)
	*b = n != 0
}

// float codes a number to a millionth.
func (c *coder) float(f *float64) {
	const parts = 1e6
	n := int64(math.Round(*f * parts))
	number(c, &n)
	*f = float64(n) / parts
}

// list codes a list's length.
func (c *coder) list(n int) int {
	number(c, &n)
	if n < 0 || n > manyListed {
		c.bad = true
		return 0
	}
	return n
}

// name codes a name.
func (c *coder) name(s *string) {
	if !c.reading {
		c.text = strconv.AppendQuote(append(c.text, ' '), *s)
		return
	}
	if len(c.text) == 0 || c.text[0] != ' ' {
		c.bad = true
		return
	}
	quoted, err := strconv.QuotedPrefix(string(c.text[1:]))
	if err == nil {
		*s, err = strconv.Unquote(quoted)
	}
	if err != nil {
		c.bad = true
		return
	}
	c.text = c.text[1+len(quoted):]
}
