package rows_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"

	"batchsend/envelope"
	"batchsend/internal/rows"
)

// saved returns a file of names as a program saves it in a code page.
func saved(t testing.TB, page string, names ...string) string {
	t.Helper()
	e := map[string]encoding.Encoding{"ibm437": charmap.CodePage437, "ibm850": charmap.CodePage850, "ibm852": charmap.CodePage852}[page]
	if e == nil {
		var err error
		if e, err = htmlindex.Get(page); err != nil {
			t.Fatal(err)
		}
	}
	var b strings.Builder
	b.WriteString("name,email\r\n")
	for i, name := range names {
		fmt.Fprintf(&b, "%s,person.%d@example.test\r\n", name, i)
	}
	text, err := e.NewEncoder().String(b.String())
	if err != nil {
		t.Fatal(page, err)
	}
	return text
}

// TestGuess: only ordinary names of Western Europe are read without a doubt. What
// else is not Unicode is a guess that must be confirmed, and nearly always the right
// one.
func TestGuess(t *testing.T) {
	for _, tt := range []struct {
		page    string
		names   string
		certain bool
		wrong   bool // the guess is known to be another: it must leave a doubt
	}{
		{"windows-1252", "Åsa Ek|Jörg Müller|Örjan Håkansson", true, false},
		{"windows-1252", "René Lefèvre|Hélène Duchâteau|François Noël", true, false},
		{"windows-1252", "José García|María Muñoz|Begoña Núñez", true, false},
		{"windows-1252", "Søren Kjær|Jørgen Møller|Åse Ødegård", true, false},
		{"windows-1252", "João Simões|Conceição Gonçalves|Inês Guimarães", true, false},
		{"windows-1252", "Günther Groß|Jürgen Weiß", true, false},
		{"windows-1252", "Nicolò Forlì|Niccolò Cantù", true, false},
		{"windows-1252", "Guðrún Þórsdóttir|Sigríður Ægisdóttir", true, false},
		{"windows-1252", "Seán O’Brien|Zoë Smith – “ZS”", true, false},
		{"windows-1252", "ANDRÉ MÜLLER|JOSÉ PEÑA", true, false},
		{"windows-1252", "Frej\u00a0Alm|Bo Lind", true, false},
		{"windows-1252", "Tomáš Novák", true, false}, // the same in Windows-1250
		{"windows-1250", "Łukasz Żak|Jiří Dvořák", false, false},
		{"windows-1250", "Paweł Wójcik|Michał Zieliński|Małgorzata Dąbrowska", false, false},
		{"windows-1250", "Přibyl", false, true},
		{"windows-1250", "Kučera|Přibyl|Blažek", false, true},
		{"windows-1250", "Erdős", false, true},
		{"windows-1250", "Győző Erdős|Fűzfa Ödön", false, true},
		{"windows-1250", "Kovač|Ćwik", false, true},
		{"windows-1250", "Ştefănescu|Ionuţ Brătianu", false, false},
		{"windows-1250", "Luka Kovačević|Đorđe Šarić", false, false},
		{"iso-8859-2", "Łukasz Żak|Zuzana Šťastná|Jiří Dvořák", false, false},
		{"windows-1251", "Иван Петров|Ольга Лис", false, false},
		{"windows-1251", "Пётр Ильич|Артём Королёв", false, false},
		{"koi8-r", "Иван Петров|Ольга Кузнецова|Сергей Смирнов", false, false},
		{"windows-1253", "Γιώργος Παπαδόπουλος|Ελένη Νικολάου", false, false},
		{"windows-1254", "Şahin Yıldız|Ayşe Çağlar", false, false},
		{"windows-1257", "Jānis Bērziņš|Kļaviņš", false, false},
		{"macintosh", "Sétio Alm|João Lind", false, false},
		{"macintosh", "Jürgen Müller|Hélène Martínez", false, false},
		{"macintosh", "Martínez|Muñoz", false, false},
		{"ibm850", "André Müller|Jörg Groß", false, false},
		{"ibm852", "Łukasz Żak|Jiří Dvořák", false, false},
		{"shift_jis", "山田太郎|鈴木一郎|佐藤花子|高橋健一", false, false},
		{"gb18030", "王小明|李建国|张伟|刘洋", false, false},
	} {
		names := strings.Split(tt.names, "|")
		file, err := rows.Open("in.csv", strings.NewReader(saved(t, tt.page, names...)), rows.Options{KnownColumn: envelope.KnownColumn})
		if err != nil {
			t.Errorf("%s %s: %v", tt.page, tt.names, err)
			continue
		}
		g := file.Guess()
		if g == nil {
			t.Errorf("%s %s: it is taken for %s", tt.page, tt.names, file.Format().Encoding)
			continue
		}
		var got []string
		for _, row := range readAll(t, file) {
			got = append(got, row.Cells[0])
		}
		right := slices.Equal(got, names)
		if g.Certain != tt.certain || right == tt.wrong {
			t.Errorf("%s %s: read as %s, %v, certain: %v, rivals %v, cells %v", tt.page, names, g.Encoding, got, g.Certain, g.Rivals, g.Cells)
		}
		if len(g.Cells) == 0 {
			t.Errorf("%s %s: no cell is shown", tt.page, names)
		}
		if _, err := rows.Open("in.csv", strings.NewReader(saved(t, tt.page, names...)), rows.Options{KnownColumn: envelope.KnownColumn, Encoding: g.Encoding}); err != nil {
			t.Errorf("%s %s: its own guess is refused: %v", tt.page, names, err)
		}
	}
}

// FuzzEncodings: whatever the bytes and whatever is said of them, a file is refused as a
// whole or read as valid UTF-8; a guess is one that may be said, with the same result.
func FuzzEncodings(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed), "", uint8(0), uint8(0))
	}
	for _, page := range []string{"windows-1252", "macintosh", "ibm850"} {
		f.Add([]byte(saved(f, page, "José Müller", "Hélène Ek")), page, uint8(';'), uint8(1))
	}
	f.Add([]byte(saved(f, "windows-1251", "Пётр Ильич")), "koi8-r", uint8(','), uint8(2))
	f.Fuzz(func(t *testing.T, raw []byte, name string, delimiter, header uint8) {
		options := rows.Options{KnownColumn: envelope.KnownColumn, HeaderRow: int(header)}
		if rows.CheckEncoding(name) == nil {
			options.Encoding = name
		}
		if d, err := rows.ParseDelimiter(string(rune(delimiter))); err == nil {
			options.Delimiter = d
		}
		open := func() *rows.File {
			file, err := rows.Open("in.csv", strings.NewReader(string(raw)), options)
			if err != nil {
				if problems, ok := errors.AsType[envelope.Problems](err); !ok || len(problems) != 1 || problems[0].Line < 1 {
					t.Fatalf("Open: %v", err)
				}
				return nil
			}
			return file
		}
		file := open()
		if file == nil {
			return
		}
		defer file.Close()
		text := file.Text()
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			t.Fatalf("%q is read as %q", raw, text)
		}
		for _, row := range readAll(t, file) {
			if row.Line < file.Format().HeaderAt.Line {
				t.Fatalf("a row on line %d, above the header", row.Line)
			}
		}
		g := file.Guess()
		if g == nil {
			return
		}
		if options.Encoding = g.Encoding; rows.CheckEncoding(g.Encoding) != nil {
			t.Fatalf("%s is no name", g.Encoding)
		}
		if again := open(); again != nil { // the guess may lack some of the bytes
			defer again.Close()
			if again.Text() != text {
				t.Fatalf("%q is read otherwise as %s", raw, g.Encoding)
			}
		}
	})
}
