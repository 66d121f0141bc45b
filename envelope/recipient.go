package envelope

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"batchsend/template"
)

// recipient checks one recipient's values and puts them in r. role is nil if
// none matched; then only what does not depend on it is checked.
func (d *Draft) recipient(r *Recipient, p *RecipientRow, role *template.Role) {
	row := p.Row
	*r = Recipient{Role: p.Role, Line: row.Line, Tabs: r.Tabs[:0]}
	if p.columns == nil {
		return
	}
	r.Name, r.Email = p.Name(), p.Email()
	r.Note, r.AccessCode = row.cell(p.columns.note), row.cell(p.columns.accessCode)
	if p.columns.name >= 0 { // else the header's problems say so
		r.Name = d.checkName(p, r.Name)
	}
	if why := badAddress(r.Email); why != "" && p.columns.email >= 0 {
		d.reject(row, d.heading(p, colEmail), EmailInvalid, "%s %s. DocuSign would refuse the envelope, or mail it to nobody", whom(p), why)
	}
	if len(r.Email) > 100 {
		d.checkLength(row, d.heading(p, colEmail), r.Email, 100)
	}
	if r.Note != "" {
		d.checkText(row, d.heading(p, colNote), TextInvalid, r.Note, 1000)
	}
	d.checkAccessCode(p, role, r.AccessCode)
	r.Phone = d.phone(p, role)
	if role == nil {
		return
	}
	r.Kind, r.RoutingOrder, r.SharedRole = role.Kind, role.RoutingOrder, d.fit.demand.shared[role]
	r.Tabs = d.tabs(r.Tabs, p, role)
}

// whom names a recipient in a message.
func whom(p *RecipientRow) string {
	if p.Role == "" {
		return "the recipient"
	}
	return fmt.Sprintf("role %q", p.Role)
}

// checkName holds a name against DocuSign's rules and against what people are
// called, and returns it as it is sent.
func (d *Draft) checkName(p *RecipientRow, name string) (sent string) {
	found := scan(name)
	p.surnameFirst = found.has(comma) && surnameFirst(name)
	if !found.has(hash|opening|query|foreign) && name != "" && len(name) <= 100 && !nobody(name) && !mayBeErr(name) {
		return name
	}
	sent = cleanName(name)
	column := d.heading(p, colName)
	if why := badName(p, name, found); why != "" {
		d.reject(p.Row, column, TextInvalid, "%s", why)
	} else if invisible(name) {
		d.reject(p.Row, column, NameMissing, "%s has no name: DocuSign would refuse the envelope or send to nobody", whom(p))
	} else {
		d.warnAboutName(p.Row, column, name, sent)
	}
	d.checkLength(p.Row, column, sent, 100)
	return sent
}

// badName says why a name that shows something is none; "" if nothing does.
func badName(p *RecipientRow, name string, found signs) string {
	if invisible(name) {
		return ""
	}
	if why := damaged(name, found); why != "" {
		return fmt.Sprintf("%s has no proper name: %s", whom(p), why)
	}
	if what := unprintable(name, ""); what != "" {
		return fmt.Sprintf("the name %q holds %s: write it on one line, in plain letters", name, what)
	}
	if mark := placeholder(name, found); mark != "" {
		return fmt.Sprintf("the name %q holds %s, a mail merge's placeholder that was not filled in: DocuSign would show it to everybody; write the name", Short(name), mark)
	}
	if !found.has(foreign) {
		return ""
	}
	if what := cmp.Or(hidden(name, true), noName(name)); what != "" {
		return fmt.Sprintf("the name %q holds %s", Short(name), what)
	}
	return ""
}

// warnAboutName warns of a name that may be none.
func (d *Draft) warnAboutName(row *Row, column, name, sent string) {
	if name != sent {
		if i, r := zeroWidth(name); i >= 0 {
			d.warn(row, column, TextInvalid, "the name %q holds an invisible sign (%U) at position %d, which is left out", name, r, i+1)
		}
	}
	switch written, meant := entity(name); {
	case nobody(name), bracketed(name):
		d.warn(row, column, TextInvalid, "%q is what programs write where there is no name: see that somebody is called so", name)
	case written != "":
		d.warn(row, column, TextInvalid, "the name %q holds %s, which web pages write for %q: DocuSign shows it as it stands", Short(name), written, meant)
	case lost(name):
		d.warn(row, column, TextInvalid, "the name %q holds a question mark where a letter may have been lost: export the file anew as UTF-8, or write the letter", Short(name))
	}
}

// warnAboutDate warns of a number in a text tab that is named for a date and to which the
// template gives no pattern.
func (d *Draft) warnAboutDate(row *Row, column string, filled []Tab, text string) {
	if len(text) < 5 || text[0] < '2' || text[0] > '7' {
		return // a day before 1954 or after 2119, or none
	}
	for i := range filled {
		if t := &filled[i]; t.Type != template.Text || !dateLike(t.Label) {
			continue
		}
		if day, ok := template.SerialDate(text); ok {
			d.warn(row, column, TabValue, "%q looks like the number as which a spreadsheet keeps %s, and is sent as it stands: format the column as text if a day is meant", text, day)
			return
		}
	}
}

// dateLike reports whether a label sounds as if days stood there.
func dateLike(label string) bool {
	for _, word := range [...]string{"date", "datum", "fecha", "birth", "geburt", "data", "dato", "day"} {
		if n := len(word); len(label) >= n && (strings.EqualFold(label[:n], word) || strings.EqualFold(label[len(label)-n:], word)) {
			return true
		}
	}
	return false
}

// checkLabel holds the cell of the envelope column against what keys hold: two that
// look alike must be alike.
func (d *Draft) checkLabel() {
	found := scan(d.Label)
	if !found.has(hash|exponent|foreign) && !mayBeErr(d.Label) {
		return
	}
	row, column := &d.Rows[0], d.In.heading(colEnvelope)
	switch {
	case damaged(d.Label, found) != "":
		d.reject(row, column, TextInvalid, "%s", damaged(d.Label, found))
	case template.Shortened(d.Label):
		d.reject(row, column, TextInvalid, "%q is a long number that a spreadsheet has shortened: digits are lost, and rows of different envelopes may look like one; format the column as text and give the values in full", d.Label)
	case !found.has(foreign):
	case hidden(d.Label, true) != "":
		d.reject(row, column, TextInvalid, "the envelope value %q holds %s", Short(d.Label), hidden(d.Label, true))
	default:
		if i, r := zeroWidth(d.Label); i >= 0 {
			d.reject(row, column, TextInvalid, "the envelope value %q holds an invisible sign (%U) at position %d, so that it looks like another one: type it anew", Short(d.Label), r, i+1)
		}
	}
}

// checkAccessCode holds an access code against DocuSign's rules. DocuSign:
// accessCode, up to 50 characters, none of < > & #.
func (d *Draft) checkAccessCode(p *RecipientRow, role *template.Role, code string) {
	if code == "" {
		if role != nil && role.NeedsAccessCode {
			d.reject(p.Row, d.heading(p, colAccessCode), AccessCodeInvalid, "role %q needs an access code: the template says that the sender must give one", role.Name)
		}
		return
	}
	column := d.heading(p, colAccessCode)
	if strings.ContainsAny(code, "<>&#") {
		d.reject(p.Row, column, AccessCodeInvalid, "an access code must not hold any of < > & #: DocuSign would refuse the envelope")
	}
	if what := unprintable(code, ""); what != "" {
		d.reject(p.Row, column, AccessCodeInvalid, "the access code holds %s, which nobody could type", what)
	}
	d.checkLength(p.Row, column, code, 50)
	if meaning := errorValue(code, scan(code)); meaning != "" {
		d.reject(p.Row, column, AccessCodeInvalid, "the access code is a spreadsheet's error: %s; mend the formula or write the code", meaning)
	}
	if lacks := d.fit.rules.AccessCode.lacks(code); lacks != "" {
		d.reject(p.Row, column, AccessCodeInvalid, "the account demands that an access code has %s: DocuSign would refuse the envelope; use another code", lacks)
	}
}

// phone reads the number to which a text message shall go as well.
func (d *Draft) phone(p *RecipientRow, role *template.Role) Phone {
	text := p.Row.cell(p.columns.phone)
	if text == "" {
		return Phone{}
	}
	phone, err := ParsePhone(text)
	if err != nil {
		err = cmp.Or(phoneDamage(text), err)
		d.reject(p.Row, d.heading(p, colPhone), PhoneInvalid, "%v", err)
	}
	column := d.heading(p, colPhone)
	switch {
	case d.fit.rules.NoText:
		d.reject(p.Row, column, PhoneInvalid, "the account cannot tell recipients by text message (SMS delivery is off): DocuSign would refuse the envelope; leave the cell empty, or have an administrator switch it on")
	case role == nil:
	case !role.Kind.TakesSMS():
		d.reject(p.Row, column, PhoneInvalid, "DocuSign sends text messages to signers, carbon copies and certified deliveries only; role %q is none of them (%s)", role.Name, role.Kind)
	case role.Check != template.NoPhoneCheck:
		d.reject(p.Row, column, PhoneInvalid, "the template has role %q prove by telephone who they are, and DocuSign does not tell the same person by text message as well: leave the cell empty", role.Name)
	}
	return phone
}

// maxPhones is how many recipients of an envelope may be told by text message.
// Source: DocuSign "SMS or WhatsApp delivery".
const maxPhones = 10

// checkPhones counts the recipients who are told by text message, by the rows
// or by the template itself.
func (d *Draft) checkPhones(env *Envelope, s *Scratch) {
	n := d.fit.demand.texted
	for i := range env.Recipients {
		if env.Recipients[i].Phone == (Phone{}) || s.roles[i] != nil && s.roles[i].Texted {
			continue
		}
		if n++; n == maxPhones+1 {
			p := &d.Recipients[i]
			d.reject(p.Row, d.heading(p, colPhone), PhoneInvalid, "DocuSign sends text messages to %d recipients of an envelope at most", maxPhones)
		}
	}
}

// tabs appends the tabs that a recipient's cells set, in the order of their labels:
// that of the columns does not count.
func (d *Draft) tabs(out []Tab, p *RecipientRow, role *template.Role) []Tab {
	columns := d.fit.tabs[p.columns.index][roleIndex(d.fit.source.Template, role)]
	for i, c := range p.columns.tabs {
		if value := p.Row.cell(c.column); value != "" {
			out = d.fill(out, p, role, c, columns[i], value)
		}
	}
	if len(out) > 1 {
		slices.SortFunc(out, func(a, b Tab) int {
			return cmp.Or(strings.Compare(a.Label, b.Label), strings.Compare(string(a.Type), string(b.Type)))
		})
	}
	return out
}

func roleIndex(t *template.Template, role *template.Role) int {
	for i := range t.Roles {
		if &t.Roles[i] == role {
			return i
		}
	}
	panic("envelope: the role is not the template's")
}

// fill appends the tabs that one cell sets, of those that its column names.
func (d *Draft) fill(out []Tab, p *RecipientRow, role *template.Role, c labelled, tabs []*template.Tab, text string) []Tab {
	column := d.In.Header[c.column]
	if len(tabs) == 0 {
		d.reject(p.Row, column, TabUnknown, "role %q has no tab %q%s DocuSign would drop the value", role.Name, c.label, nearestLabel(c.label, role.Labels()))
		return out
	}
	found := scan(text)
	if why := badValue(text, found); why != "" {
		d.reject(p.Row, column, TabValue, "tab %q of role %q: %s", tabs[0].Label, role.Name, why)
		return out
	}
	first := len(out)
	for _, tab := range tabs {
		if !tab.Type.Fillable() {
			continue
		}
		if strings.HasPrefix(tab.Label, `\*`) {
			d.reject(p.Row, column, TabValue, "tab %q of role %q bears a label that begins with \\*, by which DocuSign means all tabs whose labels end alike: rename it in the template", tab.Label, role.Name)
			return out
		}
		if i := slices.IndexFunc(out[first:], func(t Tab) bool { return t.Type == tab.Type }); i >= 0 {
			out[first+i].All, out[first+i].First = !tab.Alone(), tab.Alone()
		}
		value, err := tab.Value(text)
		if what := unprintable(text, "\n\t"); err == nil && what != "" {
			err = fmt.Errorf("the value holds %s", what)
		}
		if err != nil {
			d.reject(p.Row, column, TabValue, "tab %q of role %q: %v", tab.Label, role.Name, err)
			return out
		}
		if len(out) == first || out[len(out)-1].Type != tab.Type {
			out = append(out, Tab{Type: tab.Type, Label: tab.Label, Value: value})
		}
	}
	d.warnAboutValue(p.Row, column, TabValue, text, found)
	d.warnAboutDate(p.Row, column, out[first:], text)
	for i := range out[first:] {
		t := &out[first+i]
		if !t.All {
			continue
		}
		if other := role.AlsoFilled(t.Type, t.Label); other != nil {
			d.reject(p.Row, column, TabValue, "several tabs of role %q bear the label %q, and DocuSign, told to fill them all, would fill %q too, because it ends alike: rename one of them in the template", role.Name, t.Label, other.Label)
		}
	}
	if len(out) == first {
		d.reject(p.Row, column, TabUnknown, "tab %q of role %q is filled when its recipient signs, not by the sender: leave the column out", tabs[0].Label, role.Name)
	}
	return out
}

// nearestLabel ends a sentence with the label that was likely meant, or with
// all there are.
func nearestLabel(label string, labels []string) string {
	if i := template.Nearest(label, labels); i >= 0 {
		return fmt.Sprintf(": did you mean %q?", labels[i])
	}
	if len(labels) == 0 {
		return "; it has none that the sender can fill."
	}
	return "; it has " + strings.Join(labels, ", ") + "."
}
