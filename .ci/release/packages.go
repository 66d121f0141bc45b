package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/deb"
	"github.com/goreleaser/nfpm/v2/files"
	_ "github.com/goreleaser/nfpm/v2/rpm"
)

// packages writes the packages of a target of Linux.
func (r *release) packages(t target, contents []file) error {
	for format, zsh := range map[string]string{
		"deb": "/usr/share/zsh/vendor-completions/",
		"rpm": "/usr/share/zsh/site-functions/",
	} {
		info := nfpm.WithDefaults(&nfpm.Info{
			Name:          "batchsend",
			Arch:          t.arch,
			Platform:      t.os,
			Version:       packageVersion(r.version, r.date.Format("20060102150405")),
			VersionSchema: "none",
			Section:       "utils",
			Priority:      "optional",
			Maintainer:    "The batchsend authors",
			Description:   "Send DocuSign envelopes in batches from CSV files\nChecks every row before anything is sent, sends nothing twice, and goes on\nwhere a stopped run has ended.",
			License:       "MIT",
			MTime:         r.date,
		})
		info.RPM.BuildHost = "localhost" // not this machine's name
		info.RPM.Summary = "Send DocuSign envelopes in batches from CSV files"
		for _, f := range sorted(contents) {
			installed, err := r.install(f, zsh)
			if err != nil {
				return err
			}
			if installed != nil {
				installed.FileInfo.MTime = r.date
				info.Contents = append(info.Contents, installed)
			}
		}
		packager, err := nfpm.Get(format)
		if err != nil {
			return err
		}
		if err := nfpm.PrepareForPackager(info, format); err != nil {
			return err
		}
		path := filepath.Join(r.out, packager.ConventionalFileName(info))
		if err := create(path, func(w io.Writer) error { return packager.Package(info, w) }); err != nil {
			return fmt.Errorf("%s: %w", format, err)
		}
	}
	return nil
}

// install says where a package puts a file of the archive, nil if nowhere. zsh is
// the directory of zsh's completions.
func (r *release) install(f file, zsh string) (*files.Content, error) {
	content := &files.Content{Source: f.path, FileInfo: &files.ContentFileInfo{Mode: f.mode}}
	const docs = "/usr/share/doc/batchsend/"
	switch name := strings.TrimPrefix(f.name, "completions/"); {
	case name == "batchsend":
		content.Destination = "/usr/bin/batchsend"
	case name == "batchsend.bash":
		content.Destination = "/usr/share/bash-completion/completions/batchsend"
	case name == "_batchsend":
		content.Destination = zsh + name
	case name == "batchsend.fish":
		content.Destination = "/usr/share/fish/vendor_completions.d/" + name
	case name == "batchsend.ps1":
		return nil, nil
	case name == "LICENSE":
		content.Destination = docs + "copyright"
	case strings.HasPrefix(name, "man/"):
		compressed, err := r.compress(f.path)
		if err != nil {
			return nil, err
		}
		content.Source, content.Destination = compressed, "/usr/share/"+name+".gz"
	default:
		content.Destination = docs + name
	}
	return content, nil
}

// compress writes path.gz, as packages have man pages.
func (r *release) compress(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	return path + ".gz", create(path+".gz", func(w io.Writer) error {
		zw, err := gzip.NewWriterLevel(w, gzip.BestCompression)
		if err != nil {
			return err
		}
		if _, err := zw.Write(text); err != nil {
			return err
		}
		return zw.Close()
	})
}

var (
	tagged   = regexp.MustCompile(`^v?(\d[0-9.]*)(?:-([a-z][0-9a-z.]*))?(?:-(\d+)-g([0-9a-f]+))?(-dirty)?$`)
	unwanted = regexp.MustCompile(`[^0-9A-Za-z.]+`)
)

// packageVersion puts what git describe says into a version that both dpkg and rpm
// order rightly: 1.2.0~rc.1 is before 1.2.0, and 1.2.0+3.gabc after it. Without a tag
// it is 0.0.0 and the time.
func packageVersion(version, stamp string) string {
	m := tagged.FindStringSubmatch(version)
	if m == nil || !strings.Contains(m[1], ".") {
		return "0.0.0+" + stamp + "." + unwanted.ReplaceAllString(version, ".")
	}
	text := m[1]
	if m[2] != "" {
		text += "~" + m[2]
	}
	if m[3] != "" {
		text += "+" + m[3] + ".g" + m[4]
	}
	if m[5] != "" {
		text += "+dirty"
	}
	return text
}
