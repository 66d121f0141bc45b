package rows

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// alphabet is how the names of a language are written beyond ASCII, in lower case.
// Rules of spelling tell apart letters that share a byte: "Muñoz" may be Spanish,
// but "Muńoz" is not Polish, which has no ń before a vowel.
type alphabet struct {
	pages   string // the code pages in which it is written
	letters string
	// Of the letters, those that stand only
	afterVowel     string
	beforeVowel    string
	notBeforeVowel string // or at the end
	alone          string // without a vowel on either side
	besideVowel    string // or beside a syllabic r or l, or at the beginning
	atEnds         string // at the beginning or the end

	next map[rune]string // the letters that may follow, "$" for the end
}

const (
	western = "windows-1252 windows-1254 iso-8859-15 macintosh ibm437 ibm850"
	windows = "windows-1252 iso-8859-15"
	central = "windows-1250 iso-8859-2 ibm852"
	baltic  = "windows-1257"
	asian   = "shift_jis gb18030 big5 euc-kr euc-jp iso-2022-jp gbk"

	vowels = "aeiouyáéíóúýäëïöüâêîôûàèìòùãõåæøœąęěůőűăāēīūėįųı"
)

var alphabets = []alphabet{
	{pages: western + " " + central, letters: "äöüßé", afterVowel: "ß"},                                                              // German
	{pages: western, letters: "àâæçéèêëîïôœùûüÿ", next: map[rune]string{'ç': "aoueâô", 'ÿ': "$"}},                                    // French
	{pages: western, letters: "áéíñóúü", beforeVowel: "ñ"},                                                                           // Spanish
	{pages: western, letters: "àçéèíïóòúü", next: map[rune]string{'ç': "aou$"}},                                                      // Catalan
	{pages: western, letters: "áâãàçéêíóôõúü", next: map[rune]string{'õ': "e", 'ã': "oesn$", 'ç': "aouáâãóôõú"}},                     // Portuguese
	{pages: western, letters: "àèéìíîòóù"},                                                                                           // Italian
	{pages: western, letters: "éëïöüèêáó"},                                                                                           // Dutch
	{pages: western, letters: "åäöéü"},                                                                                               // Swedish, Finnish
	{pages: western, letters: "æøåéü"},                                                                                               // Danish, Norwegian
	{pages: windows, letters: "áðéíóúýþæö", next: map[rune]string{'þ': "aeiouyáéíóúýæörjv"}},                                         // Icelandic
	{pages: windows + " " + baltic, letters: "äöõüšž"},                                                                               // Estonian
	{pages: "windows-1254", letters: "çğıöşüâîû\u0307"},                                                                              // Turkish
	{pages: central, letters: "ąćęłńóśźż", notBeforeVowel: "ąęńśź", besideVowel: "ćńśźż"},                                            // Polish
	{pages: central, letters: "áčďéěíňóřšťúůýž", alone: "ěů", besideVowel: "čďňšťž", next: map[rune]string{'ř': vowels + "knbmct$"}}, // Czech
	{pages: central, letters: "áäčďéíľňóôšťúýž", besideVowel: "čďľňšťž"},                                                             // Slovak
	{pages: central, letters: "áéíóöőúüű", alone: "őű"},                                                                              // Hungarian
	{pages: central, letters: "ăâîşţéáöü", next: map[rune]string{'ă': "bcdfghijlmnprsştţuvxz$"}},                                     // Romanian
	{pages: central, letters: "čćđšž", besideVowel: "čćđšž"},                                                                         // Croatian, Slovene
	{pages: baltic, letters: "āčēģīķļņšūž", alone: "āēīū", besideVowel: "čģķļņž"},                                                    // Latvian
	{pages: baltic, letters: "ąčęėįšųūž", alone: "ąęėįųū", besideVowel: "čšž", atEnds: "įų"},                                         // Lithuanian
}

// scripts are the other scripts than Latin, with the code pages that have them.
var scripts = []struct {
	script []*unicode.RangeTable
	pages  string
}{
	{[]*unicode.RangeTable{unicode.Cyrillic}, "windows-1251 koi8-r koi8-u iso-8859-5 ibm866 x-mac-cyrillic"},
	{[]*unicode.RangeTable{unicode.Greek}, "windows-1253 iso-8859-7"},
	{[]*unicode.RangeTable{unicode.Hebrew}, "windows-1255 iso-8859-8 iso-8859-8-i"},
	{[]*unicode.RangeTable{unicode.Arabic}, "windows-1256 iso-8859-6"},
	{[]*unicode.RangeTable{unicode.Thai}, "windows-874"},
	{[]*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul}, asian},
}

// plausible reports whether a word may be written like that in a code page: its signs
// and capitals stand where they may, and one language has all its letters.
func plausible(word, page string) bool {
	if !wellJoined(word) {
		return false
	}
	for part := range strings.FieldsFuncSeq(strings.ToLower(word), func(r rune) bool { return !isLetter(r) }) {
		if !isASCII(part) && !inAlphabet([]rune(part), page) && !inScript(part, page) {
			return false
		}
	}
	return true
}

// isLetter counts the dot that lower case leaves of a Turkish İ.
func isLetter(r rune) bool { return unicode.IsLetter(r) && r != 'ª' && r != 'º' || r == '\u0307' }

// inScript reports whether all letters are of one script that the code page has.
func inScript(word, page string) bool {
	for _, s := range scripts {
		if contains(s.pages, page) && strings.IndexFunc(word, func(r rune) bool { return !unicode.In(r, s.script...) }) < 0 {
			return true
		}
	}
	return false
}

// inAlphabet reports whether some language of the code page may have the word.
func inAlphabet(word []rune, page string) bool {
	if len(word) == 1 && !strings.ContainsRune("àéèóíôöøåúü", word[0]) {
		return false // neither a word nor an initial
	}
	for i := range alphabets {
		if a := &alphabets[i]; contains(a.pages, page) && a.has(word) {
			return true
		}
	}
	return false
}

// has reports whether a word obeys the language's rules.
func (a *alphabet) has(word []rune) bool {
	at := func(i int) rune {
		if i < 0 || i >= len(word) {
			return '$'
		}
		return word[i]
	}
	vowel := func(i int) bool { return strings.ContainsRune(vowels, at(i)) }
	// syllabic: the r of "Krč", the l of "Vlček"
	syllabic := func(i int) bool {
		return (at(i) == 'r' || at(i) == 'l') && !vowel(i-1) && !vowel(i+1)
	}
	for i, r := range word {
		if r < utf8.RuneSelf {
			continue
		}
		is := func(letters string) bool { return strings.ContainsRune(letters, r) }
		next, limited := a.next[r]
		switch {
		case !is(a.letters),
			is(a.afterVowel) && !vowel(i-1),
			is(a.beforeVowel) && !vowel(i+1),
			is(a.notBeforeVowel) && vowel(i+1),
			is(a.alone) && (vowel(i-1) && at(i-1) != 'y' || vowel(i+1) && at(i+1) != 'y'),
			is(a.besideVowel) && i > 0 && !vowel(i-1) && !vowel(i+1) && !syllabic(i-1) && !syllabic(i+1),
			is(a.atEnds) && i > 0 && i < len(word)-1,
			limited && !strings.ContainsRune(next, at(i+1)),
			r == 'ř' && !vowel(i-1) && !vowel(i+1):
			return false
		}
	}
	return true
}

// contains reports whether a list separated by spaces has a name.
func contains(list, name string) bool {
	for item := range strings.FieldsSeq(list) {
		if item == name {
			return true
		}
	}
	return false
}

// The signs that may stand right before letters, and right behind them.
const (
	openingSigns = "«“„‘‚¿¡\u00a0"
	closingSigns = "»”’“‘…™®©ªº\u00a0"
)

// wellJoined reports whether no sign stands amid the letters of a word but an
// apostrophe, a dash or a space, and no capital behind a small letter where one of
// them is beyond ASCII.
func wellJoined(word string) bool {
	all := []rune(word)
	at := func(i int) rune {
		if i < 0 || i >= len(all) {
			return ' '
		}
		return all[i]
	}
	for i, r := range all {
		before, behind := at(i-1), at(i+1)
		between := isLetter(before) && isLetter(behind)
		switch {
		case r < utf8.RuneSelf:
			if unicode.IsUpper(r) && unicode.IsLower(before) && before >= utf8.RuneSelf {
				return false
			}
		case r == utf8.RuneError, unicode.IsControl(r), unicode.In(r, unicode.Co):
			return false
		case isLetter(r):
			switch {
			case unicode.IsDigit(before), unicode.IsDigit(behind),
				unicode.IsUpper(r) && unicode.IsLower(before),
				unicode.IsLower(r) && unicode.IsUpper(before) && unicode.IsUpper(at(i-2)):
				return false
			}
		case between && r == '–': // Lind–Alm
			if !unicode.IsUpper(behind) {
				return false
			}
		case between && r == '’': // O’Brien, d’Orves, Anna’s; but not Mart’nez
			if !unicode.IsUpper(behind) && isLetter(at(i-2)) && isLetter(at(i+2)) {
				return false
			}
		case isLetter(before) && !strings.ContainsRune(closingSigns, r),
			isLetter(behind) && !strings.ContainsRune(openingSigns, r):
			return false
		}
	}
	return true
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}
