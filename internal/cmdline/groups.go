package cmdline

import "batchsend/internal/settings"

// Groups sorts the flags of the program by what they are about.
var Groups = []settings.Group{
	{Title: "Whom to talk to, and as whom", Names: []string{"auth-server", "integration-key", "user-id", "private-key", "redirect-uri", "account", "sandbox", "ledger"}},
	{Title: "What to send", Names: []string{"template", "batch", "template-file"}},
	{Title: "How files are read", Names: []string{"encoding", "delimiter", "sheet", "header-row", "map", "min-age", "if-missing"}},
	{Title: "Safety", Names: []string{"dry-run", "on-invalid", "allow-same-person", "allow-repeat", "allow-changed-template", "yes", "limit", "max-errors", "until", "max-duration", "settle"}},
	{Title: "Reminders and expiry", Names: []string{"reminder-delay", "reminder-frequency", "expire-after", "expire-warn"}},
	{Title: "Limits and speed", Names: []string{"via", "concurrency", "hourly-limit", "burst-limit", "reserve"}},
	{Title: "Output", Names: []string{"results", "rejects", "report", "archive", "rejected", "json", "quiet", "verbose", "log-format", "metrics-file", "notify-command", "ping-url"}},
	{Title: "Rehearsals in the sandbox", Names: []string{"faults", "addr", "dir", "calls-per-hour", "calls-per-burst", "search-delay", "bulk-rate", "tls"}},
}
