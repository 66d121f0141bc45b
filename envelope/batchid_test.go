package envelope

import "testing"

// TestBatchID holds the ID of a batch in place: envelopes that DocuSign has
// carry it for years.
func TestBatchID(t *testing.T) {
	const account = "acc00000-0000-4000-8000-000000000001"
	got := BatchID(account, "offers.csv")
	if want := "1bc9333e-1eba-5f2c-920b-57dac0d13871"; got != want {
		t.Errorf("BatchID = %s, want %s", got, want)
	}
	if BatchID("ACC00000-0000-4000-8000-000000000001", "offers.csv") != got {
		t.Error("the case of the account counts")
	}
	for _, other := range []string{"Offers.csv", "offers.csv ", "", "offers.xlsx"} {
		if BatchID(account, other) == got {
			t.Errorf("batch %q has the ID of another", other)
		}
	}
}
