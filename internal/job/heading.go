package job

import (
	"batchsend/internal/history"
	"batchsend/internal/report"
)

// Heading says what the run is about. The caller adds for whom it is.
func (p *Planned) Heading() (h report.Heading) {
	h = report.Heading{Batches: p.Batches(), Now: len(p.Due)}
	used := make([]bool, len(p.values.templates.values))
	for n := range p.Len() {
		e := p.entry(n)
		used[e.template] = true
		switch {
		case e.state == history.StateSent:
			h.Sent++
		case e.state.Open():
			h.Unresolved++
		case e.is(accepted):
			h.ToGo++
		case e.status == rejected:
			h.Rejected++
		}
	}
	for number, id := range p.values.templates.values {
		if source := p.Sources[id]; used[number] && source != nil && source.Template != nil {
			h.Templates = append(h.Templates, report.TemplateName{Name: source.Template.Name, ID: id})
		}
	}
	return h
}
