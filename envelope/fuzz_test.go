package envelope_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"batchsend/envelope"
)

func fuzzSeeds() []string {
	seeds := []string{
		"", "\ufeffname,email\r\nAnn,ann@example.test\r\n", "name;email\n\"Ann;ann@example.test\nBo;bo@example.test\n",
		"\xff\xfen\x00a\x00m\x00e\x00,\x00e\x00m\x00a\x00i\x00l\x00\n\x00", "sep=|\nname|email|note\nAnn|a@x.test|\"one\ntwo \"\"q\"\"\"\n",
		"name,email\n\"\"\"\n\"\"y\n\"x\n", "name,email\nAnn,a@x.test,\"\nBo,b@x.test\n,\"\n", "Reader::Name,Reader::Email,Reader::City\nAnn,a@x.test,Oslo\n",
		"name,email\rAnn,a@x.test\r", "name,email,note\nAnn,a@x.test,\"a\nBo,b@x.test,b\nCy,c@x.test,c\"\n",
	}
	for _, tt := range problemCases {
		seeds = append(seeds, tt.file)
	}
	return seeds
}

// FuzzRead: reading and checking never panics, and every line that holds
// anything belongs to a row.
func FuzzRead(f *testing.F) {
	for _, seed := range fuzzSeeds() {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		in, err := readFile(string(file))
		if err != nil {
			if problems, ok := errors.AsType[envelope.Problems](err); !ok || len(problems) == 0 {
				t.Fatalf("Read: %v", err)
			}
			return
		}
		c := offerChecker()
		check(c, in.Drafts)
		rows := 0
		for _, d := range in.Drafts {
			rows += len(d.Rows)
			if (d.Envelope == nil) != (len(d.Problems) > 0) {
				t.Errorf("line %d: envelope %v with problems %v", d.Position().Line, d.Envelope, d.Problems)
			}
			for _, p := range d.Problems {
				_ = p.Error()
			}
		}
		if rows != in.Rows {
			t.Errorf("drafts have %d rows of %d", rows, in.Rows)
		}
		if utf8.Valid(file) {
			covers(t, in, lineFeeds(strings.TrimPrefix(string(file), "\ufeff")))
		}
	})
}

// lineFeeds makes all line ends line feeds.
func lineFeeds(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
}

// covers checks that every line which holds anything is part of a row.
func covers(t *testing.T, in *wholeFile, text string) {
	covered := map[int]bool{}
	for _, d := range in.Drafts {
		for _, r := range d.Rows {
			for i := range 1 + strings.Count(lineFeeds(strings.Join(r.Cells, "")), "\n") {
				covered[r.Line+i] = true
			}
		}
	}
	header := 1 + strings.Count(strings.Join(in.Header, ""), "\n") // lines
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(strings.NewReplacer(string(in.Delimiter), " ", `"`, " ").Replace(line))
		switch {
		case line == "" || covered[number] || number == 1 && strings.HasPrefix(strings.ToLower(line), "sep="):
		case header > 0:
			header--
		default:
			t.Errorf("line %d, %q, is in no row of\n%q", number, line, text)
		}
	}
}

// FuzzHeader: whatever the first line is, it is read or told why not, and no
// column is lost.
func FuzzHeader(f *testing.F) {
	for _, seed := range fuzzSeeds() {
		line, _, _ := strings.Cut(seed, "\n")
		f.Add(line)
	}
	f.Add("tab:,field:,::,a::,::b,Role::tab:x,TAB : y,field : z,env\u00a0elope")
	f.Fuzz(func(t *testing.T, header string) {
		in, err := readFile(header + "\n" + strings.Repeat("x,", 3) + "\n")
		if err != nil {
			problems, ok := errors.AsType[envelope.Problems](err)
			if !ok || len(problems) == 0 {
				t.Fatalf("Read: %v", err)
			}
			for _, p := range problems {
				if p.Line < 1 || p.Code == "" || p.Message == "" {
					t.Errorf("%+v says too little", p)
				}
			}
			return
		}
		c := checker(one(nil))
		check(c, in.Drafts)
	})
}
