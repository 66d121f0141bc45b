package job

import (
	"fmt"

	"batchsend/internal/batch"
	"batchsend/internal/report"
)

// Cautions say what DocuSign may do otherwise than planned, and what was asked for and
// is not planned.
func (p *Planned) Cautions(o Options) (all []string) {
	envelopes := p.Plan.Envelopes
	if left := p.Plan.AllowanceLeft; left >= 0 && left < envelopes {
		all = append(all, fmt.Sprintf("the account's plan has %s left and %s are to be sent: DocuSign may refuse the rest", report.Plural(left, "envelope"), report.Number(envelopes)))
	}
	if own, overruled := p.Overruled(); overruled {
		all = append(all, fmt.Sprintf("the account does not let senders override reminders and expiration: DocuSign may apply the account's instead (%s)", own))
	}
	if o.Via == batch.InBulk && p.Plan.Engine == batch.Single && envelopes > 0 {
		all = append(all, "--via bulk: nothing goes in bulk; the plan says why")
	}
	return all
}

// Lateness says how many of the envelopes the run's time does not suffice for; "" if
// it does.
func (p *Planned) Lateness() string {
	if p.Late == 0 {
		return ""
	}
	return fmt.Sprintf("about %s of %s will not have been sent when the run must end (--until, --max-duration): the same command goes on with them later",
		report.Plural(p.Late, "envelope"), report.Number(p.Plan.Envelopes))
}
