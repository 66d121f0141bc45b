package main

import (
	"path/filepath"

	"batchsend/internal/docusign"
	"batchsend/internal/ledger"
	"batchsend/internal/report"
	"batchsend/internal/sandbox"
)

// wanted says which files a run is to write.
func (s *sending) wanted() report.Wanted {
	w := report.Wanted{
		Results: s.o.results, Rejects: s.o.rejects, HTML: s.o.reportHTML,
		Precious: s.precious(), Stdout: s.Files, Stderr: s.Stderr, Called: s.place,
	}
	if s.o.json {
		w.Taken = "json"
	}
	return w
}

// precious lists the files that no output of a run may replace.
func (s *sending) precious() map[string]string {
	files := s.app.precious()
	for _, path := range s.files {
		if path != "-" {
			files[path] = "an input"
		}
	}
	for _, path := range s.o.templateFiles {
		files[path] = "a template file"
	}
	return files
}

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
	if path, err := a.ledgerPath(); err == nil {
		for _, part := range ledger.Files(path) {
			files[part] = "the ledger"
		}
	}
	return files
}
