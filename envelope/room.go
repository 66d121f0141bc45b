package envelope

// room hands out short slices of one long one, so that a file of many rows
// costs few allocations. What it has handed out lives until all of it is free.
type room[T any] struct{ free []T }

// take returns n zero values, with no room behind them.
func (r *room[T]) take(n int) []T {
	r.reserve(n)
	out := r.free[:n:n]
	r.free = r.free[n:]
	return out
}

// one returns a pointer to a zero value.
func (r *room[T]) one() *T { return &r.take(1)[0] }

// reserve makes sure that n values can be taken.
func (r *room[T]) reserve(n int) {
	if len(r.free) < n {
		r.free = make([]T, max(n, 256))
	}
}
