package batch

import (
	"runtime"

	"github.com/sourcegraph/conc/pool"
)

// Each calls do(0) to do(n-1), as many at once as there are processors, and
// returns when all have. A panic in one resurfaces here.
func Each(n int, do func(i int)) {
	p := pool.New().WithMaxGoroutines(runtime.GOMAXPROCS(0))
	for i := range n {
		p.Go(func() { do(i) })
	}
	p.Wait()
}
