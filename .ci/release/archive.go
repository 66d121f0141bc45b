package main

import (
	"archive/tar"
	"archive/zip"
	"cmp"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// tarball writes files into base.tar.gz, under a directory of the same name.
func tarball(base string, date time.Time, files []file) error {
	return create(base+".tar.gz", func(out io.Writer) error {
		zw, err := gzip.NewWriterLevel(out, gzip.BestCompression)
		if err != nil {
			return err
		}
		tw := tar.NewWriter(zw)
		for _, f := range sorted(files) {
			size, err := f.size()
			if err != nil {
				return err
			}
			header := &tar.Header{
				Name: filepath.Base(base) + "/" + f.name, Mode: int64(f.mode), Size: size, ModTime: date,
				Uname: "root", Gname: "root", Format: tar.FormatPAX,
			}
			if err := tw.WriteHeader(header); err != nil {
				return err
			}
			if err := f.copyTo(tw); err != nil {
				return err
			}
		}
		return errors.Join(tw.Close(), zw.Close())
	})
}

// zipped writes files into base.zip, under a directory of the same name.
func zipped(base string, date time.Time, files []file) error {
	return create(base+".zip", func(out io.Writer) error {
		zw := zip.NewWriter(out)
		for _, f := range sorted(files) {
			header := &zip.FileHeader{Name: filepath.Base(base) + "/" + f.name, Method: zip.Deflate, Modified: date}
			header.SetMode(f.mode)
			w, err := zw.CreateHeader(header)
			if err != nil {
				return err
			}
			if err := f.copyTo(w); err != nil {
				return err
			}
		}
		return zw.Close()
	})
}

// create makes a file of what write writes.
func create(path string, write func(io.Writer) error) (err error) {
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	return write(out)
}

// sorted returns files by name, so that the same files always make the same archive.
func sorted(files []file) []file {
	return slices.SortedFunc(slices.Values(files), func(a, b file) int { return cmp.Compare(a.name, b.name) })
}

func (f file) copyTo(w io.Writer) error {
	in, err := os.Open(f.path)
	if err != nil {
		return err
	}
	defer in.Close()
	_, err = io.Copy(w, in)
	return err
}
