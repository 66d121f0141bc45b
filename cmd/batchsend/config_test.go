package main

import (
	"slices"
	"testing"

	"github.com/spf13/pflag"

	"batchsend/internal/manual"
)

// TestGroups: each flag of send stands in a group, so that the file of `config init`
// does not tell of it under other commands.
func TestGroups(t *testing.T) {
	t.Parallel()
	send := everyCommand()["send"]
	all := send.Flags()
	all.AddFlagSet(send.InheritedFlags())
	all.VisitAll(func(f *pflag.Flag) {
		in := 0
		for _, g := range manual.SettingGroups() {
			if slices.Contains(g.Names, f.Name) {
				in++
			}
		}
		if in != 1 && !slices.Contains([]string{"help", "config", "profile"}, f.Name) {
			t.Errorf("--%s is in %d groups, want 1", f.Name, in)
		}
	})
}
