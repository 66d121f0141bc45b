package report_test

import (
	"bytes"
	"testing"

	"batchsend/internal/report"
)

func TestSteps(t *testing.T) {
	for _, tt := range []struct {
		columns int
		want    string
	}{
		{0, `ok    key            RSA, 2048 bits
FAIL  consent        the user has not yet allowed it
                     -> open this address and accept: https://account-d.docusign.com/oauth/auth?client_id=1e700000
warn  clock          20s ahead
--    account, sending: not looked at
`},
		{60, `ok    key            RSA, 2048 bits
FAIL  consent        the user has not yet allowed it
                     -> open this address and accept:
                        https://account-d.docusign.com/oauth/auth?client_id=1e700000
warn  clock          20s ahead
--    account, sending: not looked at
`},
		{40, `ok    key            RSA, 2048 bits
FAIL  consent        the user has not
      yet allowed it
      -> open this address and accept:
         https://account-d.docusign.com/oauth/auth?client_id=1e700000
warn  clock          20s ahead
--    account, sending: not looked at
`},
	} {
		var b bytes.Buffer
		for _, s := range []report.Step{
			{Name: "key", State: report.StepOK, Detail: "RSA, 2048 bits"},
			{Name: "consent", State: report.StepFailed, Detail: "the user has not yet allowed it", Cure: "open this address and accept: https://account-d.docusign.com/oauth/auth?client_id=1e700000"},
			{Name: "clock", State: report.StepWarning, Detail: "20s ahead"},
			{State: report.StepSkipped, Detail: "account, sending: not looked at"},
		} {
			if err := report.WriteStep(&b, s, tt.columns); err != nil {
				t.Fatal(err)
			}
		}
		same(t, b.String(), tt.want)
	}
}
