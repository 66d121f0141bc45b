package notify

import (
	"io"
	"strings"
	"testing"
	"time"

	"batchsend/internal/report"
)

// TestCommandLimit: a command that does not end is ended, with all that it has started.
// What it leaves running on purpose holds nobody up.
func TestCommandLimit(t *testing.T) {
	t.Parallel()
	began := time.Now()
	err := command{"sleep 300 | sleep 300", []string{"PATH=/bin:/usr/bin"}, io.Discard, 50 * time.Millisecond}.run(t.Context(), &report.Summary{})
	if err == nil || !strings.Contains(err.Error(), "longer than 50ms") || time.Since(began) > pipeLimit {
		t.Errorf("after %v: %v, want the limit", time.Since(began), err)
	}
}
