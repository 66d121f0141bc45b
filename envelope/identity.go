package envelope

import (
	"cmp"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"

	"batchsend/reminders"
)

// Identity says which envelope a file means. All of it follows from the file,
// the account, the batch and the template's ID: what the template holds, or
// flags and the account add, is never part of it, so that an edited template or
// another flag makes no other envelope.
type Identity struct {
	Account    string // the account's GUID
	Batch      string
	Label      string // the cell of the envelope column, or ""
	TemplateID string

	TransactionID TransactionID
	Content       Content
	// People is a digest of the recipients' addresses, whatever their roles, and
	// Names one of their roles and names. They find envelopes that have the same
	// recipients and say something else.
	People, Names Digest

	// Replaces is the envelope of the ledger that was never sent and whose row
	// says this now; zero if there is none.
	Replaces TransactionID
	// Legacy is what an earlier release called the envelope; nil if nobody asked
	// for it ([Checker].Legacy).
	Legacy *Legacy
}

// namespace sets our transaction IDs apart from all other UUIDv5.
var namespace = uuid.MustParse("6f3c1a52-8d0e-5b7f-9a44-2f6f0c1b7e10")

// Content is a digest of the template's ID and all that the file says about an
// envelope, but for access codes: a digest of one could be guessed. Equal
// contents are the same envelope written twice.
//
// How something is written does not count: the order of rows and columns, case
// and surrounding space of addresses, runs of blanks, the Unicode form of
// accents, case and spaces in the names of columns.
type Content [16]byte

// String returns the digest in hexadecimal.
func (c Content) String() string { return hex.EncodeToString(c[:]) }

// Digest stands for values that are compared and not shown.
type Digest [16]byte

// Scheme numbers the way in which transaction IDs and contents are made.
// [Legacy] is scheme 1.
const Scheme = 2

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

// sum returns the digest of what was added, and forgets it.
func (d *digest) sum() (out Digest) {
	sum := sha256.Sum256(d.buf)
	copy(out[:], sum[:])
	d.buf = d.buf[:0]
	return out
}

// participant is a recipient as it counts for the identity.
type participant struct {
	given   *RecipientRow
	role    string // as the file names it, loosely; "" in a bare file
	address string
	name    string
	// order tells apart recipients whose roles have the same name: there the
	// routing order decides who gets what.
	order string
}

// identify works out the draft's identity from its rows.
func (d *Draft) identify(account string, s *Scratch) {
	id := &d.Identity
	*id = Identity{Account: account, Batch: d.In.Batch, Label: d.Label, TemplateID: d.TemplateID}
	s.participants = d.participants(s.participants[:0], s)
	g := &s.digest
	g.buf = g.buf[:0]
	for _, p := range s.participants {
		g.add(p.role, p.name)
	}
	id.Names = g.sum()
	s.addresses = s.addresses[:0]
	for _, p := range s.participants {
		s.addresses = append(s.addresses, p.address)
	}
	id.People = g.people(s.addresses)
	id.Content = d.contentOf(g, s.participants)
	id.TransactionID = transactionID(g, s.named, id)
}

// PeopleOf returns the digest of recipients' addresses that [Identity].People
// is.
func PeopleOf(addresses []string) Digest {
	normal := make([]string, len(addresses))
	for i, a := range addresses {
		normal[i] = NormalAddress(a)
	}
	return new(digest).people(normal)
}

// people sorts normal addresses and returns their digest.
func (d *digest) people(addresses []string) Digest {
	slices.Sort(addresses)
	d.buf = d.buf[:0]
	d.add(addresses...)
	return d.sum()
}

// participants appends the draft's recipients in an order that does not depend
// on that of its rows.
func (d *Draft) participants(all []participant, s *Scratch) []participant {
	for i := range d.Recipients {
		p := &d.Recipients[i]
		role := p.columns.loose
		if d.In.Form == Long {
			role = s.looseRole(p.Row.cell(p.columns.roleName))
		}
		all = append(all, participant{given: p, role: role, address: NormalAddress(p.Email()), name: spelledName(p.Name())})
	}
	for i := range all {
		for j := range all {
			if i != j && all[i].role == all[j].role && d.In.Form == Long {
				all[i].order = all[i].given.Row.cell(all[i].given.columns.roleName) + " " + all[i].given.Row.cell(all[i].given.columns.order)
			}
		}
	}
	slices.SortFunc(all, func(a, b participant) int {
		if a.role != b.role { // so it is mostly
			return strings.Compare(a.role, b.role)
		}
		return cmp.Or(strings.Compare(a.order, b.order), strings.Compare(a.address, b.address), strings.Compare(a.name, b.name))
	})
	return all
}

// contentOf digests what the rows say.
func (d *Draft) contentOf(g *digest, participants []participant) Content {
	g.buf = g.buf[:0]
	g.add("content", strings.ToLower(d.TemplateID))
	for i, column := range valueColumns {
		if value := d.given.value(i); value != "" && i != valueTemplate {
			g.add(column, spelledValue(column, value))
		}
	}
	l := d.In.layout
	for _, i := range l.fieldOrder {
		if value := d.given.field(i); value != "" {
			g.add("field", l.fields[i].loose, spelled(value))
		}
	}
	for _, p := range participants {
		columns, row := p.given.columns, p.given.Row
		g.add("recipient", p.role, p.order, p.address, p.name, spelled(row.cell(columns.note)), spelledPhone(row.cell(columns.phone)))
		for _, i := range columns.tabOrder {
			if value := row.cell(columns.tabs[i].column); value != "" {
				g.add("tab", columns.tabs[i].loose, spelled(value))
			}
		}
	}
	return Content(g.sum())
}

// transactionID returns the UUIDv5 of an identity. named is what its name begins with:
// scheme, account, template and batch.
func transactionID(g *digest, named []byte, id *Identity) TransactionID {
	g.buf = append(append(g.buf[:0], named...), 0)
	g.buf = append(append(g.buf, id.Label...), 0)
	g.buf = hex.AppendEncode(g.buf, id.Content[:])
	return TransactionID(version5(g.buf))
}

// version5 does what [uuid.NewSHA1] does with a namespace and a name that stand
// one after the other, without its allocations.
func version5(named []byte) uuid.UUID {
	sum := sha1.Sum(named)
	id := uuid.UUID(sum[:16])
	id[6] = id[6]&0x0f | 0x50 // version 5
	id[8] = id[8]&0x3f | 0x80 // RFC 9562
	return id
}

// spelled returns a text as it counts for the identity: in Unicode NFC, with
// one space for each run of blanks. Line ends stay.
func spelled(text string) string {
	if plainAndSingleSpaced(text) || singleSpaced(text) && norm.NFC.IsNormalString(text) {
		return text
	}
	lines := strings.Split(strings.ReplaceAll(norm.NFC.String(text), "\r\n", "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.Join(strings.Fields(line), " ")
	}
	return strings.Join(lines, "\n")
}

// spelledName is [spelled] for a name as it is sent.
func spelledName(name string) string {
	if plainAndSingleSpaced(name) {
		return name
	}
	return spelled(cleanName(name))
}

// plainAndSingleSpaced reports whether a text is printable ASCII without two spaces
// together, as most are.
func plainAndSingleSpaced(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == ' ' && i > 0 && text[i-1] == ' ' {
			return false
		}
	}
	return true
}

// singleSpaced reports whether a text is one line in which single spaces are the
// only blanks, and stand between words.
func singleSpaced(text string) bool {
	previous := ' '
	for _, r := range text {
		if unicode.IsSpace(r) && (r != ' ' || previous == ' ') {
			return false
		}
		previous = r
	}
	return previous != ' '
}

// spelledValue is [spelled] for a column of the envelope. Of a number only the
// value counts.
func spelledValue(column, text string) string {
	switch column {
	case colDelay, colFrequency, colExpire, colWarn:
		if n, err := reminders.Parse(reminders.Field(column), text); err == nil {
			return strconv.Itoa(int(n))
		}
	}
	return spelled(text)
}

// spelledPhone is [spelled] for a phone number.
func spelledPhone(text string) string {
	if text == "" {
		return ""
	}
	if phone, err := ParsePhone(text); err == nil {
		return "+" + phone.CountryCode + " " + phone.Number
	}
	return spelled(text)
}
