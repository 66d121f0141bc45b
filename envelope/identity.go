package envelope

import (
	"cmp"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"hash/maphash"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"

	"batchsend/reminders"
)

// TransactionID is our name for an envelope at DocuSign, which can be asked
// for it during seven days. It is a UUIDv5 of the envelope's identity, the same
// in every attempt and every run, so that a lost answer can be looked up.
type TransactionID string

// namespace sets our transaction IDs apart from all other UUIDv5.
var namespace = uuid.MustParse("6f3c1a52-8d0e-5b7f-9a44-2f6f0c1b7e10")

// Content is a digest of all that the file says about an envelope: template,
// recipients, values. Equal contents are the same envelope written twice.
//
// What flags add (reminders for rows that have none) does not count: running a
// file again with another flag must not look like another file. The order of
// rows and columns does not count either, nor case and surrounding space of an
// address.
type Content [16]byte

// String returns the digest in hexadecimal.
func (c Content) String() string { return hex.EncodeToString(c[:]) }

// digest gathers the values that are to be hashed, so that no two lists of
// them look alike: each with its length before it.
type digest struct {
	buf   []byte
	order []int // of recipients
}

func (d *digest) add(values ...string) {
	for _, v := range values {
		if len(v) < 10 {
			d.buf = append(d.buf, '0'+byte(len(v)), ':')
		} else {
			d.buf = append(strconv.AppendInt(d.buf, int64(len(v)), 10), ':')
		}
		d.buf = append(d.buf, v...)
	}
}

func (d *digest) addInt(n int) {
	if n >= 0 && n < 10 {
		d.buf = append(d.buf, '1', ':', '0'+byte(n))
		return
	}
	d.add(strconv.Itoa(n))
}

// contentOf digests env, of which the file itself gave own for reminders and
// given for custom fields. addresses are the recipients' normal addresses.
func (d *digest) contentOf(env *Envelope, addresses []string, own reminders.Plan, given []Field) (c Content) {
	d.buf = d.buf[:0]
	d.add(env.TemplateID, env.Subject, env.Blurb)
	for _, n := range [...]reminders.Days{own.Delay, own.Frequency, own.Expire, own.Warn} {
		d.addInt(int(n))
	}
	slices.SortFunc(given, func(a, b Field) int { return cmp.Compare(a.Name, b.Name) })
	for _, f := range given {
		d.add("field", f.Name, f.Value)
	}
	for _, i := range d.inOrder(env) {
		r := &env.Recipients[i]
		d.add("role", r.Role)
		d.addInt(r.RoutingOrder)
		d.add(addresses[i], composed(r.Name), r.Note, r.AccessCode, r.Phone.CountryCode, r.Phone.Number)
		for _, t := range r.Tabs {
			d.add("tab", string(t.Type), t.Label, t.Value)
		}
	}
	sum := sha256.Sum256(d.buf)
	copy(c[:], sum[:])
	return c
}

// peopleOf hashes whom env goes to, whatever it says to them.
func (d *digest) peopleOf(env *Envelope, addresses []string) uint64 {
	d.buf = d.buf[:0]
	d.add(env.TemplateID)
	for _, i := range d.inOrder(env) {
		d.add(env.Recipients[i].Role, addresses[i])
		d.addInt(env.Recipients[i].RoutingOrder)
	}
	return maphash.Bytes(peopleSeed, d.buf)
}

// peopleSeed is this run's alone: what it hashes is not kept.
var peopleSeed = maphash.MakeSeed()

// inOrder returns the indices of env's recipients in an order that does not
// depend on that of the rows.
func (d *digest) inOrder(env *Envelope) []int {
	d.order = d.order[:0]
	for i := range env.Recipients {
		d.order = append(d.order, i)
	}
	slices.SortFunc(d.order, func(i, j int) int {
		a, b := &env.Recipients[i], &env.Recipients[j]
		return cmp.Or(cmp.Compare(a.RoutingOrder, b.RoutingOrder), cmp.Compare(a.Role, b.Role))
	})
	return d.order
}

// composed returns a name in Unicode NFC, so that how its accents are typed
// does not count.
func composed(name string) string {
	if plain(name) {
		return name
	}
	return norm.NFC.String(name)
}

// identityPrefix is what the identities of all envelopes of account and
// template in a batch begin with.
func identityPrefix(account, templateID, batch string) string {
	return string(namespace[:]) + strings.ToLower(account) + "\x00" + strings.ToLower(templateID) + "\x00" + batch
}

// identify names the envelope among those of one [identityPrefix]. The cell of
// the envelope column tells it from the others; without one its content does.
func (d *digest) identify(prefix, label string, content Content) TransactionID {
	d.buf = append(d.buf[:0], prefix...)
	if label != "" {
		d.buf = append(d.buf, "\x00label\x00"...)
		d.buf = append(d.buf, label...)
	} else {
		d.buf = append(d.buf, "\x00content\x00"...)
		d.buf = hex.AppendEncode(d.buf, content[:])
	}
	sum := sha1.Sum(d.buf) // what uuid.NewSHA1 does, without its allocations
	id := uuid.UUID(sum[:16])
	id[6] = id[6]&0x0f | 0x50 // version 5
	id[8] = id[8]&0x3f | 0x80 // RFC 9562
	return TransactionID(id.String())
}
