package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"batchsend/envelope"
)

// Page is a report in HTML: one file, which asks nobody for anything, to be read in a
// browser, mailed or printed.
type Page struct {
	Head
	Setup
	Counts   Counts
	Reasons  []*Reason
	Warnings []Problem
	Next     []Next
	About    []Fact
	Timeline Timeline
	Signing  Signing
	// Envelopes goes through all envelopes, each of them once; it is called twice at
	// most.
	Envelopes Listing
	Several   bool // files, so that a line number alone does not say which row
}

// Head says what a [Page] is about. A field that is empty has nothing to tell.
type Head struct {
	Subject string // "may.csv", or a batch
	Account string
	DryRun  bool
	Made    time.Time
	Error   string // why nothing could be done
	Stopped string // why the run ended before the last envelope
	Note    string // what the report leaves out
}

// Setup is what a run was set to.
type Setup struct {
	Environment string // "demo", "production" or "sandbox"
	Settings    []Fact // what the operator has set, without secrets
}

// Production reports whether the page tells of envelopes that real people got.
func (p *Page) Production() bool { return p.Environment == "production" && !p.DryRun }

// Next is something to do.
type Next struct {
	Text    string `json:"text"`
	Command string `json:"command,omitempty"` // does it; "" if none does
	// More is what there is to say behind the command.
	More string `json:"-"`
	// Again says that Text calls the command "the same command": a person at the terminal
	// has just typed it, and need not read it again.
	Again bool `json:"-"`
}

// Line is all of it on a line, for a terminal.
func (n Next) Line() string {
	if n.Command == "" || n.Again {
		return n.Text + n.More
	}
	return n.Text + ": " + n.Command + n.More
}

// Sentence is what to do without the command, for a page, where that stands by itself.
func (n Next) Sentence() string {
	text := n.Text + n.More
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// Fact is something to know of a run.
type Fact struct {
	Name  string
	Value string
	From  string // where a setting came from
}

// Listing goes through envelopes. One is valid until the next one.
type Listing = iter.Seq2[*Listed, error]

// Listed is an envelope as a [Page] lists it.
type Listed struct {
	Batch string // "" if all are of one
	envelope.Position
	Label      string
	Outcome    envelope.Outcome
	Problems   []envelope.Problem // of a rejected one
	Recipients []Person           // none if they are not known
	Changed    time.Time          // when it came to this; zero if that is not known
	AtDocuSign string             // its [RemoteStatus]; "" if DocuSign was not asked
	Since      time.Time          // when it came to that status
}

// Person is a recipient as a [Page] names one.
type Person struct{ Role, Name, Email string }

// Fill makes it the envelope of a draft.
func (l *Listed) Fill(e Entry) {
	*l = Listed{Position: e.Draft.Position(), Label: e.Draft.Label, Outcome: e.Outcome, Problems: e.Problems, Recipients: l.Recipients[:0]}
	for i := range e.Draft.Recipients {
		p := &e.Draft.Recipients[i]
		l.Recipients = append(l.Recipients, Person{p.Role, p.Name(), p.Email()})
	}
}

// Told is what is told of the envelope beside its status: a code and a message, or each
// of its problems.
func (l *Listed) Told() []envelope.Problem {
	switch {
	case len(l.Problems) > 0:
		return l.Problems
	case l.Outcome.Code == "" && l.Outcome.Message == "":
		return nil
	}
	return []envelope.Problem{{Code: envelope.Code(l.Outcome.Code), Message: l.Outcome.Message}}
}

const (
	// shownAtOnce is how many envelopes stand in the page as its reader sees it. More
	// are put there by its script, which finds them in its data.
	shownAtOnce = 1000
	// inBlock is how many envelopes one block of the data has.
	inBlock = 1000
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

//go:embed page.js
var pageJS string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"number": Number,
	"plural": Plural,
	"words":  statusWords,
	"text":   oneLine,
	"local":  Local,
	"column": envelope.Short,
	"style":  func() template.CSS { return template.CSS(pageCSS) },
	"script": func() template.JS { return template.JS(pageJS) },
	"hash": func() string {
		sum := sha256.Sum256([]byte(pageJS))
		return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
	},
}).Parse(pageHTML))

type listedRow struct {
	*Listed
	Several bool
}

// statusWords are a status as a person reads it.
func statusWords(s envelope.Status) string { return strings.ReplaceAll(string(s), "-", " ") }

// oneLine keeps a text from steering the eye, and on one line: the page's script
// expects an envelope on each.
func oneLine(s string) string {
	return printable(lineEnds.Replace(s))
}

var lineEnds = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ", "\t", " ")

// tile is a count at the head of the page.
type tile struct {
	Status envelope.Status
	Count  int
}

func (p *Page) tiles() (tiles []tile) {
	for _, s := range Statuses() {
		first := s == envelope.Sent && !p.DryRun || s == envelope.Valid && p.DryRun
		if p.Counts[s] > 0 || first {
			tiles = append(tiles, tile{s, p.Counts[s]})
		}
	}
	return tiles
}

// headline says in a few words what became of all envelopes.
func (p *Page) headline() string {
	total, done, word := p.Counts.Total(), p.Counts[envelope.Sent]+p.Counts[envelope.AlreadySent], "sent"
	if p.DryRun {
		done, word = p.Counts[envelope.Valid]+p.Counts[envelope.AlreadySent], "valid"
	}
	switch {
	case total == 0:
		return "No envelopes"
	case done == total && total > 1:
		return "All " + Plural(total, "envelope") + " " + word
	case done == total:
		return "1 envelope " + word
	case done == 0 && total > 1:
		return "None of " + Plural(total, "envelope") + " " + word
	}
	return Number(done) + " of " + Plural(total, "envelope") + " " + word
}

// figures draws what is easier seen than read.
func (p *Page) figures() (all []*figure, err error) {
	timeline, err := p.Timeline.figure()
	if err != nil {
		return nil, err
	}
	signing, err := p.Signing.figure()
	if err != nil {
		return nil, err
	}
	if len(p.Reasons) > 2 {
		svg, err := reasonsChart(p.Reasons)
		if err != nil {
			return nil, err
		}
		all = append(all, &figure{Title: "Reasons", Text: "Envelopes by the code of what is wrong with them", SVG: []template.HTML{svg}})
	}
	all = append(all, signing, timeline)
	return slices.DeleteFunc(all, func(f *figure) bool { return f == nil }), nil
}

// Write writes the page.
func (p *Page) Write(w io.Writer) error {
	figures, err := p.figures()
	if err != nil {
		return err
	}
	shares, err := sharesChart(p.Counts)
	if err != nil {
		return err
	}
	total := p.Counts.Total()
	data := map[string]any{
		"Page": p, "Headline": p.headline(), "Total": total, "Tiles": p.tiles(), "Shares": shares, "Figures": figures,
		"Hidden": max(0, total-shownAtOnce), "Shown": min(total, shownAtOnce),
	}
	if err := pageTemplate.ExecuteTemplate(w, "head", data); err != nil {
		return err
	}
	if err := p.writeEnvelopes(w); err != nil {
		return err
	}
	return pageTemplate.ExecuteTemplate(w, "foot", data)
}

// writeEnvelopes writes a line for each envelope, those that need attention first.
// Those beyond [shownAtOnce] stand in elements that no browser shows or takes apart: of
// a page with 100,000 envelopes it makes no more than of one with 1,000.
func (p *Page) writeEnvelopes(w io.Writer) error {
	attention := 0
	for _, s := range urgent {
		attention += p.Counts[s]
	}
	written := 0
	var line bytes.Buffer
	for _, pass := range []bool{true, false} {
		if pass && attention == 0 || !pass && attention > 0 && attention == p.Counts.Total() {
			continue
		}
		for l, err := range p.Envelopes {
			if err != nil {
				return err
			}
			if slices.Contains(urgent, l.Outcome.Status) != pass {
				continue
			}
			line.Reset()
			if written == shownAtOnce {
				line.WriteString("</ul>\n")
			}
			if beyond := written - shownAtOnce; beyond >= 0 && beyond%inBlock == 0 {
				if beyond > 0 {
					line.WriteString("</script>\n")
				}
				line.WriteString(`<script type="text/plain" class="more">` + "\n")
			}
			if err := pageTemplate.ExecuteTemplate(&line, "entry", listedRow{l, p.Several}); err != nil {
				return err
			}
			line.WriteByte('\n')
			if _, err := w.Write(line.Bytes()); err != nil {
				return err
			}
			written++
		}
	}
	end := "</ul>\n"
	if written > shownAtOnce {
		end = "</script>\n"
	}
	_, err := io.WriteString(w, end)
	return err
}
