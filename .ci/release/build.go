package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// target is an operating system and a processor, in Go's words.
type target struct{ os, arch string }

func (t target) String() string { return t.os + "/" + t.arch }

var targets = []target{
	{"linux", "amd64"},
	{"linux", "arm64"},
	{"darwin", "amd64"},
	{"darwin", "arm64"},
	{"windows", "amd64"},
	{"windows", "arm64"},
}

// choose returns the targets of a list with commas, all if it is empty.
func choose(list string) (chosen []target, err error) {
	if list == "" {
		return targets, nil
	}
	for name := range strings.SplitSeq(list, ",") {
		i := slices.IndexFunc(targets, func(t target) bool { return t.String() == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no target %q, only %v", name, targets)
		}
		chosen = append(chosen, targets[i])
	}
	return chosen, nil
}

// file is one file of an archive.
type file struct {
	name string // in the archive, with slashes
	path string // on this machine
	mode fs.FileMode
}

func (f file) size() (int64, error) {
	info, err := os.Stat(f.path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// goCommand runs go in the repository for a target, or for this machine if both its
// fields are empty. Settings of this machine that would change the result are unset.
func (r *release) goCommand(t target, args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Dir = r.source
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOEXPERIMENT=", "GOAMD64=v1", "GOARM64=v8.0", "GOWORK=off", "GOOS="+t.os, "GOARCH="+t.arch)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go %s: %w", args[0], err)
	}
	return nil
}

// flags are what every program of a release is built with: stripped, without the
// paths of this machine.
func (r *release) flags() []string {
	return []string{"build", "-trimpath", "-ldflags", "-s -w -X main.release=" + r.version}
}

// build makes the program of a target.
func (r *release) build(t target) (file, error) {
	f := file{name: "batchsend", mode: 0o755}
	if t.os == "windows" {
		f.name += ".exe"
	}
	f.path = filepath.Join(r.work, t.os+"-"+t.arch, f.name)
	return f, r.goCommand(t, append(r.flags(), "-o", f.path, "./cmd/batchsend")...)
}

// completions names the file of each shell's completion as the shell expects it.
var completions = map[string]string{
	"bash":       "batchsend.bash",
	"zsh":        "_batchsend",
	"fish":       "batchsend.fish",
	"powershell": "batchsend.ps1",
}

// shared returns the files that all archives have: the documents, and what the
// program writes about itself.
func (r *release) shared() ([]file, error) {
	program := filepath.Join(r.work, "batchsend-man")
	if err := r.goCommand(target{}, append(r.flags(), "-tags", "man", "-o", program, "./cmd/batchsend")...); err != nil {
		return nil, err
	}
	run := func(args ...string) ([]byte, error) {
		cmd := exec.Command(program, args...)
		cmd.Dir = r.work
		cmd.Env = []string{"HOME=" + r.work, "TZ=UTC", fmt.Sprintf("SOURCE_DATE_EPOCH=%d", r.date.Unix())}
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("batchsend %s: %w", strings.Join(args, " "), err)
		}
		return out, nil
	}
	for _, dir := range []string{"man", "completions"} {
		if err := os.Mkdir(filepath.Join(r.work, dir), 0o755); err != nil {
			return nil, err
		}
	}
	if _, err := run("man", filepath.Join(r.work, "man")); err != nil {
		return nil, err
	}
	for shell, name := range completions {
		script, err := run("completion", shell)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(r.work, "completions", name), script, 0o644); err != nil {
			return nil, err
		}
	}
	files := []file{
		{"README.md", filepath.Join(r.source, "README.md"), 0o644},
		{"LICENSE", filepath.Join(r.source, "LICENSE"), 0o644},
	}
	for name, dir := range map[string]string{
		"samples":     filepath.Join(r.source, "samples"),
		"man/man1":    filepath.Join(r.work, "man"),
		"completions": filepath.Join(r.work, "completions"),
	} {
		found, err := under(dir, name)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	return files, nil
}

// under returns the files below a directory, which the archive calls name.
func under(dir, name string) (files []file, err error) {
	err = filepath.WalkDir(dir, func(full string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, full)
		if err != nil {
			return err
		}
		files = append(files, file{path.Join(name, filepath.ToSlash(rel)), full, 0o644})
		return nil
	})
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("%s is empty", dir)
	}
	return files, err
}
