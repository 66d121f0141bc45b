package sheet

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"strings"
)

// Recognise reports whether a file is a workbook that [Convert] can read, by its
// first bytes and what it holds. It fails with an [*Error] if the file is another
// kind of spreadsheet or of archive, and says what to do.
func Recognise(head []byte, r io.ReaderAt, size int64) (workbook bool, err error) {
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		archive, err := zip.NewReader(r, size)
		if err != nil {
			return false, &Error{Message: "this is a damaged ZIP archive or Excel workbook, perhaps copied only in part: copy it again, or open it in a spreadsheet program and save it"}
		}
		if what := foreign(archive); what != "" {
			return false, &Error{Message: what}
		}
		return true, nil
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		what, err := compound(r, size)
		if err != nil {
			return false, err
		}
		return false, &Error{Message: what}
	case isLink(head):
		return false, &Error{Message: "this is only a link to a Google spreadsheet: open it, choose File, Download, and give the Excel or CSV file that you get"}
	}
	return false, nil
}

const saveAs = ": save it as an Excel workbook (.xlsx) or \"CSV UTF-8\" and give that file"

// foreign says what an archive is, if it is no workbook that can be read.
func foreign(archive *zip.Reader) string {
	has := map[string]*zip.File{}
	inner := ""
	for _, f := range archive.File {
		name := partName("", f.Name)
		has[name] = f
		if inner == "" && !strings.HasSuffix(f.Name, "/") {
			inner = f.Name
		}
	}
	in := func(names ...string) bool {
		for _, name := range names {
			if has[name] == nil {
				return false
			}
		}
		return true
	}
	switch {
	case in("xl/workbook.bin"):
		return "this is a binary Excel workbook (.xlsb)" + saveAs
	case in("mimetype"):
		kind := make([]byte, 100)
		if r, err := has["mimetype"].Open(); err == nil {
			n, _ := io.ReadFull(r, kind)
			kind = kind[:n]
			r.Close()
		}
		if bytes.Contains(kind, []byte("opendocument.spreadsheet")) {
			return "this is an OpenDocument spreadsheet (.ods)" + saveAs
		}
		return "this is a document (OpenDocument or EPUB), not a spreadsheet" + saveAs
	case in("index/document.iwa"), in("index.zip"):
		return "this is an Apple Numbers or Pages document: choose File, Export To, Excel or CSV, and give that file"
	case in("[content_types].xml", "word/document.xml"):
		return "this is a Word document, not a spreadsheet: copy its table into a spreadsheet and save that as .xlsx"
	case in("[content_types].xml", "ppt/presentation.xml"):
		return "this is a PowerPoint presentation, not a spreadsheet"
	case in("[content_types].xml", "_rels/.rels"):
		return ""
	case inner == "":
		return "this is an empty ZIP archive"
	}
	return "this is a ZIP archive, not a file of rows: unpack it and give the file in it (" + short(inner) + ")"
}

// short returns the beginning of a name that somebody else has chosen, without what
// no name should hold.
func short(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\ufffd' {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(name, "?"))
	if runes := []rune(name); len(runes) > 60 {
		return string(runes[:60]) + "..."
	}
	return name
}

// searched is how much of a compound file is searched at its beginning and at its
// end for the names of what it holds, in bytes.
const searched = 4 << 20

// compound says what a compound file is, the form of Office documents until 2003
// and of those with a password.
func compound(r io.ReaderAt, size int64) (string, error) {
	var names []byte
	for _, from := range []int64{0, max(searched, size-searched)} {
		if from >= size {
			continue
		}
		buf := make([]byte, min(searched, size-from))
		if n, err := r.ReadAt(buf, from); err != nil && !errors.Is(err, io.EOF) {
			return "", err
		} else {
			names = append(names, buf[:n]...)
		}
	}
	holds := func(name string) bool {
		var wide []byte
		for _, c := range []byte(name + "\x00") {
			wide = append(wide, c, 0)
		}
		return bytes.Contains(names, wide)
	}
	switch {
	case holds("EncryptedPackage"), holds("EncryptionInfo"):
		return "the workbook is protected with a password: open it, save it without one (File, Info, Protect Workbook, Encrypt with Password), and give that file", nil
	case holds("Workbook"), holds("Book"):
		return "this is an old Excel workbook (.xls)" + saveAs, nil
	case holds("WordDocument"):
		return "this is an old Word document, not a spreadsheet: copy its table into a spreadsheet and save that as .xlsx", nil
	}
	return "this is an old Office document" + saveAs, nil
}

// isLink reports whether a file is what Google Drive leaves on a disk in place of a
// spreadsheet: a JSON object that says where it is.
func isLink(head []byte) bool {
	head = bytes.TrimLeft(head, " \t\r\n")
	return bytes.HasPrefix(head, []byte("{")) &&
		(bytes.Contains(head, []byte("docs.google.com")) || bytes.Contains(head, []byte(`"doc_id"`)))
}
