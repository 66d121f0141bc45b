package sheet

import (
	"archive/zip"
	"bufio"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"

	"golang.org/x/net/html/charset"
)

// parser reads the XML of a part, which may be of any size.
type parser struct {
	*xml.Decoder
	in    *bounded
	close func() error
	depth int
}

// maxDepth is how deep elements may be nested. Excel needs fewer than ten.
const maxDepth = 64

func openParser(part *zip.File) (*parser, error) {
	r, err := part.Open()
	if err != nil {
		return nil, damaged("a part cannot be unpacked")
	}
	total := int64(min(part.CompressedSize64, maxPart))
	in := &bounded{r: bufio.NewReaderSize(r, 64<<10), total: min(maxPart, unpackedAnyway+maxRatio*total)}
	d := xml.NewDecoder(in)
	d.CharsetReader = charset.NewReaderLabel
	return &parser{Decoder: d, in: in, close: r.Close}, nil
}

// next returns the next tag or text, or [io.EOF] after the last. Text is valid until
// the next call. It takes [xml.Decoder.RawToken], which is much faster, so that the
// names of tags are not compared with each other.
func (p *parser) next() (xml.Token, error) {
	p.in.token = maxToken
	token, err := p.RawToken()
	switch {
	case errors.Is(err, io.EOF) && p.depth == 0:
		return nil, io.EOF
	case errors.Is(err, errTotal):
		return nil, tooMuch("the workbook unpacks to far more than its size, as if it were made to fill the memory")
	case errors.Is(err, errToken):
		return nil, tooMuch("a text of the workbook is longer than a cell can hold (%d characters)", maxCellCharacters)
	case err != nil:
		return nil, damaged("its XML is cut off or cannot be read")
	}
	switch token.(type) {
	case xml.StartElement:
		p.depth++
	case xml.EndElement:
		p.depth--
	}
	if p.depth < 0 || p.depth > maxDepth {
		return nil, damaged("its XML is not well-formed")
	}
	return token, nil
}

var (
	errToken = errors.New("the token is too long")
	errTotal = errors.New("the part is too long")
)

// bounded reads no more than that many bytes for a token and in all.
type bounded struct {
	r            *bufio.Reader
	token, total int64
}

// ReadByte implements [io.ByteReader], by which [xml.Decoder] reads.
func (b *bounded) ReadByte() (byte, error) {
	if b.token--; b.token < 0 {
		return 0, errToken
	}
	if b.total--; b.total < 0 {
		return 0, errTotal
	}
	return b.r.ReadByte()
}

// Read implements [io.Reader].
func (b *bounded) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c, err := b.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = c
	return 1, nil
}

// texts collects the text of an element that may be in several formats: <t>, or
// <r><t> for each part. What <rPh> holds is how it is pronounced.
type texts struct {
	text     strings.Builder
	inText   bool
	phonetic bool
}

func (t *texts) reset() { *t = texts{} }

// see takes notice of a token within the element.
func (t *texts) see(token xml.Token) {
	switch e := token.(type) {
	case xml.StartElement:
		switch e.Name.Local {
		case "rPh":
			t.phonetic = true
		case "t":
			t.inText = !t.phonetic
		}
	case xml.EndElement:
		switch e.Name.Local {
		case "rPh":
			t.phonetic = false
		case "t":
			t.inText = false
		}
	case xml.CharData:
		if t.inText && t.text.Len() <= maxToken {
			t.text.Write(e)
		}
	}
}

// unescape replaces _xHHHH_, as which Excel writes a UTF-16 unit that XML cannot
// hold.
func unescape(text string) string {
	at := strings.Index(text, "_x")
	if at < 0 {
		return text
	}
	var b strings.Builder
	for ; at >= 0; at = strings.Index(text, "_x") {
		b.WriteString(text[:at])
		text = text[at:]
		if len(text) >= 7 && text[6] == '_' {
			if unit, err := strconv.ParseUint(text[2:6], 16, 16); err == nil && !utf16.IsSurrogate(rune(unit)) {
				b.WriteRune(rune(unit))
				text = text[7:]
				continue
			}
		}
		b.WriteString(text[:2])
		text = text[2:]
	}
	b.WriteString(text)
	return b.String()
}

// tooLong reports whether a text is longer than a cell can hold.
func tooLong(text string) bool {
	if len(text) <= maxCellCharacters {
		return false
	}
	units := 0
	for _, r := range text {
		units += utf16.RuneLen(r)
	}
	return units > maxCellCharacters
}
