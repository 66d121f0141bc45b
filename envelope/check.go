package envelope

import (
	"errors"
	"slices"

	"batchsend/reminders"
	"batchsend/template"
)

// Source is a template as the checker needs it.
type Source struct {
	Template *template.Template
	// Base is what applies to an envelope that overrides nothing.
	Base reminders.Settings
	// Err says why the template cannot be used; then the rest is empty.
	Err error
}

// Checker turns drafts into envelopes. Checking changes none of its fields,
// and one Checker may check several lists of drafts at once.
type Checker struct {
	Account         string             // the account's GUID
	Sources         map[string]*Source // by template ID
	DefaultTemplate string             // for rows that name none; "" none
	Rules           Rules              // the account's
	Defaults        reminders.Plan     // for rows that say nothing of their own
	AllowSamePerson bool               // one address at different routing orders
	// AllowRepeat lets an envelope pass that stands in the files twice, if its
	// labels differ.
	AllowRepeat bool
	// Legacy asks for what an earlier release called the envelopes, which costs
	// time and matters only where a ledger has entries of one.
	Legacy bool

	// Each calls do(0) to do(n-1), in any order and several at once if it
	// likes, and returns when all have. Each call checks some hundred drafts.
	// Nil calls them one after the other.
	Each func(n int, do func(i int))
}

// TemplateIDs lists the templates that drafts ask for, each once, in the order
// in which they come up.
func (c *Checker) TemplateIDs(drafts []*Draft) []string {
	var ids []string
	seen := map[string]bool{"": true}
	for _, d := range drafts {
		if id := c.templateID(d); !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids
}

func (c *Checker) templateID(d *Draft) string {
	if id := d.value(colTemplate); id != "" {
		return id
	}
	return templateID(c.DefaultTemplate)
}

// share is how many drafts one call of [Checker.Each]'s do checks.
const share = 256

// Check checks every draft wholly, so that one run shows all problems, and
// returns warnings: what is odd and yet will be sent. Of envelopes that stand
// there twice it rejects all but the first. Checking again forgets what the
// last check found.
func (c *Checker) Check(drafts []*Draft) []Problem {
	warnings := c.fitAll(drafts)
	each := c.Each
	if each == nil {
		each = inTurn
	}
	each((len(drafts)+share-1)/share, func(i int) {
		var s scratch
		for _, d := range drafts[i*share : min((i+1)*share, len(drafts))] {
			c.draft(d, &s)
		}
	})
	repeats := c.rejectRepeats(drafts)
	return slices.Concat(warnings, unsignable(drafts), repeats)
}

func inTurn(n int, do func(i int)) {
	for i := range n {
		do(i)
	}
}

// scratch is room that checking one draft leaves to the next.
type scratch struct {
	roles     []*template.Role
	strays    []*Part
	addresses []string
	given     []Field
	digest    digest

	participants []participant
	looseRoles   map[string]string // by how the file names them

	envelopes  room[Envelope]
	recipients room[Recipient]
	tabs       room[Tab]
	fields     room[Field]
}

// looseRole returns [template.Loose] of a role's name, of which a file has few.
func (s *scratch) looseRole(name string) string {
	loose, ok := s.looseRoles[name]
	if !ok {
		if s.looseRoles == nil {
			s.looseRoles = map[string]string{}
		}
		loose = template.Loose(name)
		s.looseRoles[name] = loose
	}
	return loose
}

// draft checks one draft by itself.
func (c *Checker) draft(d *Draft, s *scratch) {
	d.Problems, d.Envelope, d.blank = slices.Clone(d.read), nil, d.blank[:0]
	d.Identity, d.Repeats = Identity{}, ""
	defer d.sort()
	if !d.malformed && d.TemplateID != "" {
		d.identify(c.Account, s)
	}
	if d.unreadable() {
		return // a malformed row: its problem is known, the rest is not
	}
	if d.fit.err != nil {
		row, column := d.place(colTemplate)
		d.reject(row, column, TemplateUnknown, "%v", d.fit.err)
		return
	}
	d.Problems = append(d.Problems, d.fit.problems...)
	env := s.envelopes.one()
	*env = Envelope{
		Identity: d.Identity, Position: d.Position(), Subject: d.value(colSubject), Blurb: d.value(colBlurb),
		Recipients: s.recipients.take(len(d.Parts)), OnlySingly: d.fit.onlySingly,
	}
	d.matchRoles(s)
	s.addresses = s.addresses[:0]
	for i, role := range s.roles {
		d.recipient(&env.Recipients[i], &d.Parts[i], role, s)
		s.addresses = append(s.addresses, NormalAddress(env.Recipients[i].Email))
	}
	d.checkMissing(s)
	d.checkCount()
	c.checkSamePerson(d, env, s)
	d.checkPhones(env, s)
	d.customFields(env, s)
	d.checkTexts(env, s)
	d.checkWanted(s)
	own := c.notify(d, env)
	if len(d.Problems) > 0 {
		return
	}
	if c.Legacy {
		env.Legacy = s.digest.legacyOf(env, s.addresses, own, s.given)
	}
	d.Envelope = env
}

// unreadable reports whether none of the rows can be read.
func (d *Draft) unreadable() bool {
	if !d.malformed {
		return false
	}
	for i := range d.Parts {
		if d.Parts[i].place != nil {
			return false
		}
	}
	return true
}

// notify settles reminders and expiration and returns what the rows
// themselves said of them.
func (c *Checker) notify(d *Draft, env *Envelope) reminders.Plan {
	var own reminders.Plan
	bad := false
	for _, f := range [...]struct {
		field reminders.Field
		to    *reminders.Days
	}{
		{reminders.Delay, &own.Delay},
		{reminders.Frequency, &own.Frequency},
		{reminders.Expire, &own.Expire},
		{reminders.Warn, &own.Warn},
	} {
		text := d.value(string(f.field))
		if text == "" {
			continue
		}
		n, err := reminders.Parse(f.field, text)
		if err != nil {
			bad = true
			row, column := d.place(string(f.field))
			d.reject(row, column, reminderCode(f.field), "%v", err)
		}
		*f.to = n
	}
	env.Applies = d.fit.source.Base
	plan := own.Or(c.Defaults)
	if bad || plan.IsZero() {
		return own
	}
	settings, err := plan.Resolve(d.fit.source.Base)
	if conflict, ok := errors.AsType[*reminders.ConflictError](err); ok {
		row, column := d.place(string(conflict.Field))
		if column == "" { // not this number, so the other is what the row gives
			row, column = d.place(string(conflict.Other))
		}
		d.reject(row, column, reminderCode(conflict.Field), "%v", err)
	}
	env.Applies = settings
	env.Notification = &env.Applies
	return own
}

func reminderCode(f reminders.Field) Code {
	if f == reminders.Delay || f == reminders.Frequency {
		return ReminderInvalid
	}
	return ExpirationInvalid
}
