package job

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"batchsend/envelope"
	"batchsend/internal/explain"
	"batchsend/internal/report"
)

// Page is the report of the run as a page. What only the caller knows, such as the
// environment and the settings, is left for it to add. s is the run's summary.
func (d *Done) Page(s *report.Summary) (*report.Page, error) {
	p := &report.Page{
		Head: report.Head{
			Subject: strings.Join(s.Files, ", "), Account: s.Account, DryRun: s.DryRun, Made: time.Now(), Error: s.Error, Stopped: s.Stopped,
		},
		Counts: d.Counts(), Warnings: report.Problems(d.Warnings), Timeline: d.Sent, About: d.facts(s),
		Envelopes: d.Envelopes(), Several: len(d.files) > 1,
	}
	reasons := report.Reasons{Explain: meaningOf}
	for n := range d.Len() {
		e := d.entry(n)
		switch statuses[e.status] {
		case envelope.Rejected:
			problems, err := d.problems(n)
			if err != nil {
				return nil, err
			}
			reasons.AddRejected(problems)
		case envelope.Failed, envelope.Unknown:
			out, err := d.outcome(n)
			if err != nil {
				return nil, err
			}
			reasons.Add(d.position(n), out)
		}
	}
	p.Reasons = reasons.List()
	return p, nil
}

// meaningOf returns what is known of a code.
func meaningOf(code string) (meaning, cure string) {
	e, _ := explain.Find(code)
	return e.Meaning, e.Cure
}

// facts are what there is to know of the run beside its outcomes.
func (d *Done) facts(s *report.Summary) (facts []report.Fact) {
	add := func(name, format string, args ...any) {
		facts = append(facts, report.Fact{Name: name, Value: fmt.Sprintf(format, args...)})
	}
	add(report.PluralWord(len(s.Files), "File"), "%s", strings.Join(s.Files, ", "))
	add(batchesWord(len(s.Batches)), "%s", strings.Join(s.Batches, ", "))
	add("Rows", "%s, %s to %s", report.Plural(s.Rows, "row"), report.Plural(s.Envelopes, "envelope"), report.Plural(s.Recipients, "recipient"))
	for _, of := range d.batchTemplates(func(*entry) bool { return true }) {
		switch source := d.Sources[of.template]; {
		case source == nil, source.Template == nil:
			add("Template", "%s (it cannot be used)", cmp.Or(of.template, "none"))
		default:
			add("Template", "%s (%s), fingerprint %s", source.Template.Name, source.Template.ID, source.Template.Fingerprint())
		}
	}
	if plan := s.Plan; plan != nil && plan.Envelopes > 0 {
		add("Engine", "%s (%s), %s planned", plan.Engine, plan.Why, report.Plural(plan.Calls, "call"))
		for _, setting := range plan.Settings {
			add("Reminders", "%s: %s (%s)", report.Plural(setting.Envelopes, "envelope"), setting.Applies, setting.Source)
		}
	}
	add("Took", "%s", report.Span(time.Duration(s.Seconds*float64(time.Second))))
	if s.Results != "" {
		add("Results", "%s", s.Results)
	}
	if s.Rejects != "" {
		add("Rejects", "%s", s.Rejects)
	}
	return facts
}

func batchesWord(n int) string {
	if n == 1 {
		return "Batch"
	}
	return "Batches"
}
