package report

import (
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"

	"github.com/rivo/uniseg"
)

// Party is whom a run sends for.
type Party struct {
	AccountID string // "" if no account was asked
	Account   string // its name
	Sender    string // name and address of the user
}

// TemplateName names a template to a person.
type TemplateName struct{ Name, ID string }

func (n TemplateName) String() string { return fmt.Sprintf("%q (%s)", n.Name, n.ID) }

// Heading says what a run is about, before it shows its plan.
type Heading struct {
	Environment string // as in [Setup]
	Party
	Templates []TemplateName
	Batches   []string
	DryRun    bool

	ToGo       int // envelopes that are still to be sent
	Now        int // of these, those that this run sends
	Sent       int // that were sent already
	Unresolved int // of which an earlier run did not learn whether they were
	Rejected   int // that are rejected
}

// Production reports whether real people get what is sent.
func (h *Heading) Production() bool { return h.Environment == "production" }

// environment marks production.
func (h *Heading) environment() string {
	if h.Production() {
		return "PRODUCTION"
	}
	return h.Environment
}

// templates returns the templates as texts.
func (h *Heading) templates(text func(TemplateName) string) (all []string) {
	for _, name := range h.Templates {
		all = append(all, text(name))
	}
	return all
}

// batchWord is the word for n batches.
func batchWord(n int) string {
	if n == 1 {
		return "batch"
	}
	return "batches"
}

// headingShown is how many templates or batches a head names.
const headingShown = 3

// Write shows the head to a person, a fact a line. emphasize makes a text stand out; it
// may be nil.
func (h *Heading) Write(w io.Writer, emphasize func(string) string) {
	environment := h.environment()
	if h.Production() && emphasize != nil {
		environment = emphasize(environment)
	}
	switch {
	case h.DryRun:
		environment += " (dry run: nothing is sent)"
	case h.Production():
		environment += ": real people get what is sent"
	case h.Environment == "sandbox":
		environment += ": nothing is mailed"
	}
	facts := [][2]string{
		{"environment", environment},
		{"account", fmt.Sprintf("%s (%s)", h.Account, h.AccountID)},
		{"sender", h.Sender},
		{PluralWord(len(h.Templates), "template"), firstOf(h.templates(TemplateName.String))},
		{batchWord(len(h.Batches)), firstOf(h.Batches)},
		{"envelopes", h.counts()},
	}
	for _, fact := range facts {
		if fact[1] != "" {
			fmt.Fprintf(w, "%-12s %s\n", fact[0]+":", fact[1])
		}
	}
}

// firstOf names the first of many.
func firstOf(names []string) string {
	if more := len(names) - headingShown; more > 0 {
		return fmt.Sprintf("%s and %s more", strings.Join(names[:headingShown], ", "), Number(more))
	}
	return strings.Join(names, ", ")
}

// counts says how many envelopes there are of each kind.
func (h *Heading) counts() string {
	text := Number(h.Sent) + " already sent, " + Number(h.ToGo) + " to go"
	if h.Now < h.ToGo {
		text += fmt.Sprintf(", %s of them in this run", Number(h.Now))
	}
	if h.Unresolved > 0 {
		text += fmt.Sprintf(", %s to be looked up first", Number(h.Unresolved))
	}
	if h.Rejected > 0 {
		text += fmt.Sprintf(", %s rejected", Number(h.Rejected))
	}
	return text
}

// Question asks whether to send, in lines that an 80-column terminal shows whole.
func (h *Heading) Question() string {
	text := fmt.Sprintf("%s: send %s from account %s as %s", h.environment(), Plural(h.Now, "envelope"), h.Account, h.Sender)
	if names := h.templates(func(n TemplateName) string { return strconv.Quote(n.Name) }); len(names) > 0 {
		text += fmt.Sprintf(", %s %s", PluralWord(len(names), "template"), firstOf(names))
	}
	text += fmt.Sprintf(", %s %s", batchWord(len(h.Batches)), firstOf(h.Batches))
	if h.Sent > 0 {
		text += fmt.Sprintf(" (%s already sent)", Number(h.Sent))
	}
	return wrapped(text+"?", questionWidth)
}

// questionWidth leaves room for the answer.
const questionWidth = 72

// wrapped breaks a text into lines of a width, where it has blanks.
func wrapped(text string, width int) string {
	var b strings.Builder
	column := 0
	for i, word := range strings.Fields(text) {
		n := uniseg.StringWidth(word)
		switch {
		case i > 0 && column+1+n > width:
			b.WriteByte('\n')
			column = 0
		case i > 0:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	return b.String()
}

// LogValue implements [slog.LogValuer]. It names the sender's account, not the sender.
func (h *Heading) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("environment", h.Environment), slog.String("account", h.AccountID),
		slog.Any("templates", h.templates(func(n TemplateName) string { return n.ID })), slog.Any("batches", h.Batches),
		slog.Int("to_go", h.ToGo), slog.Int("now", h.Now), slog.Int("already_sent", h.Sent), slog.Int("rejected", h.Rejected),
	)
}
