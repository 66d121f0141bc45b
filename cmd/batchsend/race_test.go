//go:build race

package main

// killedEnvelopes is how many envelopes TestBulkKilled sends. Checking them takes
// ten times as long under the race detector.
const killedEnvelopes = 3000
