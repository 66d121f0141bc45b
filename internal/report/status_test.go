package report

import "testing"

func TestRemoteCounts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		counts map[string]int
		want   string
	}{
		{nil, ""},
		{map[string]int{"sent": 2000}, "sent 2,000"},
		{
			map[string]int{"not-found": 1, "sent": 2, "correct": 3, "completed": 4, "voided": 5, "declined": 6, "delivered": 7},
			"completed 4, declined 6, voided 5, delivered 7, sent 2, correct 3, not-found 1",
		},
	} {
		if got := RemoteCounts(tt.counts); got != tt.want {
			t.Errorf("RemoteCounts(%v) = %q, want %q", tt.counts, got, tt.want)
		}
	}
}
