package job_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

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
			{Name: "disk", State: report.StepFailed, Detail: "100 KiB are left on the disk of the ledger, of which an envelope takes about one"},
		}},
		{"none to be used", ledger.Probed{}, errors.New("it is a directory"), []report.Step{{Name: "ledger", State: report.StepFailed, Detail: "it is a directory"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := job.Doctor{
				Key: func() (string, error) { return "", missing },
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
				{Name: "sign-in", State: report.StepFailed, Detail: "there is no key"},
				{State: report.StepSkipped, Detail: "account, settings and template cannot be asked for without it"},
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
