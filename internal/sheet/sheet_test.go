package sheet_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"batchsend/internal/sheet"
)

// book returns a workbook that a test fills.
func book(t testing.TB, fill func(f *excelize.File)) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	fill(f)
	var b bytes.Buffer
	if _, err := f.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// raw returns a workbook whose only sheet is that XML.
func raw(t testing.TB, worksheet string) []byte {
	t.Helper()
	return archive(t, map[string]string{
		"[Content_Types].xml":        `<Types/>`,
		"_rels/.rels":                `<Relationships><Relationship Id="r1" Type="http://x/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml":            `<workbook xmlns:r="http://r"><sheets><sheet name="Sheet1" sheetId="1" r:id="r1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="r1" Type="http://x/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
		"xl/worksheets/sheet1.xml":   worksheet,
	})
}

func archive(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range parts {
		part, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func convert(workbook []byte, name string) (string, *sheet.Info, error) {
	var out bytes.Buffer
	info, err := sheet.Convert(&out, bytes.NewReader(workbook), int64(len(workbook)), name)
	return out.String(), info, err
}

// TestCellsAsDisplayed: a cell is what a person sees in it, with all digits of
// numbers.
func TestCellsAsDisplayed(t *testing.T) {
	format := func(code string) *excelize.Style { return &excelize.Style{CustomNumFmt: &code} }
	for _, tt := range []struct {
		name  string
		value any
		style *excelize.Style
		want  string
	}{
		{"text", "Ann", nil, "Ann"},
		{"text with a comma and quotes", `Ek, "Ann"`, nil, `"Ek, ""Ann"""`},
		{"text of two lines", "Ann\nEk", nil, "\"Ann\nEk\""},
		{"text that looks like a number", "00123", nil, "00123"},
		{"rich text", []excelize.RichTextRun{{Text: "Ann "}, {Text: "Ek", Font: &excelize.Font{Bold: true}}}, nil, "Ann Ek"},
		{"true", true, nil, "TRUE"},
		{"false", false, nil, "FALSE"},
		{"whole number", 42000, nil, "42000"},
		{"many digits", 123456789012, nil, "123456789012"},
		{"phone number", 46701234567890, nil, "46701234567890"},
		{"negative", -5, nil, "-5"},
		{"fraction", 0.1 + 0.2, nil, "0.3"},
		{"tiny", 0.000001, nil, "0.000001"},
		{"huge", 1e25, nil, "1E+25"},
		{"leading zeros", 123, format("00000"), "00123"},
		{"thousands", 42000.5, format("#,##0.00"), `"42,000.50"`},
		{"currency", 1234.5, format(`[$€-407]\ #,##0.00`), `"€ 1,234.50"`},
		{"percent", 0.25, format("0%"), "25%"},
		{"date by its format", 46357, format("dd.mm.yyyy"), "01.12.2026"},
		{"date and time", 46357.5, format("yyyy-mm-dd hh:mm"), "2026-12-01 12:00"},
		{"short date", 46357, &excelize.Style{NumFmt: 14}, "2026-12-01"},
		{"date as General", 46357, nil, "46357"},
		{"number as text", 123, &excelize.Style{NumFmt: 49}, "123"},
		{"scientific by its format", 123456789012, format("0.00E+00"), "1.23E+11"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			workbook := book(t, func(f *excelize.File) {
				var err error
				if runs, ok := tt.value.([]excelize.RichTextRun); ok {
					err = f.SetCellRichText("Sheet1", "A1", runs)
				} else {
					err = f.SetCellValue("Sheet1", "A1", tt.value)
				}
				if err == nil && tt.style != nil {
					var style int
					if style, err = f.NewStyle(tt.style); err == nil {
						err = f.SetCellStyle("Sheet1", "A1", "A1", style)
					}
				}
				if err != nil {
					t.Fatal(err)
				}
			})
			got, _, err := convert(workbook, "")
			if err != nil || got != tt.want+"\n" {
				t.Errorf("%q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

// TestRawCells has cells as programs other than excelize write them.
func TestRawCells(t *testing.T) {
	for _, tt := range []struct{ name, cell, want string }{
		{"inline", `<c t="inlineStr"><is><t>Ann</t></is></c>`, "Ann"},
		{"inline in pieces, with its pronunciation", `<c t="inlineStr"><is><r><t>山</t></r><r><t>田</t></r><rPh><t>ヤマダ</t></rPh></is></c>`, "山田"},
		{"prefixed", `<x:c t="str"><x:v>Ann</x:v></x:c>`, "Ann"},
		{"formula", `<c t="str"><f>A2&amp;"x"</f><v>Ann &amp; Bo</v></c>`, "Ann & Bo"},
		{"formula of nothing", `<c t="str"><f>""</f><v></v></c><c r="B1"><v>1</v></c>`, ",1"},
		{"error", `<c t="e"><f>NA()</f><v>#N/A</v></c>`, "#N/A"},
		{"escaped", `<c t="str"><v>a_x000D_b_x005F_x_xZZZZ_</v></c>`, "\"a\rb_x_xZZZZ_\""},
		{"gap", `<c r="C1"><v>1</v></c>`, ",,1"},
		{"exponent", `<c><v>1.23456789012E11</v></c>`, "123456789012"},
		{"date in words, as General", `<c t="d"><v>2026-12-01</v></c>`, "2026-12-01"},
		{"formats only", `<c s="1"/><c s="1"/><c><v>1</v></c><c s="1"/>`, ",,1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, _, err := convert(raw(t, `<worksheet><sheetData><row>`+tt.cell+`</row></sheetData></worksheet>`), "")
			if err != nil || got != tt.want+"\n" {
				t.Errorf("%q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

// TestRowsKeepTheirNumbers: the line of a row is its number in the sheet.
func TestRowsKeepTheirNumbers(t *testing.T) {
	got, info, err := convert(raw(t, `<worksheet><dimension ref="A1:XFD1048576"/><cols><col min="2" max="3" hidden="1"/></cols><sheetData>
		<row r="2"><c><v>1</v></c></row><row r="5" hidden="1"><c r="B5"><v>2</v></c></row><row r="6" hidden="true"><c r="A6"><v>3</v></c></row>
		<row r="8" hidden="1"/><row r="1048576"><c s="3"/></row></sheetData><mergeCells><mergeCell ref="A5:B6"/><mergeCell ref="A9:B9"/></mergeCells></worksheet>`), "")
	if err != nil || got != "\n1\n\n\n,2\n3\n" {
		t.Fatalf("%q, %v", got, err)
	}
	if rows, columns := info.HiddenRows.Rows(), info.HiddenColumns.Columns(); rows != "5 to 6" || columns != "B" {
		t.Errorf("hidden rows %q, columns %q", rows, columns)
	}
	if want := []sheet.Range{{Name: "A5:B6", FirstRow: 5, LastRow: 6}}; !cmp.Equal(info.Merged, want) {
		t.Errorf("merged: %v", info.Merged)
	}
}

// TestChoice: the first visible sheet is read unless another is named.
func TestChoice(t *testing.T) {
	workbook := book(t, func(f *excelize.File) {
		for i, name := range []string{"Sheet1", "Offers", "Lists"} {
			if i > 0 {
				if _, err := f.NewSheet(name); err != nil {
					t.Fatal(err)
				}
			}
			if err := f.SetCellValue(name, "A1", name); err != nil {
				t.Fatal(err)
			}
		}
		f.SetActiveSheet(1)
		if err := f.SetSheetVisible("Sheet1", false); err != nil {
			t.Fatal(err)
		}
	})
	for _, tt := range []struct{ name, want string }{{"", "Offers"}, {"lists", "Lists"}, {"Sheet1", "Sheet1"}} {
		if got, info, err := convert(workbook, tt.name); err != nil || got != tt.want+"\n" || info.Sheet != tt.want || len(info.Sheets) != 2 {
			t.Errorf("sheet %q: %q, %v, %v", tt.name, got, info, err)
		}
	}
	_, _, err := convert(workbook, "Nowhere")
	if choice, ok := errors.AsType[*sheet.ChoiceError](err); !ok || !strings.Contains(choice.Error(), `"Sheet1", "Offers", "Lists"`) {
		t.Errorf("%v", err)
	}
}

// TestDamage: what cannot be read whole is not read at all, and the message says why.
func TestDamage(t *testing.T) {
	data := func(rows string) string { return `<worksheet><sheetData>` + rows + `</sheetData></worksheet>` }
	for _, tt := range []struct{ name, sheet, want string }{
		{"cut off between rows", `<worksheet><sheetData><row r="1"><c><v>1</v></c></row>`, "cut off"},
		{"cut off within a cell", `<worksheet><sheetData><row r="1"><c><v>1</v>`, "cut off"},
		{"not closed", data(`<row><c><v>1</c></row>`), "damaged"},
		{"nothing", ``, "no data"},
		{"a text that is missing", data(`<row><c t="s"><v>7</v></c></row>`), "cell A1 cannot be read (its text is missing)"},
		{"a formula without result", data(`<row r="3"><c r="B3"><f>1+1</f></c></row>`), "cell B3 holds a formula whose result is not in the file"},
		{"rows out of order", data(`<row r="2"/><row r="1"/>`), "row 1 follows row 2"},
		{"a row beyond the last", data(`<row r="1048577"/>`), "no sheet has more"},
		{"a column beyond the last", data(`<row><c r="XFE1"/></row>`), "has a cell"},
		{"cells out of order", data(`<row><c r="B1"/><c r="A1"/></row>`), "cell A1 follows cell B1"},
		{"too many columns", data(`<row>` + strings.Repeat("<c/>", 16_385) + `</row>`), "more than 16384 cells"},
		{"a text that is too long", data(`<row><c t="str"><v>` + strings.Repeat("x", 32_768) + `</v></c></row>`), "cell A1 holds more than 32767 characters"},
		{"a token that is too long", data(`<row><c t="str"><v>` + strings.Repeat("x", 2<<20) + `</v></c></row>`), "longer than a cell can hold"},
		{"a row that is too long", data(`<row>` + strings.Repeat(`<c t="str"><v>`+strings.Repeat("x", 30_000)+`</v></c>`, 40) + `</row>`), "the row holds more than"},
		{"a bomb", data(strings.Repeat("<!--"+strings.Repeat(" ", 500<<10)+"-->", 170)), "far more than its size"},
		{"nested", strings.Repeat("<a>", 100), "not well-formed"},
		{"an entity", `<!DOCTYPE x [<!ENTITY a "aaaa">]>` + data(`<row><c t="str"><v>&a;</v></c></row>`), "cannot be read"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := convert(raw(t, tt.sheet), "")
			if bad, ok := errors.AsType[*sheet.Error](err); !ok || !strings.Contains(bad.Message, tt.want) {
				t.Errorf("%v; want %q", err, tt.want)
			}
		})
	}
}

// TestRecognise: what is no workbook is named, with what to do.
func TestRecognise(t *testing.T) {
	read := func(name string) []byte {
		file, err := os.ReadFile(filepath.Join("../../testdata/xlsx", name))
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	var protected bytes.Buffer
	f := excelize.NewFile()
	if err := f.Write(&protected, excelize.Options{Password: "secret"}); err != nil {
		t.Fatal(err)
	}
	types := "[Content_Types].xml"
	for _, tt := range []struct {
		name string
		file []byte
		want string // "" if it is a workbook
	}{
		{"xlsx", read("people.xlsx"), ""},
		{"xls", read("people.xls"), "an old Excel workbook (.xls)"},
		{"ods", read("people.ods"), "OpenDocument spreadsheet (.ods)"},
		{"password", protected.Bytes(), "protected with a password"},
		{"xlsb", archive(t, map[string]string{types: "", "xl/workbook.bin": ""}), ".xlsb"},
		{"docx", archive(t, map[string]string{types: "", "_rels/.rels": "", "word/document.xml": ""}), "Word document"},
		{"numbers", archive(t, map[string]string{"Index/Document.iwa": ""}), "Numbers"},
		{"csv in a ZIP", archive(t, map[string]string{"offers.csv": "a,b"}), "unpack it and give the file in it (offers.csv)"},
		{"empty ZIP", archive(t, nil), "empty ZIP"},
		{"cut off", read("people.xlsx")[:3000], "damaged"},
		{"gsheet", []byte(`{"url": "https://docs.google.com/open?id=1", "doc_id": "1"}`), "link to a Google spreadsheet"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			is, err := sheet.Recognise(tt.file[:min(len(tt.file), 4096)], bytes.NewReader(tt.file), int64(len(tt.file)))
			if is != (tt.want == "") || err == nil != is || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, %v; want %q", is, err, tt.want)
			}
		})
	}
}

// TestLibreOffice has workbooks that LibreOffice has written.
func TestLibreOffice(t *testing.T) {
	for name, want := range map[string]string{
		"people.xlsx": "name,email,start,zip,share,salary,member,phone,full,bad\n\n\n" +
			"\"Zoë\nEk\",zoe@example.test,01.12.2026,00123,25%,\"42,000.50\",1,46701234567890,\"Zoë\nEk (123)\",#N/A\n",
		"german.xlsx": "E-Mail,Name,Start,Gehalt,PLZ\nada@example.test,Ada Müller,12/01/26,42000.5,123\nbo@example.test,\"Bo\nØstergård\",12/02/26,1000,4567\n",
	} {
		file, err := os.ReadFile(filepath.Join("../../testdata/xlsx", name))
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := convert(file, "")
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
}

// TestWriter: what is written is read back as it was.
func TestWriter(t *testing.T) {
	var b bytes.Buffer
	w, err := sheet.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, record := range [][]string{{"name", "code"}, {"=1+1", "00123"}, {"Zoë\nEk, \"Z\"", "TRUE"}, {"", strings.Repeat("x", 40_000)}} {
		if err := w.Write(record); err != nil {
			t.Fatal(err)
		}
	}
	if w.Flush(); w.Error() != nil {
		t.Fatal(w.Error())
	}
	got, _, err := convert(b.Bytes(), "")
	want := "name,code\n=1+1,00123\n\"Zoë\nEk, \"\"Z\"\"\",TRUE\n," + strings.Repeat("x", 32_764) + "...\n"
	if err != nil || got != want {
		t.Errorf("%.200q, %v", got, err)
	}
}

func FuzzConvert(f *testing.F) {
	for _, cells := range []string{
		`<c r="A1" t="s"><v>0</v></c>`, `<c s="1"><v>46357</v></c>`, `<c t="d" s="2"><v>2026-12-01</v></c>`,
		`<c t="inlineStr"><is><r><t>a_x000D_</t></r></is></c>`, `<c><f>1</f></c>`,
	} {
		f.Add(`<worksheet><cols><col min="1" max="2" hidden="1"/></cols><sheetData><row r="2" hidden="1">`+cells+`</row></sheetData><mergeCells><mergeCell ref="A1:B2"/></mergeCells></worksheet>`,
			`<sst><si><t>Ann</t></si></sst>`, `yyyy"-"mm;[Red]0.00E+00;@`)
	}
	f.Fuzz(func(t *testing.T, worksheet, shared, code string) {
		workbook := archive(t, map[string]string{
			"_rels/.rels":                `<Relationships><Relationship Id="r1" Type="http://x/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
			"xl/workbook.xml":            `<workbook xmlns:r="http://r"><sheets><sheet name="Sheet1" sheetId="1" r:id="r1"/></sheets></workbook>`,
			"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="r1" Type="http://x/worksheet" Target="s.xml"/><Relationship Type="http://x/styles" Target="y.xml"/><Relationship Type="http://x/sharedStrings" Target="t.xml"/></Relationships>`,
			"xl/s.xml":                   worksheet,
			"xl/t.xml":                   shared,
			"xl/y.xml":                   fmt.Sprintf(`<styleSheet><numFmts><numFmt numFmtId="200" formatCode="%s"/></numFmts><cellXfs><xf/><xf numFmtId="200"/><xf numFmtId="22"/></cellXfs></styleSheet>`, strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;").Replace(code)),
		})
		got, info, err := convert(workbook, "")
		if err == nil && info.LastRow > 0 && strings.Count(got, "\n") < info.LastRow {
			t.Errorf("%d rows in %q", info.LastRow, got)
		}
	})
}

// BenchmarkConvert compares with excelize's own streaming read of the same file.
func BenchmarkConvert(b *testing.B) {
	const n = 100_000
	f := excelize.NewFile()
	w, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		b.Fatal(err)
	}
	date, err := f.NewStyle(&excelize.Style{NumFmt: 14})
	if err != nil {
		b.Fatal(err)
	}
	for i := range n {
		at := fmt.Sprintf("A%d", i+1)
		if err := w.SetRow(at, []any{fmt.Sprintf("A-%d", i), "Employee", 1, "Ann Ek", fmt.Sprintf("a%d@example.test", i), 42000 + i, excelize.Cell{StyleID: date, Value: 46000 + i%900}, "Stockholm", "gold", 4711}); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	var file bytes.Buffer
	if _, err := f.WriteTo(&file); err != nil {
		b.Fatal(err)
	}
	var theirs, ours float64
	for b.Loop() {
		theirs += seconds(b, func() error {
			book, err := excelize.OpenReader(bytes.NewReader(file.Bytes()))
			if err != nil {
				return err
			}
			defer book.Close()
			rows, err := book.Rows("Sheet1")
			if err != nil {
				return err
			}
			for rows.Next() {
				if _, err := rows.Columns(); err != nil {
					return err
				}
			}
			return rows.Close()
		})
		ours += seconds(b, func() error {
			_, _, err := convert(file.Bytes(), "")
			return err
		})
	}
	b.ReportMetric(ours/theirs, "x-excelize")
	b.ReportMetric(ours/float64(b.N)/n*1e9, "ns/row")
}

func seconds(b *testing.B, do func() error) float64 {
	b.Helper()
	start := time.Now()
	if err := do(); err != nil {
		b.Fatal(err)
	}
	return time.Since(start).Seconds()
}
