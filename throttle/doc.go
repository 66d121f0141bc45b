// Package throttle decides how many calls may be under way at once, when one
// may leave, and whether to repeat it.
//
// A [Limiter] paces the calls of one account against the two windows its server
// counts in, so that none is refused and none waits without need. Limiters in
// several processes, and in one after the other, do so together if they share a
// [Store]. A [Policy] repeats an operation whose error invites it.
//
// The files build on each other: one window (quota.go, hour.go, burst.go), all windows
// and what other apps do (windows.go, foreign.go), the limiter (limiter.go), and its part
// in a store (shared.go, participant.go).
//
// What a call says, which headers carry the numbers and what a refusal looks
// like is left to others: they tell the limiter through a [Reading], an error's
// RetryAfter method and [Limiter.Exhausted].
package throttle
