package envelope

import (
	"errors"
	"slices"
	"strings"

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

// Checker turns drafts into envelopes. [Checker.Prepare] comes first; after it
// several goroutines may check drafts at once, each with a [Scratch] of its own.
type Checker struct {
	Account         string             // the account's GUID
	Sources         map[string]*Source // by template ID
	DefaultTemplate string             // for rows that name none; "" none
	Rules           Rules              // the account's
	Defaults        reminders.Plan     // for rows that say nothing of their own
	AllowSamePerson bool               // one address at different routing orders
	// Legacy asks for what an earlier release called the envelopes, which costs
	// time and matters only where a ledger has entries of one.
	Legacy bool

	fits      map[fitKey]*fit
	suggested map[*Input]Mapping
}

// TemplateOf returns the ID of the template that a draft wants, "" if none is
// named.
func (c *Checker) TemplateOf(d *Draft) string {
	if id := d.template(); id != "" {
		return id
	}
	return templateID(c.DefaultTemplate)
}

// Scratch is memory that checking one draft leaves to the next. The zero value is
// ready.
type Scratch struct {
	roles        []*template.Role
	strays       []*RecipientRow
	addresses    []string
	given        []Field
	digest       digest
	participants []participant
	looseRoles   map[string]string // by how the file names them

	columns columnDecoder
	last    fitKey // of the last draft
	fit     *fit   // for last
	named   []byte // with what all transaction IDs for last begin
}

// looseRole returns [template.Loose] of a role's name, of which a file has few.
func (s *Scratch) looseRole(name string) string {
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

// find sets the draft's template and how its file meets that.
func (c *Checker) find(d *Draft, templateID string, s *Scratch) {
	d.TemplateID = templateID
	if key := (fitKey{d.In, d.TemplateID}); s.fit == nil || key != s.last {
		s.last, s.fit = key, c.fits[key]
		if s.fit == nil {
			s.fit = unread(d.TemplateID)
		}
		s.named = append(append(s.named[:0], namespace[:]...), '0'+Scheme)
		for _, part := range [...]string{strings.ToLower(c.Account), strings.ToLower(d.TemplateID), d.In.Batch} {
			s.named = append(append(s.named, 0), part...)
		}
	}
	d.fit = s.fit
}

// Name gives a draft a template and its recipients the names that their roles have
// in it, as [Checker.Check] does, and checks nothing. The template is that of
// [Checker.TemplateOf] unless other rows of the envelope, which are not in the draft,
// name another.
func (c *Checker) Name(d *Draft, templateID string, s *Scratch) {
	c.find(d, templateID, s)
	if d.fit.err != nil {
		return
	}
	for i := range d.Recipients {
		if p := &d.Recipients[i]; p.columns != nil {
			if role, _ := d.match(p); role != nil {
				p.Role = role.Name
			}
		}
	}
}

// Check checks a draft wholly, so that one run shows all problems. Checking again
// forgets what the last check found.
//
// It knows nothing of other drafts: [Repeats] finds envelopes that stand in the
// files twice.
func (c *Checker) Check(d *Draft, s *Scratch) {
	d.Findings.reset()
	d.Envelope, d.blank = nil, d.blank[:0]
	d.Identity = Identity{}
	defer d.sort()
	c.find(d, c.TemplateOf(d), s)
	d.Problems = append(d.Problems, d.In.layout.problems...)
	s.columns.decode(d)
	if !d.Malformed() && d.TemplateID != "" && len(d.In.layout.problems) == 0 {
		d.identify(c.Account, s)
	}
	if d.unreadable() {
		return // a malformed row: its problem is known, the rest is not
	}
	if len(d.In.layout.unnamed) > 0 {
		d.checkUnnamed()
	}
	if d.fit.err != nil {
		row, column := d.givenOn(valueTemplate)
		d.reject(row, column, TemplateUnknown, "%v", d.fit.err)
		return
	}
	d.Problems = append(d.Problems, d.fit.problems...)
	env := &d.memory.envelope
	*env = Envelope{
		Identity: d.Identity, Position: d.Position(), Subject: d.given.value(valueSubject), Blurb: d.given.value(valueBlurb),
		Recipients: resized(env.Recipients, len(d.Recipients)), Fields: resized(env.Fields, len(d.fit.source.Template.Fields)),
		OnlySingly: d.fit.demand.onlySingly,
	}
	d.checkLabel()
	d.matchRoles(s)
	s.addresses = s.addresses[:0]
	for i, role := range s.roles {
		d.recipient(&env.Recipients[i], &d.Recipients[i], role)
		s.addresses = append(s.addresses, NormalAddress(env.Recipients[i].Email))
	}
	d.checkMissing(s)
	d.checkCount()
	c.checkSamePerson(d, env, s)
	d.checkPhones(env, s)
	d.customFields(env, s)
	d.checkTexts(env, s)
	d.checkRequired(s)
	own := c.notify(d, env)
	if len(d.Problems) > 0 {
		return
	}
	if c.Legacy {
		env.Legacy = s.digest.legacyOf(env, d.Recipients, s.addresses, own, s.given)
	}
	d.Envelope = env
}

// checkUnnamed rejects what stands in columns that have no name: nobody would see
// that it is not sent.
func (d *Draft) checkUnnamed() {
	for i := range d.Rows {
		row := &d.Rows[i]
		if row.Malformed != "" {
			continue
		}
		for _, column := range d.In.layout.unnamed {
			if text := row.cell(column); text != "" {
				d.reject(row, "", ColumnUnknown, "%q stands in column %s, which has no name in the header: name the column or clear it; nothing that stands there would be sent", Short(text), Letter(column))
			}
		}
	}
}

// CheckRows finds what is wrong with a draft's rows by themselves, whatever the
// template: rows that cannot be read, and rows of one envelope that disagree.
func CheckRows(d *Draft, s *Scratch) {
	d.Findings.reset()
	d.Envelope = nil
	s.columns.decode(d)
	d.sort()
}

// resized returns a slice of n values that are to be overwritten, in the memory of
// all if that suffices.
func resized[T any](all []T, n int) []T {
	if cap(all) < n {
		return make([]T, n)
	}
	return all[:n]
}

// unreadable reports whether none of the rows can be read.
func (d *Draft) unreadable() bool {
	if !d.Malformed() {
		return false
	}
	for i := range d.Recipients {
		if d.Recipients[i].columns != nil {
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
	for i, f := range [...]struct {
		field reminders.Field
		to    *reminders.Days
	}{
		{reminders.Delay, &own.Delay},
		{reminders.Frequency, &own.Frequency},
		{reminders.Expire, &own.Expire},
		{reminders.Warn, &own.Warn},
	} {
		text := d.given.value(valueDelay + i)
		if text == "" {
			continue
		}
		n, err := reminders.Parse(f.field, text)
		if err != nil {
			bad = true
			row, column := d.givenOn(valueDelay + i)
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
		row, column := d.givenOn(slices.Index(valueColumns[:], string(conflict.Field)))
		if column == "" { // not this number, so the other is what the row gives
			row, column = d.givenOn(slices.Index(valueColumns[:], string(conflict.Other)))
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
