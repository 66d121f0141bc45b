package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestCorpus has files as spreadsheets, forms, personnel systems and others write
// them: each is read, or refused with the cause. expected.tsv has of each its name, the
// flags (with | between them), the exit code of a dry run and words of what it prints.
func TestCorpus(t *testing.T) {
	corpus, err := filepath.Abs("../../testdata/corpus")
	if err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile(filepath.Join(corpus, "expected.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{"expected.tsv": true}
	p := newPlace(t)
	for line := range strings.Lines(string(table)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		name, flags, code, words := fields[0], fields[1], fields[2], fields[3]
		listed[name] = true
		t.Run(name, func(t *testing.T) {
			args := []string{"send", "--sandbox", "--dry-run"}
			if flags != "-" {
				args = append(args, strings.Split(flags, "|")...)
			}
			got := p.run(t, nil, append(args, filepath.Join(corpus, name))...)
			if strconv.Itoa(got.code) != code || !strings.Contains(got.stdout+got.stderr, words) {
				t.Errorf("exit code %d, want %s and %q\n%s%s", got.code, code, words, got.stdout, got.stderr)
			}
		})
	}
	files, err := os.ReadDir(corpus)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !listed[f.Name()] {
			t.Errorf("expected.tsv does not say what is right for %s", f.Name())
		}
	}
}
