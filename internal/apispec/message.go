package apispec

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"mime"
)

// plain returns the body without its Content-Encoding, and whether it could.
func (m message) plain() ([]byte, bool) {
	switch m.header.Get("Content-Encoding") {
	case "", "identity":
		return m.body, true
	case "gzip":
		r, err := gzip.NewReader(bytes.NewReader(m.body))
		if err != nil {
			return nil, false
		}
		body, err := io.ReadAll(r)
		return body, err == nil
	}
	return nil, false
}

// is reports whether the message says that it is of a media type.
func (m message) is(mediaType string) bool {
	got, _, err := mime.ParseMediaType(m.header.Get("Content-Type"))
	return err == nil && got == mediaType
}

func (m message) typeProblem() string {
	if got := m.header.Get("Content-Type"); got != "" {
		return fmt.Sprintf("Content-Type is %q, want application/json", got)
	}
	return "Content-Type is missing, want application/json"
}
