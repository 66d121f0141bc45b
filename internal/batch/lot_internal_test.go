package batch

import (
	"fmt"
	"strings"
	"testing"

	"batchsend/internal/remote"
)

// TestStages has a lot enter each stage from each: those that may not follow panic.
func TestStages(t *testing.T) {
	follow := map[stage]string{
		unsent:      "unconfirmed processing concluded",
		unconfirmed: "processing concluded deferred",
		processing:  "collecting concluded deferred",
		collecting:  "concluded deferred",
	}
	for from := unsent; from <= deferred; from++ {
		for to := unsent; to <= deferred; to++ {
			l := &lot{Lot: remote.Lot{ID: "l-1"}, stage: from, visits: visits{empty: 2}}
			said := enter(l, to)
			if !strings.Contains(" "+follow[from]+" ", fmt.Sprintf(" %v ", to)) {
				if want := fmt.Sprintf("lot l-1 is %v and cannot become %v", from, to); said != want || l.stage != from {
					t.Errorf("panics with %q and is %v, want %q", said, l.stage, want)
				}
			} else if said != "" || l.stage != to || l.empty != 0 {
				t.Errorf("from %v to %v: panics with %q, is %v, and counts %d answers", from, to, said, l.stage, l.empty)
			}
		}
	}
}

// enter returns with what the lot panics as it enters a stage, "" if it does not.
func enter(l *lot, s stage) (said string) {
	defer func() {
		if p := recover(); p != nil {
			said = fmt.Sprint(p)
		}
	}()
	l.enter(s)
	return ""
}
