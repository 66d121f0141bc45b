package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"batchsend/envelope"
	"batchsend/internal/golden"
	"batchsend/internal/report"
)

// TestMain fixes the time zone, which pages show.
func TestMain(m *testing.M) {
	time.Local = time.UTC
	os.Exit(m.Run())
}

// listed makes a listing of entries.
func listed(entries report.Entries) report.Listing {
	return func(yield func(*report.Listed, error) bool) {
		var l report.Listed
		for e, err := range entries {
			if err == nil {
				l.Fill(e)
			}
			if !yield(&l, err) {
				return
			}
		}
	}
}

// pageOf is a page about entries.
func pageOf(entries []report.Entry) *report.Page {
	p := &report.Page{
		Head:   report.Head{Subject: "may.csv", Account: "a", Made: time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC)},
		Counts: count(entries), Envelopes: listed(all(entries)), Several: several(entries),
	}
	reasons := report.Reasons{Explain: func(code string) (string, string) { return "Meaning of " + code + ".", "Mend " + code + "." }}
	for _, e := range entries {
		switch e.Outcome.Status {
		case envelope.Rejected:
			reasons.AddRejected(e.Problems)
		case envelope.Failed, envelope.Unknown:
			reasons.Add(e.Draft.Position(), e.Outcome)
		}
	}
	p.Reasons = reasons.List()
	return p
}

func write(t testing.TB, p *report.Page) string {
	t.Helper()
	var b strings.Builder
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const people = "envelope,roleName,name,email\nA,Employee,Ann Ek,ann@example.test\nA,Manager,Bo Lind,bo@example.test\n" +
	"B,Employee,Carla Diaz,carla\nC,Employee,Dov Mann,dov+1@example.test\nD,Employee,Eva Ray,eva@example.test\n"

// everything is a small page with all that a page can have.
func everything(t testing.TB) *report.Page {
	p := pageOf(read(t, "may.csv", people, sent(1), rejected,
		envelope.Outcome{Status: envelope.Failed, Code: "NO", Message: "DocuSign said no"},
		envelope.Outcome{Status: envelope.Unknown, Message: "no answer"}))
	p.Environment, p.Stopped, p.Note = "production", "it had to", "A note."
	p.Next = []report.Next{{Text: "Go on:", Command: "batchsend send may.csv"}}
	p.Warnings = []report.Problem{{File: "may.csv", Line: 3, Column: "name", Code: "W", Message: "looks odd"}}
	p.About = []report.Fact{{Name: "Template", Value: "Offer (1), fingerprint f"}}
	p.Settings = []report.Fact{{Name: "limit", Value: "4", From: "flag"}}
	p.Timeline = report.Timeline{Burst: 500, Hourly: 1000}
	for i := range 9 {
		p.Timeline.Add(p.Made.Add(time.Duration(i*i) * 10 * time.Second))
	}
	p.Signing.Add(p.Made, p.Made.Add(50*time.Hour))
	return p
}

// bodyOf is a page without what is the same in all: styles, script and drawings.
func bodyOf(page string) string {
	_, body, _ := strings.Cut(page, "<body>\n")
	body, _, _ = strings.Cut(body, "<script>")
	return regexp.MustCompile(`(?s)(<svg [^>]*>).*?</svg>`).ReplaceAllString(body, "$1</svg>")
}

// TestPageGolden shows what a page says and in which order.
func TestPageGolden(t *testing.T) {
	golden.Compare(t, "page.html", bodyOf(write(t, everything(t))))
}

// TestPageAlone: a page asks nobody for anything, and lets nobody in.
func TestPageAlone(t *testing.T) {
	page := write(t, everything(t))
	for _, out := range []string{"http:", "https:", "src=", "@import", "url(", "xlink", "<link", "<iframe", "<object", "onclick", "javascript:"} {
		if strings.Contains(page, out) {
			t.Errorf("the page holds %q", out)
		}
	}
	policy := regexp.MustCompile(`http-equiv="Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(page)
	if policy == nil {
		t.Fatal("the page has no policy")
	}
	_, rest, _ := strings.Cut(page, "<script>")
	script, _, _ := strings.Cut(rest, "</script>")
	sum := sha256.Sum256([]byte(script))
	want := "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
	if got := html.UnescapeString(policy[1]); got != want {
		t.Errorf("policy %q, want %q", got, want)
	}
	if svgs := strings.Count(page, "<svg "); svgs != 5 { // shares, reasons, days, and the timeline twice
		t.Errorf("%d drawings", svgs)
	}
	if strings.Contains(page, "rgb(") {
		t.Error("a drawing has a colour that is not the page's")
	}
	for _, status := range report.Statuses() {
		for _, want := range []string{"--" + string(status) + ":", ".s-" + string(status) + " {"} {
			if !strings.Contains(page, want) {
				t.Errorf("the style sheet lacks %q", want)
			}
		}
	}
}

const evil = "<script>alert(\"x\")</script>\u202e\n</ul>"

// TestPageEscapes has markup wherever text comes from outside.
func TestPageEscapes(t *testing.T) {
	entries := read(t, "<b>.csv", "envelope,roleName,name,email\n"+`"`+strings.ReplaceAll(evil, `"`, `""`)+`","<i>",Ann,"<a@example.test>"`+"\nB,Employee,Bo,bo@example.test\n",
		envelope.Outcome{Status: envelope.Failed, Code: "<C>", Message: evil}, envelope.Outcome{Status: envelope.AlreadySent, ID: guid(2)})
	p := pageOf(entries)
	p.Head = report.Head{Subject: evil, Account: evil, Error: evil, Stopped: evil, Note: evil, DryRun: true}
	p.Environment = evil
	p.Next = []report.Next{{Text: evil, Command: evil}}
	p.Warnings = []report.Problem{{File: evil, Column: evil, Message: evil}}
	p.About, p.Settings = []report.Fact{{Name: "a", Value: evil}}, []report.Fact{{Name: evil, Value: evil, From: evil}}
	got := write(t, p)
	body := bodyOf(got)
	for _, tag := range regexp.MustCompile(`<[^>]*>`).FindAllString(body, -1) {
		if !regexp.MustCompile(`^</?(a|article|b|button|code|details|div|dl|dt|dd|fieldset|figure|figcaption|form|h[123]|header|input|label|legend|li|main|ol|p|pre|section|small|span|strong|summary|svg|ul)\b`).MatchString(tag) {
			t.Errorf("the page has the tag %s", tag)
		}
	}
	for _, want := range []string{
		"Dry run: nothing was sent", "already sent", "bo@example.test", "&lt;b&gt;.csv",
		"&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;? &lt;/ul&gt;", string(guid(2)), `s-already-sent`, "&lt;a@example.test&gt;",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(body, "\u202e") {
		t.Error("the page turns text around")
	}
	if !strings.Contains(got, "2 envelopes: 1 already sent, 1 failed</title>") {
		t.Error("the title does not count")
	}
}

// TestPageOfSeveral names the file of each row only where there are several.
func TestPageOfSeveral(t *testing.T) {
	entries := read(t, "may.csv", file(2), sent(1))
	if strings.Contains(bodyOf(write(t, pageOf(entries))), "may.csv, line") {
		t.Error("the file of one stands in each row")
	}
	if got := write(t, pageOf(append(entries, read(t, "june.csv", file(1), sent(1))...))); !strings.Contains(got, "june.csv, line 2") {
		t.Error("the file of several does not stand in the row")
	}
}

// TestPageOfMany: whatever is beyond the first thousand stands in data, a line each;
// what needs attention comes first, and the page is not held in memory.
func TestPageOfMany(t *testing.T) {
	const n = 5000
	p := &report.Page{
		Counts: report.Counts{envelope.Sent: n - 1, envelope.Rejected: 1},
		Envelopes: func(yield func(*report.Listed, error) bool) {
			for i := range n {
				l := &report.Listed{Label: fmt.Sprintf("A-%d", i), Outcome: sent(i), Recipients: []report.Person{{Role: "Employee", Name: "Ann\nEk", Email: "ann@example.test"}}}
				if i == n-1 {
					l.Outcome = rejected
				}
				if !yield(l, nil) {
					return
				}
			}
		},
	}
	var lines, inList int
	var most uint64
	w := writerFunc(func(b []byte) {
		text := string(b)
		if strings.HasPrefix(text, "</ul>") {
			inList = lines
		}
		if strings.Contains(text, `<li class="e `) {
			lines++
			if strings.Count(text, "\n") > 3 || strings.Count(text, `<li class="e `) != 1 {
				t.Fatalf("not one line: %q", text)
			}
			if lines == 1 && !strings.Contains(text, fmt.Sprintf("A-%d<", n-1)) {
				t.Errorf("the first is %q", text)
			}
			if lines%2000 == 0 {
				var m runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapAlloc)
			}
		}
	})
	var before runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	if err := p.Write(w); err != nil {
		t.Fatal(err)
	}
	if lines != n || inList != 1000 {
		t.Errorf("%d envelopes, %d of them in the list", lines, inList)
	}
	if grown := int64(most) - int64(before.HeapAlloc); grown > 2<<20 {
		t.Errorf("writing took %d bytes of memory", grown)
	}
}

type writerFunc func([]byte)

func (f writerFunc) Write(b []byte) (int, error) { f(b); return len(b), nil }

// TestPageFile: the page is for its owner, and is there whole or not at all.
func TestPageFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.html")
	if err := report.WriteFile(path, everything(t).Write); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := html.Parse(bytes.NewReader(whole)); err != nil {
		t.Error(err)
	}
	broken := pageOf(nil)
	broken.Envelopes = func(yield func(*report.Listed, error) bool) { yield(nil, os.ErrClosed) }
	if err := report.WriteFile(path, broken.Write); !errors.Is(err, os.ErrClosed) {
		t.Error("nobody noticed that the envelopes cannot be read")
	}
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, whole) {
		t.Error("the page before is gone")
	}
}

// TestReasons: messages are told once, with their lines, and there are not more of them
// than can be read.
func TestReasons(t *testing.T) {
	var rs report.Reasons
	at := func(line int) envelope.Position { return envelope.Position{File: "may.csv", Line: line} }
	for line := 2; line < 5000; line++ {
		rs.AddRejected([]envelope.Problem{
			{Position: at(line), Code: "SAME", Message: "the same"},
			{Position: at(line), Code: "OTHER", Message: fmt.Sprint("of line ", line)},
			{Position: at(line), Code: "OTHER", Message: "and"},
		})
	}
	rs.Add(at(7), envelope.Outcome{Status: envelope.Unknown})
	rs.Add(at(9), envelope.Outcome{Status: envelope.Failed, Code: "NO", Message: "no"})
	rs.Add(at(10), envelope.Outcome{Status: envelope.Failed, Code: "NO", Message: "no"})
	rs.Add(at(12), envelope.Outcome{Status: envelope.Failed, Code: "NO", Message: "no"})
	var got []string
	for _, r := range rs.List() {
		got = append(got, fmt.Sprint(r.Name(), " ", r.Envelopes, " ", r.Rows, " ", len(r.Cases), " ", r.More, " ", r.Cases[0].Where()))
	}
	same(t, strings.Join(got, "\n"), `unknown 1 0 1 0 line 7
NO 3 0 1 0 lines 9–10, 12
SAME 4998 4998 1 0 lines 2–4999
OTHER 4998 4998 20 4979 line 2`)
}

// TestTimeline: windows are as short as a chart can show, and have the limit that is
// theirs.
func TestTimeline(t *testing.T) {
	begin := time.Date(2026, 11, 29, 10, 0, 10, 0, time.UTC)
	for _, test := range []struct {
		name         string
		after        time.Duration // of the second envelope
		windows      int
		length       time.Duration
		limit, first int
	}{
		{"a moment", time.Second, 1, 30 * time.Second, 500, 2},
		{"minutes", 10 * time.Minute, 21, 30 * time.Second, 500, 1},
		{"hours", 5 * time.Hour, 6, time.Hour, 1000, 1},
		{"days", 20 * 24 * time.Hour, 21, 24 * time.Hour, 0, 1},
		{"years", 800 * 24 * time.Hour, 115, 7 * 24 * time.Hour, 0, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			tl := report.Timeline{Hourly: 1000, Burst: 500}
			tl.Add(begin)
			tl.Add(begin.Add(test.after))
			all, length, limit := tl.Intervals()
			total := 0
			for _, w := range all {
				total += w.Sent
			}
			if len(all) != test.windows || length != test.length || limit != test.limit || total != 2 || all[0].Sent != test.first {
				t.Errorf("%d windows of %v, limit %d, %d envelopes, %d in the first", len(all), length, limit, total, all[0].Sent)
			}
		})
	}
}
