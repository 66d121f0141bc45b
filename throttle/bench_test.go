package throttle_test

import (
	"testing"
	"time"

	"batchsend/throttle"
)

// BenchmarkLimiter is the cost of one call's place and answer when nobody
// waits.
func BenchmarkLimiter(b *testing.B) {
	const plenty = 1 << 40
	told := throttle.Reading{HourLimit: plenty, HourReset: time.Hour, BurstLimit: plenty}
	for name, reading := range map[string]throttle.Reading{"silent": throttle.NoReading, "told": told} {
		b.Run(name, func(b *testing.B) {
			l := &throttle.Limiter{Hour: throttle.Quota{Limit: plenty}, Burst: throttle.Quota{Limit: plenty}}
			ctx := b.Context()
			b.ReportAllocs()
			used := 0
			for b.Loop() {
				call, err := l.Acquire(ctx)
				if err != nil {
					b.Fatal(err)
				}
				used++
				r := reading
				if r.HourLimit > 0 {
					r.HourLeft, r.BurstLeft = plenty-used, plenty-used
				}
				call.Done(r)
			}
		})
	}
}

// BenchmarkLimiterWithStore is the same with a store in memory.
func BenchmarkLimiterWithStore(b *testing.B) {
	const plenty = 1 << 40
	store := newStore(0)
	l := &throttle.Limiter{Hour: throttle.Quota{Limit: plenty}, Burst: throttle.Quota{Limit: plenty}, Store: storeOf{store, "one"}}
	ctx := b.Context()
	b.ReportAllocs()
	used := 0
	for b.Loop() {
		call, err := l.Acquire(ctx)
		if err != nil {
			b.Fatal(err)
		}
		used++
		call.Done(throttle.Reading{HourLimit: plenty, HourLeft: plenty - used, HourReset: time.Hour, BurstLimit: plenty, BurstLeft: plenty - used})
	}
	closeAll(b, []*throttle.Limiter{l})
	b.ReportMetric(float64(b.N)/float64(store.updates), "calls/update")
}

// BenchmarkLimiterParallel is the same with many callers at once.
func BenchmarkLimiterParallel(b *testing.B) {
	var l throttle.Limiter
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			call, err := l.Acquire(b.Context())
			if err != nil {
				b.Error(err)
				return
			}
			call.Done(throttle.NoReading)
		}
	})
}
