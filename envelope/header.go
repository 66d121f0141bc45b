package envelope

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"batchsend/template"
)

// Form is how a file lays out its recipients.
type Form uint8

const (
	// Long files have one row for each recipient.
	Long Form = iota
	// Wide files have one row for each envelope and columns "Role::Name", as
	// DocuSign's own Bulk Send lists do.
	Wide
	// Bare files are wide ones for a template with one role, whose columns
	// need no "Role::".
	Bare
)

// String describes the form.
func (f Form) String() string {
	return [...]string{"one row per recipient", "one row per envelope", "one row per envelope, one role"}[f]
}

// The names of the columns, as the documentation spells them.
const (
	colEnvelope   = "envelope"
	colRole       = "roleName"
	colOrder      = "routingOrder"
	colName       = "name"
	colEmail      = "email"
	colTemplate   = "templateId"
	colSubject    = "emailSubject"
	colBlurb      = "emailBlurb"
	colDelay      = "reminderDelay"
	colFrequency  = "reminderFrequency"
	colExpire     = "expireAfter"
	colWarn       = "expireWarn"
	colNote       = "note"
	colAccessCode = "accessCode"
	colPhone      = "phone"

	// What a rejects file adds; ignored when it is given back.
	ColRejectCode    = "rejectCode"
	ColRejectMessage = "rejectMessage"

	tabPrefix   = "tab:"
	fieldPrefix = "field:"
	roleMark    = "::"
)

var (
	envelopeColumns = slices.Concat([]string{colEnvelope}, valueColumns[:])
	recipientNames  = []string{colName, colEmail, colNote, colAccessCode, colPhone}
	longColumns     = slices.Concat([]string{colRole, colOrder}, recipientNames, envelopeColumns)
	rejectColumns   = []string{ColRejectCode, ColRejectMessage}
	knownColumns    = slices.Concat(longColumns, rejectColumns)
)

// The columns whose values are the envelope's and may stand on any of its rows, by
// their indices in a [Draft].
const (
	valueTemplate = iota
	valueSubject
	valueBlurb
	valueDelay // these four in the order of a [reminders.Plan]
	valueFrequency
	valueExpire
	valueWarn
	valueCount
)

var valueColumns = [valueCount]string{colTemplate, colSubject, colBlurb, colDelay, colFrequency, colExpire, colWarn}

// IsRejectColumn reports whether a column is one that a rejects file adds and
// that does not count when the file is given back.
func IsRejectColumn(name string) bool { return slices.Contains(rejectColumns, canonical(name)) }

// canonical returns the documented spelling of a column, or "".
func canonical(name string) string {
	loose := template.Loose(strings.TrimSpace(name))
	if loose == "phonenumber" { // what Bulk Send lists call it
		return colPhone
	}
	for _, known := range knownColumns {
		if strings.EqualFold(loose, known) {
			return known
		}
	}
	return ""
}

// prefixed returns what follows prefix, which is compared as column names are.
func prefixed(name, prefix string) (string, bool) {
	head, rest, ok := strings.Cut(strings.TrimSpace(name), ":")
	if !ok || strings.HasPrefix(rest, ":") || template.Loose(head)+":" != prefix {
		return "", false
	}
	return strings.TrimSpace(rest), true
}

// KnownColumn reports whether a name is surely one of a column.
func KnownColumn(name string) bool {
	_, isTab := prefixed(name, tabPrefix)
	_, isField := prefixed(name, fieldPrefix)
	return canonical(name) != "" || isTab || isField || strings.Contains(name, roleMark)
}

// layout says what each column of a file is for. Indices are -1 where the file
// has no such column.
type layout struct {
	form     Form
	names    []string            // what csvutil shall call each column
	envelope int                 // the envelope column
	template int                 // the templateId column
	roles    []*recipientColumns // of a wide file one for each role, else just one
	fields   []labelled
	values   int // how many columns of [valueColumns] there are

	fieldOrder []int // indices of fields by their labels

	headings []heading
	unnamed  []int // columns without a name, whose cells must be empty
	problems Problems
}

// recipientColumns is where a recipient's values stand.
type recipientColumns struct {
	index    int    // among the layout's
	role     string // the header's spelling; "" if a cell names the role
	loose    string // role as names are compared
	tabs     []labelled
	tabOrder []int // indices of tabs by their labels
	personColumns
}

// personColumns is where it stands who a recipient is and how they are reached: -1
// where there is no such column.
type personColumns struct {
	roleName, order, name, email, note, accessCode, phone int

	moreNames []int // columns whose cells follow that of name
}

// labelled is a column that names a tab or a custom field.
type labelled struct {
	column int
	label  string
	loose  string // label as names are compared
}

func label(column int, text string) labelled {
	return labelled{column, text, template.Loose(text)}
}

// byLabel returns the indices of all by their labels, so that the order of
// columns does not count.
func byLabel(all []labelled) []int {
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		return cmp.Or(strings.Compare(all[i].loose, all[j].loose), strings.Compare(all[i].label, all[j].label))
	})
	return order
}

func newRecipientColumns(index int, role string) *recipientColumns {
	return &recipientColumns{
		index: index, role: role, loose: template.Loose(role),
		personColumns: personColumns{roleName: -1, order: -1, name: -1, email: -1, note: -1, accessCode: -1, phone: -1},
	}
}

// slot returns where they keep the index of a column.
func (p *personColumns) slot(name string) *int {
	switch name {
	case colRole:
		return &p.roleName
	case colOrder:
		return &p.order
	case colName:
		return &p.name
	case colEmail:
		return &p.email
	case colNote:
		return &p.note
	case colAccessCode:
		return &p.accessCode
	case colPhone:
		return &p.phone
	}
	return nil
}

// layOut reads a header. The layout has every problem, not just the first, and what
// can be understood all the same.
func layOut(header []string, at Position, mapping Mapping) *layout {
	l := &layout{names: make([]string, len(header)), envelope: -1, template: -1, headings: mapping.apply(header)}
	bad := func(column string, code Code, format string, args ...any) {
		l.problems = append(l.problems, Problem{Position: at, Column: column, Code: code, Message: fmt.Sprintf(format, args...)})
	}
	var names []string
	for i := range l.headings {
		if h := &l.headings[i]; !h.ignored && !h.joins {
			names = append(names, h.name)
		}
	}
	l.form = formOf(names)
	seen := map[string]int{}
	hasTabs := slices.ContainsFunc(names, isTab)
	for i := range l.headings {
		l.names[i] = fmt.Sprintf("\x00column %d", i) // of no meaning, but csvutil needs each to be another
		h := &l.headings[i]
		switch {
		case h.ignored, h.joins:
			continue
		case h.empty():
			l.unnamed = append(l.unnamed, i)
			continue
		}
		name := l.read(i, h.name, hasTabs)
		if name == "" {
			bad(h.raw, ColumnUnknown, "%s", h.unknown(l.form, len(l.problems) == 0))
			continue
		}
		if first, again := seen[name]; again {
			bad(h.raw, ColumnRepeated, "the column stands twice, as column %d and %d: only one of them could count; remove one", first+1, i+1)
			continue
		}
		seen[name] = i
		l.names[i] = name
		if len(h.joined) > 0 && !l.join(i, h.joined) {
			bad(h.raw, ColumnUnknown, "only names can be joined of several columns, and %q is none", h.name)
		}
	}
	if i, ok := seen[colEnvelope]; ok {
		l.envelope = i
	}
	if i, ok := seen[colTemplate]; ok {
		l.template = i
	}
	if len(l.roles) == 0 {
		l.columnsOf("") // to say what is missing
	}
	for _, p := range l.roles {
		l.complete(p, header, bad)
		p.tabOrder = byLabel(p.tabs)
	}
	l.fieldOrder = byLabel(l.fields)
	return l
}

// join adds columns to the name that column i holds. It reports whether that is one.
func (l *layout) join(i int, more []int) bool {
	for _, p := range l.roles {
		if p.name == i {
			p.moreNames = more
			return true
		}
	}
	return false
}

// formOf tells the forms apart by their header. A label may hold a [roleMark], too: that
// of a tab says nothing where other columns are a recipient's and name no role.
func formOf(header []string) Form {
	form, marked, bare := Bare, false, false
	for _, name := range header {
		switch c := canonical(name); {
		case c == colRole, c == colOrder:
			form = Long
		case slices.Contains(recipientNames, c):
			bare = true
		case isField(name), !strings.Contains(name, roleMark):
		case isTab(name):
			marked = true
		default:
			return Wide
		}
	}
	if marked && form == Bare && !bare {
		return Wide
	}
	return form
}

// isField reports whether a column is called "field:" something.
func isField(raw string) bool {
	_, ok := prefixed(raw, fieldPrefix)
	return ok
}

// isTab reports whether a column is called "tab:" something.
func isTab(raw string) bool {
	_, ok := prefixed(raw, tabPrefix)
	return ok
}

// read notes what column i is for and returns its name for csvutil, or "" if
// it is none of ours. In a bare file, where a tab's column needs no "tab:",
// hasTabs says that they have it nevertheless.
func (l *layout) read(i int, raw string, hasTabs bool) string {
	known := canonical(raw)
	if slices.Contains(envelopeColumns, known) || slices.Contains(rejectColumns, known) {
		if slices.Contains(valueColumns[:], known) {
			l.values++
		}
		return known
	}
	if name, ok := prefixed(raw, fieldPrefix); ok && name != "" {
		l.fields = append(l.fields, label(i, name))
		return fieldPrefix + name
	}
	if l.form == Wide {
		return l.readWide(i, raw)
	}
	p := l.columnsOf("")
	if slot := p.slot(known); slot != nil {
		*slot = i
		return known
	}
	if label, ok := prefixed(raw, tabPrefix); ok && label != "" {
		return p.addTab(i, label)
	}
	if label := strings.TrimSpace(raw); l.form == Bare && !hasTabs && label != "" { // as in a Bulk Send list; the template decides
		return p.addTab(i, label)
	}
	return ""
}

// readWide files a column such as "Role::Email", "Role::<tab label>" or
// "Role::tab:<tab label>".
func (l *layout) readWide(i int, raw string) string {
	role, attribute, ok := strings.Cut(raw, roleMark)
	role, attribute = strings.TrimSpace(role), strings.TrimSpace(attribute)
	if !ok || role == "" || attribute == "" {
		return ""
	}
	p := l.columnsOf(role)
	if c := canonical(attribute); slices.Contains(recipientNames, c) {
		*p.slot(c) = i
		return p.role + roleMark + c
	}
	if label, ok := prefixed(attribute, tabPrefix); ok && label != "" {
		attribute = label
	}
	return p.role + roleMark + p.addTab(i, attribute)
}

// addTab files column i as the values of a tab and returns its name.
func (p *recipientColumns) addTab(i int, name string) string {
	p.tabs = append(p.tabs, label(i, name))
	return tabPrefix + name
}

// columnsOf returns the columns of a role.
func (l *layout) columnsOf(role string) *recipientColumns {
	for _, p := range l.roles {
		if template.Loose(p.role) == template.Loose(role) {
			return p
		}
	}
	p := newRecipientColumns(len(l.roles), role)
	l.roles = append(l.roles, p)
	return p
}

// complete reports the columns that a recipient cannot do without.
func (l *layout) complete(p *recipientColumns, header []string, bad func(column string, code Code, format string, args ...any)) {
	for _, name := range []string{colRole, colName, colEmail} {
		if *p.slot(name) >= 0 || name == colRole && l.form != Long {
			continue
		}
		if l.form == Wide {
			name = p.role + roleMark + strings.ToUpper(name[:1]) + name[1:]
		}
		meant := ""
		if i := template.Nearest(name, header); i >= 0 {
			switch {
			case l.misread(i):
				continue // the slip is a problem already, and names this column
			case l.form == Bare && strings.HasPrefix(l.names[i], tabPrefix):
				meant = fmt.Sprintf("; is %q meant?", Short(header[i]))
			}
		}
		bad("", ColumnMissing, "there is no column %q: every recipient needs one%s", Short(name), meant)
	}
}

// misread reports whether a column was not understood.
func (l *layout) misread(i int) bool {
	h := &l.headings[i]
	return strings.HasPrefix(l.names[i], "\x00") && !h.ignored && !h.joins && !h.empty()
}

// unknown says what the name may have been meant to be, and if list is set which
// names there are.
func (h *heading) unknown(form Form, list bool) string {
	raw := Short(h.name)
	known := slices.Concat(longColumns, []string{"tab:<label>", "field:<name>"})
	if form == Wide {
		known = slices.Concat(envelopeColumns, []string{"Role::Name", "Role::Email", "Role::<tab label>", "field:<name>"})
	}
	message, cure := "there is no such column", fmt.Sprintf("--map %q ignores it", h.raw+"=")
	if Short(h.raw) != h.raw {
		cure = "--map \"COLUMN=\", with the whole name, ignores it"
	}
	if h.mapped {
		message = fmt.Sprintf("it is mapped to %q, and there is no such column", raw)
		cure = "correct the mapping"
	}
	switch i := template.Nearest(raw, known); {
	case form == Wide && slices.Contains(longColumns, canonical(raw)):
		message += fmt.Sprintf(" in a file with one row per envelope: say whose it is, as \"Role::%s\"; %s.", canonical(raw), cure)
	case i >= 0 && h.mapped:
		message += fmt.Sprintf(": did you mean %q?", known[i])
	case i >= 0:
		message += fmt.Sprintf(": did you mean %q? --map %q says so, %s.", known[i], h.raw+"="+known[i], cure)
	case strings.HasSuffix(strings.TrimSpace(raw), ":"):
		message += "; what it is for must follow the colon."
	case form == Wide && isTab(raw):
		label, _ := prefixed(raw, tabPrefix)
		message += fmt.Sprintf(" in a file with one row per envelope: say whose it is, as \"Role::%s\"; %s.", label, cure)
	case form == Wide:
		message += fmt.Sprintf("; a tab's value goes in \"Role::%s\", an envelope custom field in \"field:%s\"; %s.", raw, raw, cure)
	default:
		message += fmt.Sprintf("; a tab's value goes in \"tab:%s\", an envelope custom field in \"field:%s\"; %s.", raw, raw, cure)
	}
	if !list {
		return message
	}
	return message + " Columns are " + strings.Join(known, ", ")
}
