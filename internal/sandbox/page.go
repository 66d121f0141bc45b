package sandbox

import (
	_ "embed"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed page.html
var pageSource string

var envelopePage = template.Must(template.New("page").Funcs(template.FuncMap{
	"kind":     kindName,
	"settings": settingsText,
	"moment":   func(t time.Time) string { return t.Format("2006-01-02 15:04:05") },
	"filled":   filledTabs,
	"plural":   plural,
}).Parse(pageSource))

// maxShown is how many envelopes the page shows.
const maxShown = 200

// servePage shows what was "mailed", newest first.
func (s *Server) servePage(w http.ResponseWriter, _ *http.Request) {
	all := s.Envelopes()
	slices.Reverse(all)
	view := struct {
		Account   string
		Total     int
		Hidden    int
		Problem   error // of changed templates
		Envelopes []Envelope
	}{Account: s.account(), Total: len(all), Envelopes: all[:min(len(all), maxShown)]}
	view.Hidden = len(all) - len(view.Envelopes)
	view.Problem = s.reloadTemplates()
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	if err := envelopePage.Execute(w, view); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// serveEnvelopes gives all records as JSON, the oldest first.
func (s *Server) serveEnvelopes(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, s.Envelopes())
}

// serveRequests gives the requests seen as JSON, the oldest first.
func (s *Server) serveRequests(w http.ResponseWriter, _ *http.Request) {
	log := s.Log()
	if log == nil {
		log = []LogEntry{}
	}
	writeJSON(w, http.StatusOK, log)
}

// Warnings says in words what went wrong with an envelope that DocuSign took.
func (e Envelope) Warnings() []string {
	var out []string
	for _, r := range e.Recipients {
		if r.Added != "" {
			out = append(out, or(r.Name, r.Email)+" <"+r.Email+"> was added: "+r.Added+".")
		}
		if r.Mailed && isPlaceholder(r.Email) {
			out = append(out, r.Email+" stands for the people of a bulk list: the draft itself was sent, and mailed to nobody's address.")
		}
		if r.ClientUserID != "" {
			out = append(out, or(r.Name, r.Email)+" has a clientUserId and gets no mail.")
		}
	}
	for _, role := range e.DroppedRoles {
		out = append(out, "Nobody filled the role "+strconv.Quote(role)+": the envelope was sent without it.")
	}
	return out
}

// filledTabs are the tabs worth showing.
func filledTabs(tabs []Tab) []Tab {
	return slices.DeleteFunc(slices.Clone(tabs), func(t Tab) bool {
		return t.Value == "" || t.Type == "checkboxTabs" && t.Value != "true"
	})
}

var kindNames = map[string]string{
	"signers": "signs", "carbonCopies": "gets a copy", "certifiedDeliveries": "must open it",
	"inPersonSigners": "signs in person", "agents": "agent", "editors": "editor",
	"intermediaries": "intermediary", "witnesses": "witnesses", "notaries": "notary", "seals": "seal",
}

func kindName(kind string) string { return or(kindNames[kind], kind) }

// settingsText says what reminders and expiration do, in words.
func settingsText(n Notification) string {
	var b strings.Builder
	switch {
	case !n.Reminders:
		b.WriteString("No reminders")
	case n.ReminderFrequency == 0:
		b.WriteString("One reminder after " + plural(n.ReminderDelay, "day"))
	default:
		b.WriteString("First reminder after " + plural(n.ReminderDelay, "day") +
			", then every " + plural(n.ReminderFrequency, "day"))
	}
	if n.Expires {
		b.WriteString("; expires after " + plural(n.ExpireAfter, "day"))
		if n.ExpireWarn > 0 {
			b.WriteString(", warning " + plural(n.ExpireWarn, "day") + " before")
		}
	}
	return b.String() + " (" + n.Source + ")"
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}
