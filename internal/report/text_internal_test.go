package report

import "testing"

// TestWidth: a text is as wide as a terminal shows it, and is cut between
// characters, not within one.
func TestWidth(t *testing.T) {
	const family = "👩‍👩‍👧" // five code points, one character
	for text, want := range map[string]int{"": 0, "Ann": 3, "王小明": 6, "Jose\u0301": 4, "🇸🇪": 2, family: 2} {
		if got := Width(text); got != want {
			t.Errorf("Width(%q) = %d, want %d", text, got, want)
		}
	}
	for _, tt := range []struct {
		text string
		n    int
		want string
	}{
		{"Ann", 3, "Ann"},
		{"Anna", 3, "An…"},
		{"王小明", 5, "王小…"},
		{"王小明", 4, "王…"},
		{"Jose\u0301 Díaz", 5, "Jose\u0301…"},
		{"a" + family + family, 4, "a" + family + "…"},
	} {
		if got := Cut(tt.text, tt.n); got != tt.want {
			t.Errorf("Cut(%q, %d) = %q, want %q", tt.text, tt.n, got, tt.want)
		}
	}
}
