package main

import (
	"bytes"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// legal matches the names of the files that a licence wants to be passed on.
var legal = regexp.MustCompile(`(?i)^(licen[sc]e|copying|notice|patents)([-.].*)?$`)

// notices writes the licences of everything that is linked into a program, which most
// of them want to come with it. A module without one is an error.
func (r *release) notices(program file) (file, error) {
	f := file{"THIRD_PARTY_LICENSES.txt", filepath.Join(filepath.Dir(program.path), "licences"), 0o644}
	info, err := buildinfo.ReadFile(program.path)
	if err != nil {
		return f, err
	}
	var text bytes.Buffer
	root, err := r.list("env", "GOROOT")
	if err != nil {
		return f, err
	}
	if err := addLicences(&text, "The Go standard library "+info.GoVersion, root); err != nil {
		return f, err
	}
	for _, module := range linked(info) {
		dir, err := r.list("list", "-m", "-f", "{{.Dir}}", module.Path)
		if err != nil {
			return f, err
		}
		if err := addLicences(&text, module.Path+" "+module.Version, dir); err != nil {
			return f, err
		}
	}
	return f, os.WriteFile(f.path, text.Bytes(), 0o644)
}

// list returns the one line that go prints.
func (r *release) list(args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = r.source
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}

func addLicences(text *bytes.Buffer, title, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	found := false
	for _, e := range entries {
		if e.IsDir() || !legal.MatchString(e.Name()) {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(text, "==== %s: %s\n\n%s\n\n", title, e.Name(), bytes.TrimSpace(data))
		found = true
	}
	if !found {
		return fmt.Errorf("%s has no licence", title)
	}
	return nil
}
