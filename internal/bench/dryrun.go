package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/jszwec/csvutil"

	"batchsend/internal/rows/rowstest"
)

// decodeAll decodes a file and does nothing with it.
func decodeAll(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	dec, err := csvutil.NewDecoder(csv.NewReader(file))
	if err != nil {
		return err
	}
	for {
		var row rowstest.Row
		if err := dec.Decode(&row); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// measureDryRun prints what the program takes for a file of that many rows, and for
// one of twice as many.
func measureDryRun(program string, rows, runs int, seed uint64) error {
	self, dir, err := prepare()
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var first usage
	for _, n := range []int{rows, 2 * rows} {
		path := filepath.Join(dir, fmt.Sprintf("offers-%d.csv", n))
		if err := generate(path, seed, n); err != nil {
			return err
		}
		dry := []string{program, "send", "--sandbox", "--dry-run", "--quiet", path}
		files := append(slices.Clone(dry), "--results", filepath.Join(dir, "results.csv"), "--rejects", filepath.Join(dir, "rejects.csv"))
		all, err := median(dir, runs, command{args: []string{self, "-decode", path}}, command{args: dry}, command{args: files})
		if err != nil {
			return err
		}
		fmt.Printf("%d rows of 13 columns, two an envelope; median of %d runs\n", n, runs)
		for i, name := range []string{"csvutil alone", "dry run", "dry run with results and rejects"} {
			u := all[i]
			fmt.Printf("%-33s wall %6.2fs = %5.2f   CPU %6.2fs = %5.2f   peak %5d MiB, beyond 16 MiB %4d bytes a row\n", name,
				u.wall.Seconds(), ratio(u.wall, all[0].wall), u.cpu.Seconds(), ratio(u.cpu, all[0].cpu), u.peak>>20, max(0, u.peak-16<<20)/int64(n))
		}
		if first == (usage{}) {
			first = all[1]
			continue
		}
		fmt.Printf("twice the rows take %.2f times the wall time and %.2f times the CPU time\n", ratio(all[1].wall, first.wall), ratio(all[1].cpu, first.cpu))
	}
	return nil
}

func generate(path string, seed uint64, rows int) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(rowstest.Write(file, seed, rows/2), file.Close())
}
