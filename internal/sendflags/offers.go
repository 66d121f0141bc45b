package sendflags

import (
	"github.com/spf13/cobra"

	"batchsend/internal/batch"
	"batchsend/internal/cmdline"
	"batchsend/internal/rows"
)

// Offers returns the words that a shell completes as values of flags.
func Offers() cmdline.Offers {
	words := func(words ...string) func(*cobra.Command) []string {
		return func(*cobra.Command) []string { return words }
	}
	return cmdline.Offers{
		"via":         words(batch.Auto, batch.Single, batch.TwoStep, batch.InBulk),
		"on-invalid":  words("abort", "skip"),
		"if-missing":  words("error", "ok"),
		"log-format":  words("text", "json"),
		"auth-server": words("demo", "production"),
		"delimiter":   words("comma", "semicolon", "tab", "pipe"),
		"encoding":    words(rows.EncodingNames()...),
	}
}
