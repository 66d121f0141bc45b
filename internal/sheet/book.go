package sheet

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"path"
	"strings"

	"golang.org/x/net/html/charset"
)

// book is a workbook's list of contents.
type book struct {
	parts                 map[string]*zip.File // by name, in lower case
	sheets                []listed
	sharedStrings, styles string // names of parts; "" if there is none
	date1904              bool   // days are counted from 1904, as on old Macs
}

// listed is a sheet in the workbook's list.
type listed struct {
	name, part string
	hidden     bool
}

// relationships say which part is what.
type relationships struct {
	Relationship []struct {
		ID     string `xml:"Id,attr"`
		Type   string `xml:"Type,attr"`
		Target string `xml:"Target,attr"`
	}
}

// is reports whether a type of relationship is one; it has another namespace in
// strict workbooks.
func is(kind, one string) bool { return strings.HasSuffix(kind, "/"+one) }

func openBook(archive *zip.Reader) (*book, error) {
	b := &book{parts: make(map[string]*zip.File, len(archive.File))}
	for _, f := range archive.File {
		b.parts[partName("", f.Name)] = f
	}
	var top, inner relationships
	if err := b.decode("_rels/.rels", &top); err != nil {
		return nil, err
	}
	main := ""
	for _, r := range top.Relationship {
		if is(r.Type, "officeDocument") {
			main = partName("", r.Target)
		}
	}
	var workbook struct {
		Properties struct {
			Date1904 string `xml:"date1904,attr"`
		} `xml:"workbookPr"`
		Sheets []struct {
			Name  string `xml:"name,attr"`
			State string `xml:"state,attr"`
			ID    string `xml:"id,attr"` // in another namespace, as strict workbooks have
		} `xml:"sheets>sheet"`
	}
	if err := b.decode(main, &workbook); err != nil {
		return nil, err
	}
	dir, file := path.Split(main)
	if err := b.decode(dir+"_rels/"+file+".rels", &inner); err != nil {
		return nil, err
	}
	b.date1904 = isTrue(workbook.Properties.Date1904)
	worksheets := map[string]string{}
	for _, r := range inner.Relationship {
		switch target := partName(dir, r.Target); {
		case is(r.Type, "worksheet"):
			worksheets[r.ID] = target
		case is(r.Type, "sharedStrings"):
			b.sharedStrings = target
		case is(r.Type, "styles"):
			b.styles = target
		}
	}
	for _, s := range workbook.Sheets {
		if part, ok := worksheets[s.ID]; ok { // else it is a chart
			b.sheets = append(b.sheets, listed{s.Name, part, s.State == "hidden" || s.State == "veryHidden"})
		}
	}
	return b, nil
}

// partName returns the name of a part that is named relative to a directory.
func partName(dir, name string) string {
	name = strings.ReplaceAll(name, `\`, "/")
	if !strings.HasPrefix(name, "/") {
		name = dir + name
	}
	return strings.ToLower(strings.TrimPrefix(path.Clean("/"+name), "/"))
}

func isTrue(attribute string) bool { return attribute == "1" || attribute == "true" }

// read returns what a small part holds; nothing if there is no such part.
func (b *book) read(name string) ([]byte, error) {
	part, ok := b.parts[name]
	if !ok {
		return nil, nil
	}
	r, err := part.Open()
	if err != nil {
		return nil, damaged(fmt.Sprintf("%s cannot be unpacked", name))
	}
	defer r.Close()
	text, err := io.ReadAll(io.LimitReader(r, maxSmallPart+1))
	switch {
	case err != nil:
		return nil, damaged(fmt.Sprintf("%s cannot be unpacked", name))
	case len(text) > maxSmallPart:
		return nil, tooMuch("%s of the workbook is larger than %d MB", name, maxSmallPart>>20)
	}
	return text, nil
}

// decode reads a small part that must be there.
func (b *book) decode(name string, into any) error {
	text, err := b.read(name)
	if err != nil {
		return err
	}
	if text == nil {
		return damaged(fmt.Sprintf("%.60q is missing", name))
	}
	d := xml.NewDecoder(bytes.NewReader(text))
	d.CharsetReader = charset.NewReaderLabel
	if d.Decode(into) != nil {
		return damaged(name + " cannot be read")
	}
	return nil
}

// choose returns the sheet of a name, or the first visible one.
func (b *book) choose(name string) (listed, error) {
	for _, s := range b.sheets {
		if name == "" && !s.hidden || name != "" && strings.EqualFold(s.name, name) {
			return s, nil
		}
	}
	if name != "" {
		all := make([]string, len(b.sheets))
		for i, s := range b.sheets {
			all[i] = s.name
		}
		return listed{}, &ChoiceError{name, all}
	}
	return listed{}, &Error{Message: "the workbook has no visible sheet with cells: name one with --sheet, or show it"}
}

// visible returns the names of the sheets that are shown.
func (b *book) visible() (names []string) {
	for _, s := range b.sheets {
		if !s.hidden {
			names = append(names, s.name)
		}
	}
	return names
}
