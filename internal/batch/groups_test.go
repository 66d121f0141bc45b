package batch_test

import (
	"fmt"
	"strings"
	"testing"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/reminders"
)

// TestGroups numbers groups as they are first seen: what a list cannot vary makes
// another group, and so does another batch.
func TestGroups(t *testing.T) {
	with := func(change func(*envelope.Envelope)) *envelope.Envelope {
		env := row("a", 1)
		env.TemplateID = "t"
		change(env)
		return env
	}
	var groups batch.Groups
	for i, tt := range []struct {
		env  *envelope.Envelope
		want int32
	}{
		{with(func(*envelope.Envelope) {}), 0},
		{with(func(env *envelope.Envelope) { env.Subject, env.Recipients = "s", []envelope.Recipient{{Role: "r"}} }), 0},
		{with(func(env *envelope.Envelope) { env.TemplateID = "u" }), 1},
		{with(func(env *envelope.Envelope) { env.Batch = "june" }), 2},
		{with(func(env *envelope.Envelope) { env.Notification = new(reminders.Settings) }), 3},
		{with(func(env *envelope.Envelope) { env.Notification = &reminders.Settings{Delay: 1} }), 4},
		{with(func(env *envelope.Envelope) { env.Fields = []envelope.Field{{Name: "f", Value: "v"}} }), 0},
		{with(func(env *envelope.Envelope) { env.Fields = []envelope.Field{{Name: "f", Value: "v", List: true}} }), 5},
		{with(func(env *envelope.Envelope) { env.TemplateID = "u" }), 1},
	} {
		if n, obstacle := groups.Of(tt.env); n != tt.want || obstacle != "" {
			t.Errorf("envelope %d is in group %d (%s), want %d", i, n, obstacle, tt.want)
		}
	}
	n, obstacle := groups.Of(with(func(env *envelope.Envelope) { env.OnlySingly = "it is too long" }))
	if want := "may.csv:2 cannot go in a list: it is too long"; n >= 0 || obstacle != want {
		t.Errorf("%d, %q; want none, %q", n, obstacle, want)
	}
}

// TestTooManyGroups: of more groups than a run tells apart the envelopes go singly,
// also where bulk sending is wanted.
func TestTooManyGroups(t *testing.T) {
	var all batch.Groups
	var groups []int32
	var obstacle string
	for i := range batch.MaxGroups + 3 {
		env := row("a", 1)
		env.TemplateID = fmt.Sprint(i)
		n, why := all.Of(env)
		if groups = append(groups, n); obstacle == "" {
			obstacle = why
		}
	}
	if first, _ := all.Of(row("a", 1)); first >= 0 || groups[batch.MaxGroups-1] != batch.MaxGroups-1 {
		t.Errorf("the last group is %d, and another %d", groups[batch.MaxGroups-1], first)
	}
	p := batch.Choose(groups, batch.Terms{Via: batch.InBulk, Obstacle: obstacle})
	if p.Engine != batch.Split || p.Copies != batch.MaxGroups || len(p.Why) != 3 || !strings.Contains(p.Why[2], "more than 10000 different combinations") {
		t.Errorf("%s, %d copies, %q", p.Engine, p.Copies, p.Why)
	}
}
