package job_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"batchsend/internal/docusign"
	"batchsend/internal/job"
	"batchsend/internal/ledger"
	"batchsend/internal/report"
)

// TestDoctorWithoutKey: without a key DocuSign is not asked, and the ledger is looked
// at all the same.
func TestDoctorWithoutKey(t *testing.T) {
	t.Parallel()
	missing := errors.New("there is no key")
	for _, tt := range []struct {
		name  string
		found ledger.Probed
		err   error
		want  []report.Step
	}{
		{"no ledger yet", ledger.Probed{Free: -1}, nil, []report.Step{{Name: "ledger", State: report.StepOK, Detail: "our.db is not there yet: the first run makes it"}}},
		{"an old one", ledger.Probed{There: true, Older: true, Free: 8 << 30}, nil, []report.Step{
			{Name: "ledger", State: report.StepOK, Detail: "our.db, of an earlier release: the next run brings it up to date"},
			{Name: "disk", State: report.StepOK, Detail: "8,192 MiB free beside the ledger"},
		}},
		{"a full disk", ledger.Probed{There: true, Free: 100 << 10}, nil, []report.Step{
			{Name: "ledger", State: report.StepOK, Detail: "our.db"},
			{Name: "disk", State: report.StepFailed, Detail: "100 KiB are left on the disk of the ledger, of which an envelope takes about one", Cure: "make room before you send: nothing is sent that cannot be recorded"},
		}},
		{"none to be used", ledger.Probed{}, errors.New("it is a directory"), []report.Step{{Name: "ledger", State: report.StepFailed, Detail: "it is a directory"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := job.Doctor{
				Settings: func() (job.Settings, error) { return job.Settings{Environment: "demo"}, nil },
				Key:      func() (string, error) { return "", missing },
				Proxy:    func() (docusign.ProxySetting, error) { return docusign.ProxySetting{}, nil },
				Reach: func(context.Context) (docusign.Reached, error) {
					return docusign.Reached{Host: "account-d.docusign.com", TLS: "TLS 1.3"}, nil
				},
				SignIn: func(context.Context) (*job.SignedIn, error) {
					t.Error("it signs in without a key")
					return nil, missing
				},
				Ledger: func(context.Context) (string, ledger.Probed, error) { return "our.db", tt.found, tt.err },
			}
			var got []report.Step
			for step, err := range d.Examine(t.Context()) {
				if (err != nil) != (step.State == report.StepFailed) {
					t.Errorf("%+v comes with the error %v", step, err)
				}
				got = append(got, step)
			}
			want := append([]report.Step{
				{Name: "configuration", State: report.StepOK, Detail: "demo; no configuration file"},
				{Name: "sign-in", State: report.StepFailed, Detail: "there is no key"},
				{Name: "proxy", State: report.StepOK, Detail: "none"},
				{Name: "network", State: report.StepOK, Detail: "account-d.docusign.com answers in 1ms, TLS 1.3"},
				{Name: "clock", State: report.StepOK, Detail: "DocuSign's answer does not tell the time"},
				{State: report.StepSkipped, Detail: "account, sending, bulk, allowance, template, limits: not looked at, because of what failed"},
			}, tt.want...)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
			for range d.Examine(t.Context()) {
				break // whoever wants no more gets no more
			}
		})
	}
}
