// Package job has the use cases: what send does from the files to the result.
//
// It decides which steps there are, their order, and what follows for an envelope
// from what was sent before. How an envelope is claimed, sent and settled is the
// business of package batch. It knows neither flags nor terminals, neither SQL nor
// HTTP.
package job
