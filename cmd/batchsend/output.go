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

// precious lists the files that no output may replace.
func (s *sending) precious() map[string]string {
	files := map[string]string{}
	for _, path := range s.files {
		if path != "-" {
			files[path] = "an input"
		}
	}
	if s.cfg.privateKey != "" && !docusign.IsKeyText(s.cfg.privateKey) {
		files[s.cfg.privateKey] = "the private key"
	}
	for _, path := range s.o.templateFiles {
		files[path] = "a template file"
	}
	if path, _, err := s.settings.File(); err == nil {
		files[path] = "the configuration file"
	}
	if dir, err := s.sources().StateDirectory(); err == nil && s.cfg.sandbox {
		for _, path := range sandbox.Files(filepath.Join(dir, sandboxDirectory)) {
			files[path] = "the sandbox's"
		}
	}
	if path, err := s.ledgerPath(); err == nil {
		for _, part := range ledger.Files(path) {
			files[part] = "the ledger"
		}
	}
	return files
}
