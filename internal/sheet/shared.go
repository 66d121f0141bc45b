package sheet

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"io"

	"batchsend/internal/spool"
)

// shared are the texts that cells share. They are in a temporary file if they
// are many.
type shared struct {
	text *spool.Spool
	ends []int64 // of each text, in the spool

	// window is a part of the spool: cells mostly take texts in their order.
	window string
	from   int64
}

// windowSize is how much of the texts is read at once, in bytes.
const windowSize = 64 << 10

// read reads the part that holds the texts.
func (s *shared) read(part *zip.File) error {
	p, err := openParser(part)
	if err != nil {
		return err
	}
	defer p.close()
	var item texts
	inItem := false
	buf := make([]byte, 0, windowSize)
	end := int64(0)
	for {
		token, err := p.next()
		if errors.Is(err, io.EOF) {
			_, err = s.text.Write(buf)
			return err
		}
		if err != nil {
			return err
		}
		switch e := token.(type) {
		case xml.StartElement:
			if e.Name.Local == "si" {
				inItem = true
				item.reset()
			}
		case xml.EndElement:
			if e.Name.Local != "si" || !inItem {
				break
			}
			inItem = false
			text := unescape(item.text.String())
			if end += int64(len(text)); end > maxText || len(s.ends) == maxShared {
				return tooMuch("the workbook holds more text than a file of envelopes can")
			}
			s.ends = append(s.ends, end)
			if len(buf) > 0 && len(buf)+len(text) > windowSize {
				if _, err := s.text.Write(buf); err != nil {
					return err
				}
				buf = buf[:0]
			}
			buf = append(buf, text...)
		}
		if inItem {
			item.see(token)
		}
	}
}

// at returns a text by its number. ok is not set if there is none.
func (s *shared) at(n int) (text string, ok bool, err error) {
	if n < 0 || n >= len(s.ends) {
		return "", false, nil
	}
	start, end := int64(0), s.ends[n]
	if n > 0 {
		start = s.ends[n-1]
	}
	if start < s.from || end > s.from+int64(len(s.window)) {
		all := s.text.Section()
		buf := make([]byte, min(max(end-start, windowSize), all.Size()-start))
		if _, err := all.ReadAt(buf, start); err != nil && !errors.Is(err, io.EOF) {
			return "", false, err
		}
		s.window, s.from = string(buf), start
	}
	return s.window[start-s.from : end-s.from], true, nil
}
