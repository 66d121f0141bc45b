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
		d.checkName(p, r.Name)
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
	r.Kind, r.RoutingOrder, r.SharedRole = role.Kind, role.RoutingOrder, d.fit.shared[role]
	r.Tabs = d.tabs(r.Tabs, p, role)
}

// whom names a recipient in a message.
func whom(p *RecipientRow) string {
	if p.Role == "" {
		return "the recipient"
	}
	return fmt.Sprintf("role %q", p.Role)
}

// checkName holds a name against DocuSign's rules.
func (d *Draft) checkName(p *RecipientRow, name string) {
	if plain(name) && name != "" && len(name) <= 100 {
		return
	}
	column := d.heading(p, colName)
	switch {
	case invisible(name):
		d.reject(p.Row, column, NameMissing, "%s has no name: DocuSign would refuse the envelope or send to nobody", whom(p))
	case unprintable(name, "") != "":
		d.reject(p.Row, column, TextInvalid, "the name %q holds %s: write it on one line, in plain letters", name, unprintable(name, ""))
	}
	d.checkLength(p.Row, column, name, 100)
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
	n := d.fit.texted
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

// tabs appends the tabs that a part's cells set, in the order of their labels:
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
