package racetest_test

import (
	"testing"

	"batchsend/internal/racetest"
)

// stranger is a test of another name that notes whether it was failed.
type stranger struct {
	testing.TB
	name   string
	failed bool
}

func (s *stranger) Name() string          { return s.name }
func (s *stranger) Helper()               {}
func (s *stranger) Errorf(string, ...any) { s.failed = true }

// A test that does less under the race detector must be one that make test repeats.
func TestOn(t *testing.T) {
	for name, fails := range map[string]bool{"TestKillMatrix/from_0/7": false, "TestKillMatrix": false, "TestKill": true, "TestOn": true} {
		s := &stranger{TB: t, name: name}
		if racetest.On(s) != racetest.Enabled {
			t.Errorf("On says %v", !racetest.Enabled)
		}
		if s.failed != fails {
			t.Errorf("%s fails: %v, want %v", name, s.failed, fails)
		}
	}
}
