// Command release makes the files of a release in a new directory: for each target
// an archive with the program, its completions, man pages, samples and licences, and
// a bill of materials; for Linux also packages (deb, rpm); and SHA256SUMS of all.
//
// The same commit gives the same bytes, if the same Go compiles it: all times are
// $SOURCE_DATE_EPOCH, or that of the commit. It is a module of its own, so that what
// makes packages is no dependency of the program.
package main

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// maxBinary is how many bytes a program may have.
const maxBinary = 30_000_000

// release is what is being made.
type release struct {
	source  string    // the repository
	out     string    // where the files go
	work    string    // a temporary directory
	version string    // such as v1.2.0, or the commit
	date    time.Time // of everything in it
}

func main() {
	version := flag.String("version", "", "the `VERSION`")
	out := flag.String("out", "dist", "the `DIR` to make; it is replaced")
	source := flag.String("source", ".", "the `DIR` of the repository")
	only := flag.String("targets", "", "only `TARGETS`, such as linux/amd64,windows/amd64 (default: all)")
	flag.Parse()
	if err := run(*source, *out, *version, *only); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(source, out, version, only string) error {
	if version == "" {
		return fmt.Errorf("-version is missing")
	}
	wanted, err := choose(only)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "batchsend-release-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	r := &release{source: source, work: work, version: version}
	if r.out, err = filepath.Abs(out); err != nil {
		return err
	}
	if r.date, err = sourceDate(source); err != nil {
		return err
	}
	if err := os.RemoveAll(r.out); err != nil {
		return err
	}
	if err := os.MkdirAll(r.out, 0o755); err != nil {
		return err
	}
	shared, err := r.shared()
	if err != nil {
		return err
	}
	for _, t := range wanted {
		if err := r.make(t, shared); err != nil {
			return fmt.Errorf("%s: %w", t, err)
		}
	}
	return r.sums()
}

// sourceDate returns $SOURCE_DATE_EPOCH, or the time of the commit.
func sourceDate(source string) (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		out, err := exec.Command("git", "-C", source, "log", "-1", "--format=%ct").Output()
		if err != nil {
			return time.Time{}, fmt.Errorf("the time of the commit cannot be read (%w): set SOURCE_DATE_EPOCH", err)
		}
		text = strings.TrimSpace(string(out))
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH is not a number of seconds: %w", err)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// make makes the files of one target.
func (r *release) make(t target, shared []file) error {
	program, err := r.build(t)
	if err != nil {
		return err
	}
	size, err := program.size()
	if err != nil {
		return err
	}
	fmt.Printf("%-14s %5.1f MB\n", t, float64(size)/1e6)
	if size > maxBinary {
		return fmt.Errorf("the program has %d bytes, more than %d", size, maxBinary)
	}
	notices, err := r.notices(program)
	if err != nil {
		return err
	}
	files := append([]file{program, notices}, shared...)
	name := fmt.Sprintf("batchsend-%s-%s-%s", r.version, t.os, t.arch)
	archive := tarball
	if t.os == "windows" {
		archive = zipped
	}
	if err := archive(filepath.Join(r.out, name), r.date, files); err != nil {
		return err
	}
	if err := r.billOfMaterials(filepath.Join(r.out, name+".cdx.json"), program); err != nil {
		return err
	}
	if t.os != "linux" {
		return nil
	}
	return r.packages(t, files)
}

// sums writes SHA256SUMS, in the form that sha256sum -c reads.
func (r *release) sums() error {
	entries, err := os.ReadDir(r.out)
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, e := range entries { // sorted by name
		data, err := os.ReadFile(filepath.Join(r.out, e.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&text, "%x  %s\n", sha256.Sum256(data), e.Name())
	}
	return os.WriteFile(filepath.Join(r.out, "SHA256SUMS"), []byte(text.String()), 0o644)
}
