package main

import (
	"errors"
	"os"
	"path/filepath"

	"batchsend/internal/docusign"
	"batchsend/internal/job"
	"batchsend/internal/report"
	"batchsend/internal/rows"
)

// outputs are the files that a run writes; nil where none is wanted.
type outputs struct {
	results, rejects, html *report.File
	onStdout               bool // one of them is standard output
}

// discard gives up the files that are not in their places yet.
func (o *outputs) discard() {
	for _, f := range []*report.File{o.results, o.rejects, o.html} {
		f.Discard()
	}
	*o = outputs{onStdout: o.onStdout}
}

// createFiles starts the output files, so that a place that cannot be written
// is found before anything is sent.
func (s *sending) createFiles() (o outputs, err error) {
	defer func() {
		if err != nil { // none of them is to be replaced
			o.discard()
		}
	}()
	precious, onStdout := s.precious(), ""
	if s.o.json {
		onStdout = "json"
	}
	for _, f := range []struct {
		flag, path string
		to         **report.File
	}{{"results", s.o.results, &o.results}, {"rejects", s.o.rejects, &o.rejects}, {"report", s.o.reportHTML, &o.html}} {
		if f.path == "" {
			continue
		}
		switch report.Standard(f.path) {
		case 1:
			if onStdout != "" {
				return o, usageError("%s and %s would both be written to standard output: name a file", s.place(onStdout), s.place(f.flag))
			}
			onStdout, o.onStdout = f.flag, true
			*f.to = report.Stream("standard output", s.Files)
			continue
		case 2:
			*f.to = report.Stream("standard error", s.Stderr)
			continue
		}
		for path, what := range precious {
			if sameFile(path, f.path) {
				return o, usageError("%s is %s: name another file for the output", f.path, what)
			}
		}
		precious[f.path] = "another output"
		file, err := report.Create(f.path)
		if err != nil {
			return o, err
		}
		*f.to = file
	}
	return o, nil
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
	if path, _, err := s.settings.File(); err == nil {
		files[path] = "the configuration file"
	}
	if dir, err := s.sources().StateDirectory(); err == nil && s.cfg.sandbox {
		for _, name := range []string{"private.pem", "template.json", "envelopes.jsonl", "bulk.jsonl", "requests.log"} {
			files[filepath.Join(dir, sandboxDirectory, name)] = "the sandbox's"
		}
	}
	if ledger, err := s.ledgerPath(); err == nil {
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
func (s *sending) writeRejects(done *job.Done, entries report.Entries) error {
	inputs := done.Inputs()
	if len(inputs) == 0 {
		return nil
	}
	out, err := rows.NewRejectWriter(s.outputs.rejects, inputs[0].Format)
	if err != nil {
		return err
	}
	if !done.Rejected() {
		entries = func(func(report.Entry, error) bool) {} // none need be read again
	}
	return report.WriteRejects(out, entries)
}

// writeFiles writes the output files and returns the exit code that becomes of
// the summary's. What goes to standard output or into a pipe comes last: whoever reads it
// may go away.
func (s *sending) writeFiles(done *job.Done, summary *report.Summary) int {
	code := summary.ExitCode
	entries := done.Entries()
	outputs := []struct {
		file  *report.File
		write func() error
	}{
		{s.outputs.results, func() error { return report.WriteResults(s.outputs.results, entries) }},
		{s.outputs.rejects, func() error { return s.writeRejects(done, entries) }},
		{s.outputs.html, func() error { return report.WriteHTML(s.outputs.html, summary, entries, len(done.Inputs()) > 1) }},
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
				s.Warn("%v", err)
				if bad, ok := errors.AsType[*report.FileError](err); ok {
					s.Say("hint: %s", bad.Hint())
				}
				code = exitCannotRun
			}
		}
	}
	return code
}
