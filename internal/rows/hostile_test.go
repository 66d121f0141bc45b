package rows_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"batchsend/envelope"
	"batchsend/internal/rows"
)

// TestHostileFiles: whatever a file is made of, it is refused, or read in bounded
// memory and time, with the line where the trouble begins.
func TestHostileFiles(t *testing.T) {
	const head, good = "name,email,note\nAnn,a@x.test,\n", "Bo,b@x.test,\n"
	random := make([]byte, 4<<20)
	for i, src := 0, rand.NewPCG(1, 2); i < len(random); i++ {
		random[i] = byte(src.Uint64()>>32) | 1 // no zero byte
	}
	for _, tt := range []struct {
		name, file string
		want       string // of the first trouble
		reads      bool   // rows are read
	}{
		{"a cell of 10 MB", head + `Cy,c@x.test,"` + strings.Repeat("x", 10<<20) + "\"\n" + good, "3 the row does not end within 1024 kilobytes", true},
		{"a line of 10 MB", head + strings.Repeat("x", 10<<20) + "\n" + good, "3 the row does not end within 1024 kilobytes", true},
		{"a million columns", head + strings.Repeat(",", 1_000_000) + "x\n" + good, "3 the row has more than 16384 columns", true},
		{"a header of a million columns", strings.Repeat("x,", 1_000_000) + "\n" + good, "1 the header cannot be read", false},
		{"a header of 10 MB", strings.Repeat("x", 10<<20) + "\n" + good, "1 the header cannot be read", false},
		{"a million blank lines above", strings.Repeat("\n", 1_000_000) + head, "", true},
		{"a zero byte", head + "B\x00,b@x.test,\n", "3 the line holds a zero byte", false},
		{"invalid UTF-8", head + "Åsa,b@x.test,\n\xff\xfe\n", "4 the line holds a byte that is not UTF-8", false},
		{"an open quote", head + good + `Cy,"c@x.test,` + "\n" + strings.Repeat(good, 1000), "4 a quote opens a cell here and is never closed", true},
		{"a quote closed far below", head + good + `Cy,c@x.test,"x` + "\n" + strings.Repeat(good, 1000) + "Dov,d@x.test,y\"\n", "4 a quote opens a cell here and is not closed before other rows begin", true},
		{"quotes only", head + strings.Repeat(`"`, 3<<20), "3 ", true},
		{"only high bytes", strings.Repeat("\xe9", 10<<20), "1 the header cannot be read", false},
		{"noise", string(random), "", false},
		{"UTF-16 cut within a character", "\xff\xfe" + "n\x00a\x00\n\x00x", "2 the line holds bytes that are no text in UTF-16", false},
		{"a million words of a code page", head + accentedRows(100_000), "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			file, err := rows.Open("in.csv", strings.NewReader(tt.file), rows.Options{KnownColumn: envelope.KnownColumn})
			var trouble string
			switch problems, ok := errors.AsType[envelope.Problems](err); {
			case ok:
				trouble = fmt.Sprint(problems[0].Line, " ", problems[0].Message)
			case err != nil:
				t.Fatal(err)
			default:
				defer file.Close()
				r := file.Rows()
				r.ExpectAddresses([]int{1})
				for held := 0; ; {
					row, err := r.Next()
					if errors.Is(err, io.EOF) {
						break
					}
					if err != nil {
						t.Fatal(err)
					}
					if row.Malformed != "" && trouble == "" {
						trouble = fmt.Sprint(row.Line, " ", row.Malformed)
					}
					if held = max(held, r.Held()); held > 5*rows.MaxRecord {
						t.Fatalf("the reader holds %d bytes", held)
					}
				}
			}
			runtime.ReadMemStats(&after)
			if !strings.HasPrefix(trouble, tt.want) || tt.want == "" && tt.reads && trouble != "" {
				t.Errorf("%.200s, want %s", trouble, tt.want)
			}
			if tt.reads != (err == nil) && tt.name != "noise" {
				t.Errorf("Open: %.200v", err)
			}
			if len(trouble) > 600 {
				t.Errorf("the message has %d bytes", len(trouble))
			}
			if took := time.Since(start); took > 30*time.Second {
				t.Errorf("it takes %v", took)
			}
			if taken := after.TotalAlloc - before.TotalAlloc; taken > 400<<20 {
				t.Errorf("%d MB are allocated", taken>>20)
			}
		})
	}
}

// accentedRows returns rows of different names in Windows-1252.
func accentedRows(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "M\xfcller%c%c J\xf6rg%c,b@x.test,\n", 'a'+i%26, 'a'+i/26%26, 'a'+i/676%26)
	}
	return b.String()
}
