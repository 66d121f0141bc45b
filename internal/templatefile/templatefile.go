// Package templatefile keeps a template, and what its account asks of envelopes, in a
// JSON file, so that rows can be checked against it without credentials or network.
//
// It decides what such a file looks like and whether one can be trusted. It holds no
// secrets; the addresses of recipients whom the template itself names stand in it.
package templatefile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"batchsend/envelope"
	"batchsend/internal/censor"
	"batchsend/reminders"
	"batchsend/template"
)

const (
	format  = "batchsend template"
	version = 1
	// maxSize bounds a file. A template with 100 recipients and thousands of tabs takes
	// about a megabyte.
	maxSize = 16 << 20
)

// File is a template as it was at one time.
type File struct {
	Format   string
	Version  int
	Pulled   time.Time
	Account  Account
	Base     reminders.Settings // what applies to an envelope that overrides nothing
	Template *template.Template

	Path string `json:"-"` // that it was read from
}

// Account is what a check needs to know of the template's account.
type Account struct {
	ID, Name          string
	Notification      reminders.Stored
	OverrideForbidden bool
	// As in docusign.AccountInfo.
	BulkForbidden, BulkTold bool
	BulkCopies, BulkQueue   int
	Rules                   envelope.Rules
}

// Write writes f to w.
func (f *File) Write(w io.Writer) error {
	out := *f
	out.Format, out.Version = format, version
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(out)
}

// Error is about a file that cannot be used. It shows nothing of the file's content.
type Error struct{ Path, Why, Cure string }

func (e *Error) Error() string { return e.Path + ": " + e.Why }

// Hint says what to do about it.
func (e *Error) Hint() string { return e.Cure }

const pullAgain = "write it anew with `batchsend template pull ID -o FILE`"

// Open reads the file at path. Its errors are [*Error].
func Open(path string) (*File, error) {
	in, err := os.Open(path)
	if err != nil {
		if bare, ok := errors.AsType[*os.PathError](err); ok {
			err = bare.Err
		}
		return nil, &Error{path, err.Error(), pullAgain}
	}
	defer in.Close()
	f, err := read(in, path)
	if err != nil {
		return nil, err
	}
	f.Path = path
	return f, nil
}

func read(in io.Reader, path string) (*File, error) {
	data, err := io.ReadAll(io.LimitReader(in, maxSize+1))
	switch {
	case err != nil:
		if bare, ok := errors.AsType[*os.PathError](err); ok {
			err = bare.Err
		}
		return nil, &Error{path, err.Error(), pullAgain}
	case len(data) > maxSize:
		return nil, &Error{path, fmt.Sprintf("it is larger than %d MiB: that is no template file", maxSize>>20), pullAgain}
	}
	if secret := censor.Find(string(data[:min(len(data), 64<<10)])); secret != censor.None {
		return nil, &Error{path, fmt.Sprintf("it is no template file but holds %s", secret), "keep that file to yourself; " + pullAgain}
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	text := bytes.TrimSpace(data)
	switch {
	case len(text) == 0:
		return nil, &Error{path, "the file is empty", pullAgain}
	case text[0] != '{':
		return nil, &Error{path, "it is no template file, which is JSON", "a CSV file is named without a flag; a template file is written with `batchsend template pull ID -o FILE`"}
	}
	var head struct {
		Format  string
		Version int
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, damaged(path, data, err)
	}
	switch {
	case head.Format != format:
		return nil, &Error{path, "it is JSON, but not written by `batchsend template pull`", pullAgain}
	case head.Version > version:
		return nil, &Error{path, fmt.Sprintf("it has version %d, of a later release: this one reads version %d", head.Version, version), "use that release, or " + pullAgain}
	case head.Version < 1:
		return nil, &Error{path, "it has no version: it is damaged", pullAgain}
	}
	var f File
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return nil, damaged(path, data, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, &Error{path, "something follows the template: the file is damaged", pullAgain}
	}
	if f.Template == nil || !template.IsID(f.Template.ID) || f.Template.ID != strings.ToLower(f.Template.ID) || f.Account.ID == "" || f.Pulled.IsZero() || f.Base.Expire < 1 {
		return nil, &Error{path, "it lacks the template, its ID, its account, its expiration or the time of reading: it is damaged", pullAgain}
	}
	return &f, nil
}

// damaged says where a file is not what it should be, without showing what stands there.
func damaged(path string, data []byte, err error) error {
	offset := int64(-1)
	if bad, ok := errors.AsType[*json.SyntaxError](err); ok {
		offset = bad.Offset
	} else if bad, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		offset = bad.Offset
	}
	if offset < 0 || offset > int64(len(data)) {
		return &Error{path, "it has parts that no template file of this version has: it is damaged", pullAgain}
	}
	line := 1 + bytes.Count(data[:offset], []byte("\n"))
	return &Error{fmt.Sprintf("%s:%d", path, line), "the template file is damaged here", pullAgain}
}
