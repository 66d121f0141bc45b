package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"batchsend/internal/report"
	"batchsend/internal/rows"
)

// createFiles starts the output files, so that a place that cannot be written
// is found before anything is sent.
func (j *job) createFiles(context.Context) (err error) {
	defer func() {
		if err != nil { // none of them is to be replaced
			j.discardFiles()
		}
	}()
	precious, onStdout := j.precious(), ""
	if j.o.json {
		onStdout = "json"
	}
	for _, f := range []struct {
		flag, path string
		to         **report.File
	}{{"results", j.o.results, &j.results}, {"rejects", j.o.rejects, &j.rejects}, {"report", j.o.reportHTML, &j.html}} {
		if f.path == "" {
			continue
		}
		switch report.Standard(f.path) {
		case 1:
			if onStdout != "" {
				return usageError("%s and %s would both be written to standard output: name a file", j.place(onStdout), j.place(f.flag))
			}
			onStdout, j.tableTo = f.flag, j.stderr
			*f.to = report.Stream("standard output", j.plainStdout)
			continue
		case 2:
			*f.to = report.Stream("standard error", j.stderr)
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

// discardFiles gives up the output files that are not in their places yet.
func (j *job) discardFiles() {
	for _, f := range []**report.File{&j.results, &j.rejects, &j.html} {
		(*f).Discard()
		*f = nil
	}
}

// precious lists the files that no output may replace.
func (j *job) precious() map[string]string {
	files := map[string]string{}
	for _, path := range j.files {
		if path != "-" {
			files[path] = "an input"
		}
	}
	if j.cfg.privateKey != "" && !isKeyText(j.cfg.privateKey) {
		files[j.cfg.privateKey] = "the private key"
	}
	if path, _, err := j.configPath(); err == nil {
		files[path] = "the configuration file"
	}
	if dir, err := j.stateDirectory(); err == nil && j.cfg.sandbox {
		for _, name := range []string{"private.pem", "template.json", "envelopes.jsonl", "bulk.jsonl", "requests.log"} {
			files[filepath.Join(dir, sandboxDirectory, name)] = "the sandbox's"
		}
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
	return report.Real(a) == report.Real(b)
}

// writeRejects writes the rejected rows under the header that all inputs have.
func (j *job) writeRejects(entries []report.Entry) error {
	if len(j.inputs) == 0 {
		return nil
	}
	out, err := rows.NewRejectWriter(j.rejects, j.inputs[0].Format)
	if err != nil {
		return err
	}
	return report.WriteRejects(out, entries)
}

// writeFiles writes the output files and returns the exit code that becomes of
// code. What goes to standard output or into a pipe comes last: whoever reads it
// may go away.
func (j *job) writeFiles(entries []report.Entry, code int) int {
	outputs := []struct {
		file  *report.File
		write func() error
	}{
		{j.results, func() error { return report.WriteResults(j.results, entries) }},
		{j.rejects, func() error { return j.writeRejects(entries) }},
		{j.html, func() error { return report.WriteHTML(j.html, j.summary(entries, code), entries) }},
	}
	for _, streams := range []bool{false, true} {
		for _, out := range outputs {
			if out.file == nil || out.file.Streams() != streams {
				continue
			}
			err := out.write()
			if err == nil {
				err = out.file.Commit()
			}
			if err != nil {
				j.warn("%v", err)
				if bad, ok := errors.AsType[*report.FileError](err); ok {
					j.say("hint: %s", bad.Hint())
				}
				code = exitCannotRun
			}
		}
	}
	return code
}
