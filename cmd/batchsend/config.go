package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/pflag"

	"batchsend/internal/censor"
	"batchsend/internal/cmdline"
	"batchsend/internal/docusign"
	"batchsend/internal/settings"
)

// schema is what holds for the settings whatever their values are.
var schema = &settings.Schema{
	Program: "batchsend",
	Variables: map[string]string{
		"auth-server":     "DOCUSIGN_AUTH_SERVER",
		"integration-key": "DOCUSIGN_INTEGRATION_KEY",
		"user-id":         "DOCUSIGN_USER_ID",
		"private-key":     privateKeyVariable,
		"redirect-uri":    "DOCUSIGN_REDIRECT_URI",
		"account":         "DOCUSIGN_ACCOUNT_ID",
	},
	TypedOnly: []string{"allow-repeat"},
	MayHold: map[string]censor.Secret{
		"private-key": censor.Key,
		"ledger":      censor.Password, // of PostgreSQL
	},
	Addresses: []string{"ping-url", "notify-command"},
	Cures: map[censor.Secret]string{
		censor.Key:      "--private-key takes the path of the key's file; the text itself belongs into " + privateKeyVariable,
		censor.Token:    "batchsend takes no token: it signs in by itself, with the integration key, the user's ID and the private key, or with a login (batchsend login)",
		censor.Password: "an address with a password belongs into the environment (BATCHSEND_LEDGER for the ledger), where others cannot read it",
	},
	Bound: settings.Bond{
		Setting: "auth-server", Same: docusign.SameAuthServer,
		Why: "demo and production share no integration keys, users, templates or accounts, and DocuSign would refuse the key (invalid_grant: issuer_not_found). Nothing was asked",
	},
}

const privateKeyVariable = "DOCUSIGN_PRIVATE_KEY"

// sources are where the settings come from besides the command line.
func (a *app) sources() settings.Sources {
	return settings.Sources{Schema: schema, Env: a.env, Known: cmdline.FlagNames(a.root)}
}

// resolve gives the flags their values.
func (a *app) resolve(flags *pflag.FlagSet) (err error) {
	a.settings, err = a.sources().Resolve(flags)
	return err
}

// place names where the value of a flag came from.
func (a *app) place(flag string) string { return a.settings.Place(flag) }

// wrong is the error about a flag whose value cannot be used.
func (a *app) wrong(flag, why string, args ...any) error {
	return a.settings.Wrong(flag, why, args...)
}

// notRepeated are the flags that a command in a hint leaves out though they were
// typed: they say what this run writes, shows or stops at, not where things go.
var notRepeated = []string{
	"batch", "sheet", "results", "rejects", "report", "metrics-file", "notify-command", "ping-url", "json", "refresh", "limit", "until", "max-duration", "min-age", "max-errors",
	"yes", "faults", "quiet", "verbose", "log-format", "help", "header-row",
}

func (a *app) composer() cmdline.Composer {
	return cmdline.Composer{Root: a.root, Typed: a.settings.TypedFlags(), NotRepeated: notRepeated}
}

// command returns a command line for a hint, with what was typed for this run.
func (a *app) command(name string, more ...string) string {
	return a.composer().Command(name, more...)
}

// mine reports whether a setting may be used: the sandbox has its own, and takes a
// real one only if it was typed for it.
func (a *app) mine(flag string) bool { return !a.cfg.sandbox || a.settings.Typed(flag) }

// ledgerPath returns where the ledger is. The sandbox has its own.
func (a *app) ledgerPath() (string, error) {
	if a.cfg.ledger != "" && a.mine("ledger") {
		return a.cfg.ledger, nil
	}
	dir, err := a.sources().StateDirectory()
	if err != nil {
		return "", fmt.Errorf("no place for the ledger: %w; give --ledger PATH", err)
	}
	if a.cfg.sandbox {
		dir = filepath.Join(dir, sandboxDirectory)
	}
	return filepath.Join(dir, "ledger.db"), nil
}
