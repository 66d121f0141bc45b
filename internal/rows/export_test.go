package rows

import (
	"io"
	"os"

	"batchsend/envelope"
)

// SetSizes lets a reader read that much at once and look ahead that far.
func (r *Reader) SetSizes(block, limit int) { r.block, r.limit = block, limit }

// Held returns how many bytes of the file a reader holds.
func (r *Reader) Held() int { return len(r.window) + cap(r.buf) }

// Text returns what readers of the file read: header and rows.
func (f *File) Text() string {
	text, err := part(f.text, 0, f.text.Size())
	if err != nil && err != io.EOF {
		panic(err)
	}
	return text
}

// Spooled returns the temporary files that the file has.
func (f *File) Spooled() []*os.File {
	var files []*os.File
	for _, s := range f.spools {
		from, _, _ := s.Section().Outer()
		if file, ok := from.(*os.File); ok {
			files = append(files, file)
		}
	}
	return files
}

const (
	UsualBlock = usualBlock
	MaxRecord  = maxRecord
	MaxColumns = maxColumns
)

// Start returns where a new reader begins, and At where it is.
func (r *Reader) Start() envelope.Position { return r.file.start }
func (r *Reader) At() int64                { return r.position().Offset }
