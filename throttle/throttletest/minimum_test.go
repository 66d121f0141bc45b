package throttletest_test

import (
	"testing"
	"time"

	"batchsend/throttle/throttletest"
)

func TestMinimum(t *testing.T) {
	const h, m, s = time.Hour, time.Minute, time.Second
	tests := []struct {
		calls, hour, left int
		reset             time.Duration
		burst             int
		want              time.Duration
	}{
		{0, 1000, 0, h, 500, 0},
		{1, 1000, 1, h, 500, 0},
		{1, 1000, 0, 10 * m, 500, 10 * m},
		{500, 1000, 1000, h, 500, 0},
		{501, 1000, 1000, h, 500, 30 * s},
		{1000, 1000, 1000, h, 500, 30 * s},
		{1001, 1000, 1000, h, 500, h},
		{3000, 1000, 1000, h, 500, 2*h + 30*s},
		{1000, 1000, 1000, 10 * s, 500, 30 * s},
		{1500, 1000, 600, 10 * s, 500, 60 * s},
		{1600, 1000, 600, 10 * s, 500, h + 10*s},
		{1_000_000, 0, 0, 0, 0, 0},
		{1000, 0, 0, 0, 500, 30 * s},
		{3000, 1000, 1000, h, 0, 2 * h},
	}
	for _, tt := range tests {
		if got := throttletest.Minimum(tt.calls, tt.hour, tt.left, tt.reset, tt.burst); got != tt.want {
			t.Errorf("Minimum(%d, %d, %d, %v, %d) = %v, want %v", tt.calls, tt.hour, tt.left, tt.reset, tt.burst, got, tt.want)
		}
	}
}
