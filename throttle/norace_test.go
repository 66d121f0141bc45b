//go:build !race

package throttle_test

// raced says that everything takes ten times as long.
const raced = false
