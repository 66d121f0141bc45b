package batch_test

import (
	"fmt"
	"testing"
	"time"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/reminders"
	"batchsend/throttle"
)

// BenchmarkChoose100k plans how 100,000 envelopes are sent.
func BenchmarkChoose100k(b *testing.B) {
	envs := make([]*envelope.Envelope, 100_000)
	for i := range envs {
		envs[i] = &envelope.Envelope{
			Identity:     envelope.Identity{TemplateID: "t", Batch: "may", Label: fmt.Sprint(i)},
			Notification: &reminders.Settings{Delay: 1 + i%2},
			Recipients:   []envelope.Recipient{{Role: "Employee"}, {Role: "Manager"}},
		}
	}
	groups, _ := groupsOf(envs)
	now := time.Now()
	terms := batch.Terms{
		Via: batch.Auto, Now: now, Templates: 1,
		State: throttle.State{Hour: throttle.Budget{Limit: 1000, Told: true, Share: 1000, Open: 998, Ends: now.Add(time.Hour)}},
	}
	for b.Loop() {
		if p := batch.Choose(groups, terms); p.Lists != 100 {
			b.Fatalf("%d lists", p.Lists)
		}
	}
}
