package envelope

import (
	"cmp"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"batchsend/reminders"
)

// Legacy is what releases up to the first called an envelope (scheme 1). They
// took the content from the checked envelope, so that it depends on the
// template, and named a labelled envelope without regard to its content. What
// they sent is found by it, and nothing new is named so.
type Legacy struct {
	TransactionID TransactionID
	Content       Content
}

// UseLegacy names the envelope as the earlier release did, whose entry of the
// ledger it is.
func (id *Identity) UseLegacy() {
	id.TransactionID, id.Content = id.Legacy.TransactionID, id.Legacy.Content
}

// IsLegacy reports whether the envelope goes by its legacy name.
func (id *Identity) IsLegacy() bool {
	return id.Legacy != nil && id.TransactionID == id.Legacy.TransactionID
}

// legacyOf returns what an earlier release called env, of which the file itself
// gave own for reminders and given for custom fields. rows are the recipients, whose
// names that release sent as the file has them, and addresses their normal addresses.
func (d *digest) legacyOf(env *Envelope, rows []RecipientRow, addresses []string, own reminders.Plan, given []Field) *Legacy {
	l := &Legacy{Content: d.legacyContent(env, rows, addresses, own, given)}
	d.buf = append(d.buf[:0], namespace[:]...)
	d.buf = append(d.buf, strings.ToLower(env.Account)+"\x00"+strings.ToLower(env.TemplateID)+"\x00"+env.Batch...)
	if env.Label != "" {
		d.buf = append(d.buf, "\x00label\x00"+env.Label...)
	} else {
		d.buf = append(d.buf, "\x00content\x00"...)
		d.buf = hex.AppendEncode(d.buf, l.Content[:])
	}
	l.TransactionID = TransactionID(version5(d.buf))
	return l
}

func (d *digest) legacyContent(env *Envelope, rows []RecipientRow, addresses []string, own reminders.Plan, given []Field) Content {
	d.buf = d.buf[:0]
	d.add(env.TemplateID, env.Subject, env.Blurb)
	for _, n := range [...]reminders.Days{own.Delay, own.Frequency, own.Expire, own.Warn} {
		d.add(strconv.Itoa(int(n)))
	}
	slices.SortFunc(given, func(a, b Field) int { return cmp.Compare(a.Name, b.Name) })
	for _, f := range given {
		d.add("field", f.Name, f.Value)
	}
	for _, i := range d.inOrder(env) {
		r := &env.Recipients[i]
		d.add("role", r.Role, strconv.Itoa(r.RoutingOrder), addresses[i], norm.NFC.String(rows[i].Name()), r.Note, r.AccessCode, r.Phone.CountryCode, r.Phone.Number)
		for _, t := range r.Tabs {
			d.add("tab", string(t.Type), t.Label, t.Value)
		}
	}
	return Content(d.sum())
}

// inOrder returns the indices of env's recipients by routing order and role.
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
