package sheet

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/net/html/charset"
)

const (
	// shortDate is how a date is read whose cell has the format "short date", which
	// each computer displays in its own way.
	shortDate = "yyyy-mm-dd"
	// The numbers of formats, as in every workbook.
	idGeneral, idShortDate, idShortDateTime, idText = 0, 14, 22, 49
	// maxStyles is how many styles the cells of a workbook may have, as in Excel.
	maxStyles = 65_490
	// maxCached is how many displayed values are kept.
	maxCached = 8192
)

// formats display numbers. excelize does it, in a cell of a workbook in memory.
type formats struct {
	ids      []int          // the number of the format, by style
	codes    map[int]string // of formats that the workbook defines
	date1904 bool

	scratch *excelize.File
	styles  map[int]int // in scratch, by number of format
	shown   map[formatted]string
}

// formatted is a number with its format.
type formatted struct {
	id    int
	value string
}

func newFormats(styles []byte, date1904 bool) (*formats, error) {
	f := &formats{date1904: date1904, codes: map[int]string{}, styles: map[int]int{}, shown: map[formatted]string{}}
	if styles == nil {
		return f, nil
	}
	var sheet struct {
		Formats []struct {
			ID   int    `xml:"numFmtId,attr"`
			Code string `xml:"formatCode,attr"`
		} `xml:"numFmts>numFmt"`
		Styles []struct {
			ID int `xml:"numFmtId,attr"`
		} `xml:"cellXfs>xf"`
	}
	d := xml.NewDecoder(bytes.NewReader(styles))
	d.CharsetReader = charset.NewReaderLabel
	if err := d.Decode(&sheet); err != nil {
		return nil, damaged("its styles cannot be read")
	}
	if len(sheet.Styles) > maxStyles || len(sheet.Formats) > maxStyles {
		return nil, tooMuch("the workbook has more styles than a spreadsheet can")
	}
	for _, s := range sheet.Formats {
		f.codes[s.ID] = s.Code
	}
	for _, s := range sheet.Styles {
		f.ids = append(f.ids, s.ID)
	}
	return f, nil
}

func (f *formats) close() {
	if f.scratch != nil {
		f.scratch.Close()
	}
}

// id returns the number of a style's format.
func (f *formats) id(style int) int {
	if style < 0 || style >= len(f.ids) {
		return idGeneral
	}
	switch id := f.ids[style]; f.codes[id] {
	case "General", "GENERAL", "general", "@":
		return idGeneral
	default:
		return id
	}
}

// isShortDate reports whether a format displays a date in the way of the computer
// rather than of the workbook.
func (f *formats) isShortDate(id int) bool {
	return (id == idShortDate || id == idShortDateTime) && f.codes[id] == ""
}

// number displays a number in the format.
func (f *formats) number(value string, id int) (string, error) {
	if id == idGeneral || id == idText {
		return general(value), nil
	}
	if _, err := strconv.ParseFloat(value, 64); err != nil {
		return value, nil
	}
	key := formatted{id, value}
	if shown, ok := f.shown[key]; ok {
		return shown, nil
	}
	shown, err := f.show(value, id)
	if err != nil {
		return "", err
	}
	if len(f.shown) >= maxCached {
		clear(f.shown)
	}
	f.shown[key] = shown
	return shown, nil
}

// show has excelize display a number. Formats come from whoever wrote the workbook,
// and excelize is not proof against all of them.
func (f *formats) show(value string, id int) (shown string, err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("the number format %.60q cannot be applied", f.codes[id])
		}
	}()
	if f.scratch == nil {
		f.scratch = excelize.NewFile(excelize.Options{ShortDatePattern: shortDate})
		if err := f.scratch.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &f.date1904}); err != nil {
			return "", err
		}
	}
	style, ok := f.styles[id]
	if !ok {
		want := &excelize.Style{NumFmt: id}
		if code := f.codes[id]; code != "" {
			want.NumFmt, want.CustomNumFmt = 0, &code
		}
		if style, err = f.scratch.NewStyle(want); err != nil {
			return "", err
		}
		f.styles[id] = style
	}
	const sheet, cell = "Sheet1", "A1"
	if err := f.scratch.SetCellStyle(sheet, cell, cell, style); err != nil {
		return "", err
	}
	if err := f.scratch.SetCellDefault(sheet, cell, value); err != nil {
		return "", err
	}
	return f.scratch.GetCellValue(sheet, cell)
}

// general displays a number in the format General, but with all of its digits: a
// spreadsheet shows 1.23457E+11 only because the column is narrow.
func general(value string) string {
	if isDigits(value) {
		return value
	}
	n, err := strconv.ParseFloat(value, 64)
	if err != nil || math.IsInf(n, 0) || math.IsNaN(n) {
		return value
	}
	// A spreadsheet calculates with more digits than the 15 that it shows.
	if rounded, err := strconv.ParseFloat(strconv.FormatFloat(n, 'g', 15, 64), 64); err == nil {
		n = rounded
	}
	if size := math.Abs(n); size != 0 && (size < 1e-9 || size >= 1e21) {
		return strconv.FormatFloat(n, 'E', -1, 64)
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}

// isDigits reports whether a value is a whole number that needs no more care.
func isDigits(value string) bool {
	digits := strings.TrimPrefix(value, "-")
	if digits == "" || digits[0] == '0' && value != "0" || len(digits) > 20 {
		return false
	}
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return false
		}
	}
	return true
}

// isoDate displays a date that is written as such rather than as a number, as
// strict workbooks may.
func (f *formats) isoDate(value string, id int) (string, error) {
	if id == idGeneral || id == idText {
		return value, nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02T15:04", "2006-01-02"} {
		t, err := time.Parse(layout, value)
		if err != nil {
			continue
		}
		start := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
		if f.date1904 {
			start = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
		}
		days := float64(t.Unix()-start.Unix())/86400 + float64(t.Nanosecond())/86400e9
		return f.number(strconv.FormatFloat(days, 'f', -1, 64), id)
	}
	return value, nil
}
