// Command tally prints the sum of the OpenAPI tally that test processes left in
// a file, and the faults in it:
//
//	go run ./internal/apispec/tally "$BATCHSEND_OPENAPI_TALLY"
//
// It exits 1 if there were faults or nothing was judged, for that would pass
// unnoticed otherwise, and 2 if the file cannot be read.
package main

import (
	"fmt"
	"io"
	"os"

	"batchsend/internal/apispec"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	if len(args) != 1 {
		fmt.Fprintln(stderr, "usage: tally FILE")
		return 2
	}
	sum, err := apispec.Tally(args[0])
	if err != nil {
		fmt.Fprintln(stderr, "tally:", err)
		return 2
	}
	for _, line := range sum.Lines {
		fmt.Fprintln(stderr, "fault:", line)
	}
	fmt.Fprintln(stdout, sum)
	if !sum.Clean() {
		return 1
	}
	return 0
}
