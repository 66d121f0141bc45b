package rows

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gogs/chardet"
	"golang.org/x/text/encoding"

	"batchsend/envelope"
)

// Guess says how a file was read that is not Unicode and does not tell what it is.
type Guess struct {
	Encoding string // as [Options] take it
	// Certain is set if the words of the file speak for a Western European code page
	// and against all others whose text would differ. Any other guess leaves a doubt.
	Certain bool
	Rivals  []string      // other encodings that the words allow, the likeliest first
	Cells   []GuessedCell // the first cells whose text depends on the guess
}

// GuessedCell is a cell whose text depends on a guess.
type GuessedCell struct {
	Line, Column    int // from 1
	Text, Otherwise string
	Other           string // the encoding that makes Otherwise of it
}

// shownCells is how many cells a guess shows.
const shownCells = 3

// String shows the cells.
func (g *Guess) String() string {
	var b strings.Builder
	for i, c := range g.Cells {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "line %d column %d %q", c.Line, c.Column, envelope.Short(c.Text))
		if c.Otherwise != "" && !g.Certain {
			fmt.Fprintf(&b, " (as %s: %q)", c.Other, envelope.Short(c.Otherwise))
		}
	}
	return b.String()
}

// Doubt tells of a guess that is not certain: on which line it first matters, what
// depends on it, and what to do.
func (g *Guess) Doubt() (line int, message string) {
	line = 1
	message = fmt.Sprintf("the file is not Unicode and does not say what it is; %s is a guess", g.Encoding)
	if len(g.Cells) > 0 {
		line = g.Cells[0].Line
		message += ", and names would be mailed garbled if it is wrong: " + g.String()
	}
	message += fmt.Sprintf(". If that is right, give --encoding %s; if not, the right one", strings.ToLower(g.Encoding))
	if len(g.Rivals) > 0 {
		message += " (perhaps " + strings.ToLower(strings.Join(g.Rivals[:min(3, len(g.Rivals))], ", ")) + ")"
	}
	return line, message + ", or save the file as \"CSV UTF-8\""
}

// candidates are the encodings that a guess chooses from, the most usual first. What
// the detector finds beside them is added.
var candidates = []string{
	"windows-1252", "windows-1250", "windows-1251", "macintosh", "ibm850", "windows-1254", "iso-8859-15", "iso-8859-2", "windows-1257",
	"ibm852", "ibm437", "windows-1253", "windows-1255", "windows-1256", "windows-874", "koi8-r", "ibm866", "x-mac-cyrillic", "iso-8859-5",
}

// usual is the candidate that needs no confirmation if the words speak for it.
const usual = "windows-1252"

// reading is how the words of a file look in an encoding.
type reading struct {
	name       string
	decoder    *encoding.Decoder
	confidence int // of the detector, 0 to 100
	words      []string
	bad        []bool // which of the words are not plausible
	badCount   int
}

// guess finds out how raw, which is not UTF-8, is encoded.
func guess(raw *io.SectionReader) (*Guess, error) {
	words, sample, err := oddWords(raw)
	if err != nil {
		return nil, err
	}
	all := readings(words, sample)
	slices.SortStableFunc(all, func(a, b *reading) int {
		return cmp.Or(cmp.Compare(a.badCount, b.badCount), cmp.Compare(b.confidence, a.confidence))
	})
	best, western := all[0], all[slices.IndexFunc(all, func(r *reading) bool { return r.name == usual })]
	g := &Guess{Certain: slices.Equal(best.words, western.words) && best.badCount*20 <= len(words)}
	name := best.name
	if slices.Equal(best.words, western.words) {
		name = usual
	}
	_, g.Encoding, _ = findEncoding(name)
	for _, other := range all {
		if !best.rulesOut(other) {
			_, shown, _ := findEncoding(other.name)
			g.Rivals = append(g.Rivals, shown)
			g.Certain = false
		}
	}
	return g, nil
}

// rulesOut reports whether another reading need not be considered: it gives the same
// text, or its text is implausible in half of the words where it differs, and in more
// than four times as many words as this one.
func (r *reading) rulesOut(other *reading) bool {
	differ, bad := 0, 0
	for i, word := range other.words {
		if word != r.words[i] {
			differ++
			if other.bad[i] {
				bad++
			}
		}
	}
	return differ == 0 || bad > 4*r.badCount && 2*bad >= differ
}

// readings reads the words in every encoding that they may be in. The detector
// is ICU's: it knows how often letters follow each other in a language, and how the
// characters of East Asian encodings are made up, but no code page of DOS and Mac,
// and of names alone it is rarely sure.
func readings(words []string, sample []byte) (all []*reading) {
	confidence := map[string]int{}
	names := slices.Clone(candidates)
	found, _ := chardet.NewTextDetector().DetectAll(sample) // an error says that it finds none
	for _, f := range found {
		_, shown, ok := findEncoding(f.Charset)
		name := strings.ToLower(shown)
		if !ok || strings.HasPrefix(name, "utf-") {
			continue
		}
		if windows, ok := windowsPage[name]; ok {
			name = windows
		}
		confidence[name] = max(confidence[name], f.Confidence)
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	// The detector works in parallel: equally sure results come in any order.
	slices.SortFunc(names[len(candidates):], func(a, b string) int {
		return cmp.Or(cmp.Compare(strings.Index(asian, a), strings.Index(asian, b)), strings.Compare(a, b))
	})
	for _, name := range names {
		e, _, _ := findEncoding(name)
		r := &reading{name: name, decoder: e.NewDecoder(), confidence: confidence[name], words: make([]string, len(words)), bad: make([]bool, len(words))}
		for i, word := range words {
			text, err := r.decoder.String(word)
			r.words[i] = text
			if r.bad[i] = err != nil || !plausible(text, name); r.bad[i] {
				r.badCount++
			}
		}
		all = append(all, r)
	}
	return all
}

// windowsPage are the code pages that Windows writes instead of the detector's.
var windowsPage = map[string]string{
	"iso-8859-2": "windows-1250", "iso-8859-6": "windows-1256", "iso-8859-7": "windows-1253", "iso-8859-8": "windows-1255", "iso-8859-8-i": "windows-1255",
}

const (
	// maxWords is how many different words a guess rests on.
	maxWords = 1 << 12
	// maxWord is how long a word is at most, in bytes.
	maxWord = 64
	// maxSample is how much text the detector gets, in bytes.
	maxSample = 64 << 10
)

// oddWords returns the words with bytes beyond ASCII, each once, and a sample of the
// lines that hold them.
func oddWords(raw *io.SectionReader) (words []string, sample []byte, err error) {
	r := bufio.NewReaderSize(io.NewSectionReader(raw, 0, raw.Size()), usualBlock)
	seen := map[string]bool{}
	var word, line []byte
	odd, oddLine := false, false
	for len(words) < maxWords {
		c, err := r.ReadByte()
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, nil, err
		}
		ended := err != nil
		switch {
		case !ended && c >= utf8.RuneSelf:
			odd, oddLine = true, true
			fallthrough
		case !ended && alphanumeric(c):
			if len(word) < maxWord {
				word = append(word, c)
			}
		default:
			if odd && !seen[string(word)] {
				seen[string(word)] = true
				words = append(words, string(word))
			}
			word, odd = word[:0], false
		}
		if len(line) < maxSample {
			line = append(line, c)
		}
		if ended || c == '\n' || c == '\r' {
			if oddLine && len(sample) < maxSample {
				sample = append(sample, line...)
			}
			line, oddLine = line[:0], false
		}
		if ended {
			return words, sample, nil
		}
	}
	return words, sample, nil
}

// showCells finds the first cells whose text depends on the guess.
func (f *File) showCells() error {
	from, _, _ := findEncoding(f.guess.Encoding)
	var other *encoding.Decoder
	otherName := "Windows-1252"
	if len(f.guess.Rivals) > 0 {
		otherName = f.guess.Rivals[0]
	}
	if otherName != f.guess.Encoding {
		e, _, _ := findEncoding(otherName)
		other = e.NewDecoder()
	}
	look := func(row envelope.Row) {
		for i, cell := range row.Cells {
			if isASCII(cell) || len(f.guess.Cells) == shownCells {
				continue
			}
			shown := GuessedCell{Line: row.Line, Column: i + 1, Text: cell}
			if other != nil {
				bytes, err := from.NewEncoder().String(cell)
				if err == nil {
					shown.Otherwise, err = other.String(bytes)
				}
				if err != nil || shown.Otherwise == cell {
					if len(f.guess.Rivals) > 0 {
						continue // it says the same either way
					}
					shown.Otherwise = ""
				}
				shown.Other = otherName
			}
			f.guess.Cells = append(f.guess.Cells, shown)
		}
	}
	look(envelope.Row{Position: f.format.HeaderAt, Cells: f.format.Header})
	for r := f.Rows(); len(f.guess.Cells) < shownCells; {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		look(row)
	}
	return nil
}
