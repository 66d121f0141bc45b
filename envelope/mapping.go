package envelope

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"batchsend/template"
)

// Rename says what columns of a file hold that have names of their own.
type Rename struct {
	// Column is its name in the header. Several names stand between plus signs: their
	// cells are joined by spaces.
	Column string
	To     string // what the column would be called here; "" ignores it
	// Anywhere is set if files need not have the columns: it is said of many files.
	Anywhere bool
}

// ParseRename reads "THEIR COLUMN=ours", "First Name+Last Name=name", or "COLUMN=",
// which ignores the column.
func ParseRename(text string) (r Rename, err error) {
	i := strings.LastIndexByte(text, '=')
	if i < 0 {
		return r, errors.New(`it must be "THEIR COLUMN=ours", such as "E-mail address=email"; "COLUMN=" ignores a column`)
	}
	if r.To = strings.TrimSpace(text[i+1:]); strings.TrimSpace(text[:i]) == "" {
		return r, errors.New("the name of the file's column is missing before the =")
	}
	r.Column = strings.TrimSpace(text[:i])
	return r, nil
}

// String is the text that [ParseRename] reads.
func (r Rename) String() string { return r.Column + "=" + r.To }

// find returns where a header has the columns: one that has the whole name, else one
// for each name between plus signs. If a column is missing it returns nil and the name
// of the first such.
func (r Rename) find(header []string) (at []int, missing string) {
	if i := findHeading(header, r.Column); i >= 0 {
		return []int{i}, ""
	}
	for name := range strings.SplitSeq(r.Column, "+") {
		i := findHeading(header, name)
		if i < 0 {
			return nil, strings.TrimSpace(name)
		}
		if !slices.Contains(at, i) {
			at = append(at, i)
		}
	}
	return at, ""
}

// findHeading returns which column has a name, as names are compared; -1 if none has.
func findHeading(header []string, name string) int {
	return slices.IndexFunc(header, func(h string) bool {
		return template.Loose(strings.TrimSpace(h)) == template.Loose(strings.TrimSpace(name))
	})
}

// Mapping is how the columns of files are to be understood.
type Mapping []Rename

// ParseMapping reads texts as [ParseRename] does, and adds what is said of many files:
// what columns would be called here, by what they are called there.
func ParseMapping(texts []string, anywhere iter.Seq2[string, string]) (m Mapping, err error) {
	for _, text := range texts {
		r, err := ParseRename(text)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", text, err)
		}
		m = append(m, r)
	}
	for column, name := range anywhere {
		m = append(m, Rename{Column: column, To: name, Anywhere: true})
	}
	return m, nil
}

// Names reports whether a column is named in the mapping.
func (m Mapping) Names(column string) bool {
	return slices.ContainsFunc(m, func(r Rename) bool {
		return findHeading(append(strings.Split(r.Column, "+"), r.Column), column) >= 0
	})
}

// OfFiles returns the renames that are said of the files of one run, not of many files.
func (m Mapping) OfFiles() Mapping {
	return slices.DeleteFunc(slices.Clone(m), func(r Rename) bool { return r.Anywhere })
}

// Absent returns a text for each rename whose columns no header has.
func (m Mapping) Absent(headers ...[]string) (texts []string) {
	for _, r := range m {
		if r.Anywhere || slices.ContainsFunc(headers, func(h []string) bool { at, _ := r.find(h); return at != nil }) || len(headers) == 0 {
			continue
		}
		_, name := r.find(headers[0])
		text := fmt.Sprintf("%q: there is no column %q in the file", r, name)
		if len(headers) > 1 {
			text = fmt.Sprintf("%q: none of the files has a column %q", r, name)
		}
		if i := template.Nearest(name, headers[0]); i >= 0 {
			text += fmt.Sprintf(": did you mean %q?", headers[0][i])
		}
		texts = append(texts, text)
	}
	return texts
}

// heading is a column of a file: what its header says, and what that means.
type heading struct {
	raw, name string // name is raw unless a mapping says otherwise
	mapped    bool
	ignored   bool  // by the mapping
	joined    []int // columns whose cells follow those of this one
	joins     bool  // its cells follow those of another column
}

// empty reports whether the column has no name.
func (h *heading) empty() bool { return strings.TrimSpace(h.name) == "" && !h.ignored && !h.joins }

// apply gives the columns of a header their names.
func (m Mapping) apply(header []string) []heading {
	out := make([]heading, len(header))
	for i, raw := range header {
		out[i] = heading{raw: raw, name: raw}
	}
	for _, r := range m {
		at, _ := r.find(header)
		if at == nil || slices.ContainsFunc(at, func(i int) bool { return out[i].mapped }) {
			continue // it is not there, or an earlier rename has it
		}
		for _, i := range at {
			out[i].mapped, out[i].ignored = true, r.To == ""
		}
		if r.To != "" {
			first := &out[at[0]]
			first.name, first.joined = r.To, at[1:]
			for _, i := range first.joined {
				out[i].joins = true
			}
		}
	}
	return out
}
