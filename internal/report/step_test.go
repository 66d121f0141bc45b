package report_test

import (
	"bytes"
	"testing"

	"batchsend/internal/report"
)

func TestSteps(t *testing.T) {
	var b bytes.Buffer
	for _, s := range []report.Step{
		{Name: "key", State: report.StepOK, Detail: "RSA, 2048 bits"},
		{Name: "sign-in", State: report.StepFailed, Detail: "consent_required"},
		{State: report.StepSkipped, Detail: "the account cannot be asked for without it"},
	} {
		if err := report.WriteStep(&b, s); err != nil {
			t.Fatal(err)
		}
	}
	same(t, b.String(), `ok    key        RSA, 2048 bits
FAIL  sign-in    consent_required
--    the account cannot be asked for without it
`)
}
