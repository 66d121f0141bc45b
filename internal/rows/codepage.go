package rows

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"

	"batchsend/template"
)

// The names by which the encodings that need no guess are shown.
const (
	nameUTF8       = "UTF-8"
	nameMarkedUTF8 = "UTF-8 with byte-order mark"
	nameUTF16      = "UTF-16"
	nameBareUTF16  = "UTF-16 without byte-order mark"
)

// dosPages are the code pages of DOS that the index of the web's encodings lacks.
var dosPages = map[string]encoding.Encoding{
	"ibm437": charmap.CodePage437, "ibm850": charmap.CodePage850, "ibm852": charmap.CodePage852,
	"ibm855": charmap.CodePage855, "ibm858": charmap.CodePage858, "ibm860": charmap.CodePage860,
	"ibm862": charmap.CodePage862, "ibm863": charmap.CodePage863, "ibm865": charmap.CodePage865,
}

// encodingNames are the usual names of encodings, which messages offer. Many more
// are taken.
var encodingNames = []string{
	"utf-8", "utf-16", "utf-16le", "utf-16be",
	"windows-1250", "windows-1251", "windows-1252", "windows-1253", "windows-1254", "windows-1255", "windows-1256", "windows-1257", "windows-1258", "windows-874",
	"iso-8859-1", "iso-8859-2", "iso-8859-3", "iso-8859-4", "iso-8859-5", "iso-8859-6", "iso-8859-7", "iso-8859-8", "iso-8859-9", "iso-8859-10",
	"iso-8859-13", "iso-8859-14", "iso-8859-15", "iso-8859-16", "latin1", "latin2",
	"macintosh", "x-mac-cyrillic", "koi8-r", "koi8-u",
	"ibm437", "ibm850", "ibm852", "ibm855", "ibm858", "ibm860", "ibm862", "ibm863", "ibm865", "ibm866",
	"shift_jis", "euc-jp", "iso-2022-jp", "gbk", "gb18030", "big5", "euc-kr",
}

// EncodingNames returns the usual names of encodings.
func EncodingNames() []string { return slices.Clone(encodingNames) }

// CheckEncoding fails if no encoding has that name. The names are those of the
// web, as in golang.org/x/text/encoding/htmlindex, and ibm437, ibm850 and others of
// DOS, which may also be written cp850 and 850. Upper and lower case do not matter.
func CheckEncoding(name string) error {
	if _, _, ok := findEncoding(name); ok {
		return nil
	}
	message := "no encoding has that name."
	if i := template.Nearest(name, encodingNames); i >= 0 {
		message = fmt.Sprintf("no encoding has that name: did you mean %s?", encodingNames[i])
	}
	return errors.New(message + " Usual ones are utf-8, utf-16, windows-1250 (Central European), windows-1251 (Cyrillic), windows-1252 (Western European), macintosh (Excel for Mac) and ibm850 (DOS)")
}

// findEncoding returns the encoding of a name, and how it is shown.
func findEncoding(name string) (e encoding.Encoding, shown string, ok bool) {
	name = strings.ToLower(strings.TrimSpace(name))
	for _, prefix := range []string{"", "cp", "ibm-", "dos-", "cp-"} {
		number, cut := strings.CutPrefix(name, prefix)
		if e, ok := dosPages["ibm"+strings.TrimPrefix(number, "ibm")]; cut && ok {
			return e, "ibm" + strings.TrimPrefix(number, "ibm"), true
		}
	}
	if slices.Contains([]string{"macroman", "mac-roman", "mac roman"}, name) {
		name = "macintosh"
	}
	e, err := htmlindex.Get(name)
	if err != nil {
		return nil, "", false
	}
	shown, err = htmlindex.Name(e)
	switch {
	case err != nil, shown == "replacement", shown == "x-user-defined":
		return nil, "", false
	case strings.HasPrefix(shown, "windows-"):
		shown = "W" + shown[1:]
	case strings.HasPrefix(shown, "utf-"):
		shown = strings.ToUpper(shown)
	}
	return e, shown, true
}
