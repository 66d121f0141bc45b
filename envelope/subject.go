package envelope

import (
	"cmp"
	"slices"
	"strings"

	"batchsend/template"
)

// maxSubject is how long a subject may be with its merge fields filled in.
// DocuSign: emailSubject.
const maxSubject = 100

// maxBlurb is how long a message may be. DocuSign: emailBlurb.
const maxBlurb = 10_000

// checkTexts holds the envelope's own texts against DocuSign's limits. The
// subject counts with its merge fields filled in.
func (d *Draft) checkTexts(env *Envelope, s *Scratch) {
	t := d.fit.source.Template
	if env.Blurb != "" {
		row, column := d.givenOn(valueBlurb)
		d.checkText(row, column, TextInvalid, env.Blurb, maxBlurb)
		if t.MessageLocked && env.Blurb != t.Blurb {
			d.reject(row, column, TextInvalid, "template %q keeps senders from changing the message (messageLock): DocuSign would mail the template's, or refuse the envelope; leave the cell empty, or unlock it in the template", t.Name)
		}
	}
	if blurb := cmp.Or(env.Blurb, t.Blurb); strings.Contains(blurb, mergeOpen) {
		if full, _ := expand(blurb, env, t); full != blurb {
			env.MergedBlurb = full
			if n := template.Length(full); n > maxBlurb && template.Length(blurb) <= maxBlurb {
				row, column := d.givenOn(valueBlurb)
				d.reject(row, column, TooLong, "the message is %d characters long with its merge fields filled in: DocuSign takes %d and refuses the envelope otherwise", n, maxBlurb)
			}
		}
	}
	if t.MessageLocked && env.Subject != "" && t.Subject != "" && env.Subject != t.Subject {
		row, column := d.givenOn(valueSubject)
		d.reject(row, column, TextInvalid, "template %q keeps senders from changing the subject (messageLock): DocuSign would mail the template's, or refuse the envelope; leave the cell empty, or unlock it in the template", t.Name)
	}
	if env.Subject != "" {
		row, column := d.givenOn(valueSubject)
		if why := d.checkValue(row, column, TextInvalid, env.Subject); why != "" {
			d.reject(row, column, TextInvalid, "%s", why)
			return
		}
	}
	subject := cmp.Or(env.Subject, t.Subject)
	if plain(subject) && len(subject) <= maxSubject && subject != "" && !strings.Contains(subject, mergeOpen) {
		return // so it is nearly always
	}
	row, column := d.givenOn(valueSubject)
	if strings.TrimSpace(subject) == "" {
		d.reject(row, column, TextInvalid, "neither the row nor template %q gives a subject: DocuSign would refuse the envelope; fill a column %q", t.Name, colSubject)
		return
	}
	if what := unprintable(subject, ""); what != "" {
		d.reject(row, column, TextInvalid, "the subject holds %s: a subject is one line of plain text", what)
	}
	full, unknown := expand(subject, env, t)
	if full != subject {
		env.MergedSubject = full
	}
	if unknown != "" && env.Subject != "" {
		d.reject(row, column, TextInvalid, "the subject's merge field %q names neither a role nor a custom field of template %q%s: DocuSign would mail it as it stands",
			unknown, t.Name, nearestMerge(unknown, t))
	}
	if invisible(full) && !slices.Contains(s.roles, nil) {
		d.reject(row, column, TextInvalid, "nothing of the subject %q can be seen once its merge fields are filled in: DocuSign would refuse the envelope", subject)
	}
	if n := template.Length(full); n > maxSubject && !slices.Contains(s.roles, nil) {
		filled := ""
		if full != subject {
			filled = " with its merge fields filled in"
		}
		d.reject(row, column, TooLong, "the subject %q is %d characters long%s: DocuSign takes %d and refuses the envelope otherwise", full, n, filled, maxSubject)
	}
}

// The merge fields of a subject: [[Role_UserName]], [[Role_Email]] and
// [[ECF:field]]. Source: DocuSign "Create a Template with Merge Fields".
const (
	mergeOpen, mergeClose = "[[", "]]"
	mergeName, mergeEmail = "_UserName", "_Email"
	mergeField            = "ECF:"
)

// expand fills in a subject's merge fields. unknown is the first that is of a
// kind we know and names nothing of the template's.
func expand(subject string, env *Envelope, t *template.Template) (full, unknown string) {
	var b strings.Builder
	for {
		before, rest, open := strings.Cut(subject, mergeOpen)
		b.WriteString(before)
		if !open {
			return b.String(), unknown
		}
		name, after, closed := strings.Cut(rest, mergeClose)
		if !closed {
			b.WriteString(mergeOpen + rest)
			return b.String(), unknown
		}
		value, ours, found := merge(name, env, t)
		if !found {
			value = mergeOpen + name + mergeClose
			if ours && unknown == "" {
				unknown = value
			}
		}
		b.WriteString(value)
		subject = after
	}
}

// merge returns what a merge field stands for. ours is set if it is of a kind
// that names something of the template's.
func merge(name string, env *Envelope, t *template.Template) (value string, ours, found bool) {
	if field, ok := strings.CutPrefix(name, mergeField); ok {
		i := slices.IndexFunc(env.Fields, func(f Field) bool { return f.Name == field })
		if i < 0 {
			return "", true, false
		}
		return env.Fields[i].Value, true, true
	}
	role, isName := strings.CutSuffix(name, mergeName)
	if !isName {
		var isEmail bool
		if role, isEmail = strings.CutSuffix(name, mergeEmail); !isEmail {
			return "", false, false
		}
	}
	text := func(name, email string) string {
		if isName {
			return name
		}
		return email
	}
	// Of several roles of one name DocuSign fills in whichever it comes upon: the
	// longest must fit.
	longest := func(other string) {
		if template.Length(other) > template.Length(value) {
			value = other
		}
	}
	for i := range t.Roles {
		r := &t.Roles[i]
		if r.Name != role {
			continue
		}
		found = true
		if !r.Placeholder() { // else a row says who
			longest(text(r.Person.Name, r.Person.Email))
		}
	}
	for i := range env.Recipients {
		if r := &env.Recipients[i]; r.Role == role {
			longest(text(r.Name, r.Email))
		}
	}
	return value, true, found
}

// nearestMerge names the merge field that was likely meant.
func nearestMerge(unknown string, t *template.Template) string {
	var known []string
	for i := range t.Roles {
		known = append(known, mergeOpen+t.Roles[i].Name+mergeName+mergeClose, mergeOpen+t.Roles[i].Name+mergeEmail+mergeClose)
	}
	for i := range t.Fields {
		known = append(known, mergeOpen+mergeField+t.Fields[i].Name+mergeClose)
	}
	if i := template.Nearest(unknown, known); i >= 0 {
		return " (did you mean " + known[i] + "?)"
	}
	return ""
}
