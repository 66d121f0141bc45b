package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"batchsend/internal/sandbox"
)

// form is how a file is laid out.
type form string

// The forms: one row an envelope, one row a recipient, and one row an envelope
// for a template with one role.
const (
	wide form = "wide"
	long form = "long"
	bare form = "bare"
)

// managerName is what every manager is called.
const managerName = "The manager"

// sheetRow is one row of what somebody wants to send: an envelope.
type sheetRow struct {
	label     string // what the column envelope says
	employee  string
	address   string
	manager   string
	salary    int
	note      string
	code      string // the employee's access code
	spelling  int    // 0: as it is; else the same in other spelling
	delay     string // reminderDelay
	duplicate bool   // this row stands in the file twice
}

// sheet is a file as its owner has it before them.
type sheet struct {
	form       form
	labels     bool
	orders     bool
	roles      [2]string // as the file calls them
	numbers    [2]int    // their routing orders
	tab, field string
	letters    []sheetRow
	people     string // whose they are: part of the addresses
	made       int    // letters written so far, in all
}

// single reports whether the file's template has one role.
func (s *sheet) single() bool { return s.form == bare || s.form == long && !s.labels }

func newSheet(st *story, people string) *sheet {
	s := &sheet{form: st.Form, labels: st.Labels, orders: st.Orders, people: people, numbers: [2]int{1, 2}}
	s.roles, s.tab, s.field = [2]string{"Employee", "Manager"}, "Salary", "Department"
	s.add(st.Rows)
	return s
}

// add writes n more letters.
func (s *sheet) add(n int) {
	for range n {
		s.made++
		s.letters = append(s.letters, sheetRow{
			label:    fmt.Sprintf("E-%d", s.made),
			employee: fmt.Sprintf("Employee %d", s.made), address: fmt.Sprintf("employee.%d@%s.example", s.made, s.people),
			manager: fmt.Sprintf("manager.%d@%s.example", s.made%3, s.people),
			salary:  30000 + s.made, note: fmt.Sprintf("Note %d", s.made), code: fmt.Sprintf("secret-%s-%d", s.people, s.made),
		})
	}
}

// clone is a copy for another desk, or to remember.
func (s *sheet) clone() *sheet {
	c := *s
	c.letters = slices.Clone(s.letters)
	return &c
}

// write writes the file and returns the letter on each of its lines.
func (s *sheet) write(path string) (lines map[int]int, err error) {
	lines = map[int]int{}
	var rows [][]string
	header, cells := s.layout()
	rows = append(rows, header)
	for i := range s.letters {
		times := 1
		if s.letters[i].duplicate {
			times = 2
		}
		for n := range times {
			for _, row := range cells(&s.letters[i], n) {
				rows = append(rows, row)
				lines[len(rows)] = i
			}
		}
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	if err := w.WriteAll(rows); err != nil {
		return nil, err
	}
	return lines, os.WriteFile(path, []byte(b.String()), 0o600)
}

// layout returns the header, and what writes the rows of a letter.
func (s *sheet) layout() (header []string, cells func(l *sheetRow, copy int) [][]string) {
	label := func(l *sheetRow, copy int, row []string) []string {
		if !s.labels {
			return row
		}
		return slices.Insert(row, 0, l.label+strings.Repeat("-copy", copy))
	}
	switch {
	case s.form == long && s.single():
		header = []string{"roleName", "name", "email", "tab:" + s.tab, "note", "accessCode", "reminderDelay", "field:" + s.field}
		return header, func(l *sheetRow, copy int) [][]string {
			return [][]string{{s.roles[0], l.name(), l.mail(), strconv.Itoa(l.salary), l.note, l.code, l.delay, "Sales"}}
		}
	case s.form == long:
		header = []string{"envelope", "roleName", "name", "email", "tab:" + s.tab, "note", "accessCode", "reminderDelay", "field:" + s.field}
		if s.orders {
			header = slices.Insert(header, 2, "routingOrder")
		}
		return header, func(l *sheetRow, copy int) [][]string {
			one := label(l, copy, []string{s.roles[0], l.name(), l.mail(), strconv.Itoa(l.salary), l.note, l.code, l.delay, "Sales"})
			two := label(l, copy, []string{s.roles[1], managerName, l.manager, "", "", "", "", ""})
			if s.orders {
				one, two = slices.Insert(one, 2, strconv.Itoa(s.numbers[0])), slices.Insert(two, 2, strconv.Itoa(s.numbers[1]))
			}
			return [][]string{one, two}
		}
	case s.form == bare:
		header = []string{"Name", "Email", s.tab, "reminderDelay", "field:" + s.field}
		cells = func(l *sheetRow, copy int) [][]string {
			return [][]string{label(l, copy, []string{l.name(), l.mail(), strconv.Itoa(l.salary), l.delay, "Sales"})}
		}
	default:
		header = append(header, []string{s.roles[0] + "::Name", s.roles[0] + "::Email", s.roles[0] + "::" + s.tab, s.roles[0] + "::Note", s.roles[0] + "::AccessCode", s.roles[1] + "::Name", s.roles[1] + "::Email", "reminderDelay", "field:" + s.field}...)
		cells = func(l *sheetRow, copy int) [][]string {
			return [][]string{label(l, copy, []string{l.name(), l.mail(), strconv.Itoa(l.salary), l.note, l.code, managerName, l.manager, l.delay, "Sales"})}
		}
	}
	if s.labels {
		header = slices.Insert(header, 0, "envelope")
	}
	return header, cells
}

// name and mail are the employee's as the file spells them.
func (l *sheetRow) name() string {
	if l.spelling%3 == 1 {
		return strings.Replace(l.employee, " ", "  ", 1)
	}
	return l.employee
}

func (l *sheetRow) mail() string {
	if l.spelling%3 == 2 {
		return strings.ToUpper(l.address[:1]) + l.address[1:]
	}
	return l.address
}

// contract is an envelope as the one who gets it sees it. Two letters with equal
// contracts are one letter.
type contract struct {
	people string // addresses
	values string // names and what the fields say
}

// contract is what the file says of a letter.
func (s *sheet) contract(l *sheetRow) contract {
	name := l.employee
	if s.form != bare && s.roles[0] != "Employee" {
		name += " (" + s.roles[0] + ")" // the file says it
	}
	c := contract{people: strings.ToLower(l.address), values: fmt.Sprintf("%s, salary %d", name, l.salary)}
	if !s.single() {
		people := []string{c.people, strings.ToLower(l.manager)}
		slices.Sort(people)
		c.people = strings.Join(people, " ")
	}
	if s.form != bare {
		c.values += ", " + l.note
	}
	return c
}

// contractOf is what DocuSign has of an envelope.
func (w *world) contractOf(e *sandbox.Envelope) contract {
	var people, notes, names []string
	salary := ""
	for _, r := range e.Recipients {
		if r.Email == recordsAddress {
			continue
		}
		people = append(people, strings.ToLower(r.Email))
		name := strings.Join(strings.Fields(r.Name), " ")
		if name == managerName {
			continue
		}
		if w.story.Form != bare && r.Role != "Employee" {
			name += " (" + r.Role + ")"
		}
		names = append(names, name)
		if r.Note != "" {
			notes = append(notes, r.Note)
		}
		for _, t := range r.Tabs {
			if strings.EqualFold(t.Label, "Salary") && t.Value != "" {
				salary = t.Value
			}
		}
	}
	slices.Sort(people)
	return contract{strings.Join(people, " "), strings.Join(append([]string{strings.Join(names, "+") + ", salary " + salary}, notes...), ", ")}
}
