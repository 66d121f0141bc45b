package main

import (
	"path/filepath"

	"batchsend/internal/docusign"
	"batchsend/internal/ledger"
	"batchsend/internal/sandbox"
)

// precious lists the files that no output of any command may replace.
func (a *app) precious() map[string]string {
	files := map[string]string{}
	if a.cfg.privateKey != "" && !docusign.IsKeyText(a.cfg.privateKey) {
		files[a.cfg.privateKey] = "the private key"
	}
	if path, _, err := a.settings.File(); err == nil {
		files[path] = "the configuration file"
	}
	if dir, err := a.sources().StateDirectory(); err == nil && a.cfg.sandbox {
		for _, path := range sandbox.Files(filepath.Join(dir, sandboxDirectory)) {
			files[path] = "the sandbox's"
		}
	}
	if store, err := a.logins(); err == nil {
		for _, path := range store.Files() {
			files[path] = "a login"
		}
	}
	if path, err := a.ledgerPath(); err == nil {
		for _, part := range ledger.Files(path) {
			files[part] = "the ledger"
		}
	}
	return files
}
