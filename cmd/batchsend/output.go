package main

import (
	"context"
	"os"
	"path/filepath"

	"batchsend/internal/report"
)

// createFiles starts the output files, so that a place that cannot be written
// is found before anything is sent.
func (j *job) createFiles(context.Context) error {
	precious := j.precious()
	for _, f := range []struct {
		path string
		to   **report.File
	}{{j.o.results, &j.results}, {j.o.rejects, &j.rejects}, {j.o.reportHTML, &j.html}} {
		if f.path == "" {
			continue
		}
		for path, what := range precious {
			if sameFile(path, f.path) {
				return usageError("%s is %s: name another file for the output", f.path, what)
			}
		}
		precious[f.path] = "another output"
		file, err := report.Create(f.path)
		if err != nil {
			return err
		}
		*f.to = file
	}
	return nil
}

// precious lists the files that no output may replace.
func (j *job) precious() map[string]string {
	files := map[string]string{}
	for _, path := range j.files {
		files[path] = "an input"
	}
	if j.cfg.privateKey != "" && !isKeyText(j.cfg.privateKey) {
		files[j.cfg.privateKey] = "the private key"
	}
	if j.cfg.configFile != "" {
		files[j.cfg.configFile] = "the configuration file"
	}
	if ledger, err := j.ledgerPath(); err == nil {
		for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
			files[ledger+suffix] = "the ledger"
		}
	}
	return files
}

// sameFile reports whether two paths lead to one file, there or not yet.
func sameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	if errA == nil && errB == nil {
		return os.SameFile(infoA, infoB)
	}
	absA, errA := filepath.Abs(a)
	absB, errB := filepath.Abs(b)
	return errA == nil && errB == nil && absA == absB
}
