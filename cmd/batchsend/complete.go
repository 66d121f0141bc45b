package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"batchsend/internal/cmdline"
	"batchsend/internal/explain"
	"batchsend/internal/ledger"
	"batchsend/internal/sendflags"
)

// offerValues has the shell complete what is known without asking anybody: words that a
// flag takes, and what the ledger and the configuration file have.
func (a *app) offerValues(root *cobra.Command) {
	flags := sendflags.Offers()
	flags["batch"] = a.fromLedger((*ledger.DB).BatchNames)
	flags["template"] = a.fromLedger((*ledger.DB).TemplateIDs)
	flags["profile"] = func(cmd *cobra.Command) []string {
		_ = a.resolve(cmd.Flags()) // only the file is asked
		return a.settings.ProfileNames()
	}
	arguments := cmdline.Offers{"explain": func(*cobra.Command) []string { return explain.Codes() }}
	for _, command := range []string{"template", "show", "csv", "pull"} {
		arguments[command] = flags["template"]
	}
	cmdline.OfferValues(root, flags, arguments)
}

// fromLedger offers what list finds in the ledger, the newest first; nothing if there
// is none that can be read.
func (a *app) fromLedger(list func(*ledger.DB, context.Context) ([]string, error)) func(*cobra.Command) []string {
	return func(cmd *cobra.Command) []string {
		if a.resolve(cmd.Flags()) != nil {
			return nil
		}
		path, err := a.ledgerPath()
		if err != nil {
			return nil
		}
		db, err := ledger.OpenReadOnly(cmd.Context(), path)
		if err != nil {
			return nil
		}
		defer db.Close()
		found, err := list(db, cmd.Context())
		if err != nil {
			return nil
		}
		slices.Reverse(found)
		return found
	}
}
