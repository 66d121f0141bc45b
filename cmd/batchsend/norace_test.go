//go:build !race

package main

// killedEnvelopes is how many envelopes TestBulkKilled sends.
const killedEnvelopes = 10_000
