package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/CycloneDX/cyclonedx-go"
	"github.com/google/uuid"
)

// billOfMaterials writes what a program is made of (CycloneDX, JSON): the modules
// and the standard library that the linker recorded in it.
func (r *release) billOfMaterials(path string, program file) error {
	info, err := buildinfo.ReadFile(program.path)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(program.path)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(data)
	licences := cyclonedx.Licenses{{License: &cyclonedx.License{ID: "MIT"}}}
	root := cyclonedx.Component{
		BOMRef: "batchsend", Type: cyclonedx.ComponentTypeApplication, Name: "batchsend", Version: r.version, Licenses: &licences,
		Hashes: &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: fmt.Sprintf("%x", sum)}},
	}
	parts := []cyclonedx.Component{library("std", strings.TrimPrefix(info.GoVersion, "go"))}
	for _, module := range linked(info) {
		parts = append(parts, library(module.Path, module.Version))
	}
	var refs []string
	for _, part := range parts {
		refs = append(refs, part.BOMRef)
	}
	bom := cyclonedx.NewBOM()
	bom.SerialNumber = uuid.NewSHA1(uuid.NameSpaceOID, sum[:]).URN()
	bom.Metadata = &cyclonedx.Metadata{Timestamp: r.date.Format(time.RFC3339), Component: &root}
	bom.Components = &parts
	bom.Dependencies = &[]cyclonedx.Dependency{{Ref: root.BOMRef, Dependencies: &refs}}
	return create(path, func(w io.Writer) error {
		return cyclonedx.NewBOMEncoder(w, cyclonedx.BOMFileFormatJSON).SetPretty(true).Encode(bom)
	})
}

// library describes a module, by the address that scanners for vulnerabilities know.
func library(path, version string) cyclonedx.Component {
	purl := "pkg:golang/" + path + "@" + strings.ReplaceAll(version, "+", "%2B")
	return cyclonedx.Component{BOMRef: purl, Type: cyclonedx.ComponentTypeLibrary, Name: path, Version: version, PackageURL: purl}
}

// linked lists the modules that are in a program, without its own.
func linked(info *debug.BuildInfo) (modules []*debug.Module) {
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		modules = append(modules, m)
	}
	return modules
}
