package ledger_test

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"batchsend/envelope"
	"batchsend/internal/history"
	"batchsend/internal/ledger"
	"batchsend/internal/ledger/ledgertest"
)

func BenchmarkClaimSettle(b *testing.B) {
	for _, c := range []int{1, 8, 32} {
		b.Run(fmt.Sprintf("concurrent=%d", c), func(b *testing.B) {
			db := openAt(b, newPath(b))
			s := begin(b, db, "bench")
			all := envs("bench", b.N)
			if err := s.Plan(b.Context(), ledgertest.Planned(all)); err != nil {
				b.Fatal(err)
			}
			ops, commits := db.Load()
			var next atomic.Int64
			var done sync.WaitGroup
			b.ResetTimer()
			for range c {
				done.Go(func() {
					for i := next.Add(1) - 1; i < int64(b.N); i = next.Add(1) - 1 {
						if err := s.Claim(b.Context(), all[i]); err != nil {
							b.Error(err)
						}
						if err := s.Settle(b.Context(), all[i].TransactionID, sent(all[i])); err != nil {
							b.Error(err)
						}
					}
				})
			}
			done.Wait()
			b.StopTimer()
			ops2, commits2 := db.Load()
			b.ReportMetric(float64(ops2-ops)/float64(commits2-commits), "ops/commit")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "envelopes/s")
		})
	}
}

// A lot of 1,000 envelopes, claimed and settled in a transaction each.
func BenchmarkClaimSettleLot(b *testing.B) {
	const n = 1000
	db := openAt(b, newPath(b))
	s := begin(b, db, "bench")
	var claiming time.Duration
	lots := 0
	for b.Loop() {
		b.StopTimer()
		all := make([]*envelope.Envelope, n)
		for i := range all {
			label := fmt.Sprintf("E-%d-%d", lots, i)
			all[i] = env("bench", label, label)
		}
		if err := s.Plan(b.Context(), ledgertest.Planned(all)); err != nil {
			b.Fatal(err)
		}
		lot := newLot(fmt.Sprint(lots))
		lots++
		b.StartTimer()
		start := time.Now()
		if err := s.AddLot(b.Context(), lot, "bench"); err != nil {
			b.Fatal(err)
		}
		if _, err := s.ClaimLot(b.Context(), lot, all); err != nil {
			b.Fatal(err)
		}
		claiming += time.Since(start)
		if err := s.SettleLot(b.Context(), lot, allSent(all)); err != nil {
			b.Fatal(err)
		}
		if err := s.EndLot(b.Context(), lot, 20); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(claiming.Milliseconds())/float64(lots), "ms/claim")
	b.ReportMetric(float64(lots*n)/b.Elapsed().Seconds(), "envelopes/s")
}

func BenchmarkPlan100k(b *testing.B) {
	all := envs("bench", 100_000)
	for _, slice := range []int{2_000, 20_000, 100_000} {
		b.Run(fmt.Sprintf("slices of %d", slice), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				s := begin(b, openAt(b, newPath(b)), "bench")
				b.StartTimer()
				for some := range slices.Chunk(all, slice) {
					if err := s.Plan(b.Context(), ledgertest.Planned(some)); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.N)*100_000/b.Elapsed().Seconds(), "envelopes/s")
		})
	}
}

// A list that is given again after a run that sent nothing, in slices.
func BenchmarkSimilar100k(b *testing.B) {
	path := newPath(b)
	all := envs("bench", 100_000)
	if err := begin(b, openAt(b, path), "bench").Plan(b.Context(), ledgertest.Planned(all)); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		db := openAt(b, path)
		for slice := range slices.Chunk(ids(all), 2000) {
			if _, err := db.Similar(b.Context(), account, slice); err != nil {
				b.Fatal(err)
			}
		}
		db.Close()
	}
	b.ReportMetric(float64(b.N)*100_000/b.Elapsed().Seconds(), "envelopes/s")
}

func BenchmarkRecords100k(b *testing.B) {
	db := openAt(b, newPath(b))
	all := envs("bench", 100_000)
	if err := begin(b, db, "bench", "other").Plan(b.Context(), ledgertest.Planned(all)); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := db.Records(b.Context(), account, ids(all)); err != nil {
			b.Fatal(err)
		}
	}
}

// A million rows are planned in 15 s. It takes as long, so only on demand.
func TestPlanMillion(t *testing.T) {
	if os.Getenv("LEDGER_MILLION") == "" {
		t.Skip("set LEDGER_MILLION=1 to plan a million envelopes")
	}
	db := openAt(t, newPath(t))
	s := begin(t, db, "million")
	all := envs("million", 1_000_000)
	start := time.Now()
	if err := s.Plan(t.Context(), ledgertest.Planned(all)); err != nil {
		t.Fatal(err)
	}
	planned := time.Since(start)
	t.Logf("planned in %v", planned)
	if planned > 15*time.Second {
		t.Errorf("planning took %v, want at most 15s", planned)
	}
	start = time.Now()
	recorded, err := db.Records(t.Context(), account, ids(all))
	if err != nil || recorded[0].State != history.StatePlanned {
		t.Fatalf("Records: %v, %v", recorded[0], err)
	}
	t.Logf("asked in %v", time.Since(start))
}

func BenchmarkOpen(b *testing.B) {
	b.Run("new", func(b *testing.B) {
		dir := b.TempDir()
		for i := 0; b.Loop(); i++ {
			db, err := ledger.Open(b.Context(), fmt.Sprintf("%s/%d.db", dir, i))
			if err != nil {
				b.Fatal(err)
			}
			db.Close()
		}
	})
	path := newPath(b)
	openAt(b, path).Close()
	b.Run("again", func(b *testing.B) {
		for b.Loop() {
			db, err := ledger.Open(b.Context(), path)
			if err != nil {
				b.Fatal(err)
			}
			db.Close()
		}
	})
	b.Run("read only", func(b *testing.B) {
		for b.Loop() {
			db, err := ledger.OpenReadOnly(b.Context(), path)
			if err != nil {
				b.Fatal(err)
			}
			db.Close()
		}
	})
}
