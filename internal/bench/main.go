// Command bench measures a dry run of the whole program, as a process, against
// csvutil decoding the same file alone, as another. It prints ratios of both,
// because they hold on any machine.
package main

import (
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/jszwec/csvutil"

	"batchsend/internal/rows/rowstest"
)

func main() {
	rows := flag.Int("rows", 1_000_000, "check a file of N rows, two an envelope, and one of twice as many")
	runs := flag.Int("runs", 3, "measure N times, and take the median of each number")
	seed := flag.Uint64("seed", 1, "of the file's content")
	decode := flag.String("decode", "", "only decode FILE: what the program is measured against")
	flag.Parse()
	var err error
	switch {
	case *decode != "":
		err = decodeAll(*decode)
	case flag.NArg() != 1:
		err = errors.New("usage: bench [flags] PROGRAM")
	default:
		err = measure(flag.Arg(0), *rows, *runs, *seed)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

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

// usage is what a process took.
type usage struct {
	wall, cpu time.Duration
	peak      int64 // of resident memory, in bytes; 0 where the system does not tell
}

// measure prints what the program takes for a file of that many rows, and for
// one of twice as many.
func measure(program string, rows, runs int, seed uint64) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "batchsend-bench-*")
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
		all, err := median(dir, runs, []string{self, "-decode", path}, dry, files)
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

func ratio(a, b time.Duration) float64 { return a.Seconds() / b.Seconds() }

func generate(path string, seed uint64, rows int) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(rowstest.Write(file, seed, rows/2), file.Close())
}

// median runs all commands, in turn, that many times and returns the median of
// each number that each has taken.
func median(dir string, runs int, commands ...[]string) ([]usage, error) {
	taken := make([][]usage, len(commands))
	for range runs {
		for i, args := range commands {
			u, err := run(dir, args)
			if err != nil {
				return nil, err
			}
			taken[i] = append(taken[i], u)
		}
	}
	out := make([]usage, len(commands))
	for i, all := range taken {
		out[i] = usage{
			wall: middle(all, func(u usage) time.Duration { return u.wall }),
			cpu:  middle(all, func(u usage) time.Duration { return u.cpu }),
			peak: middle(all, func(u usage) int64 { return u.peak }),
		}
	}
	return out, nil
}

func middle[T int64 | time.Duration](all []usage, number func(usage) T) T {
	var numbers []T
	for _, u := range all {
		numbers = append(numbers, number(u))
	}
	slices.Sort(numbers)
	return numbers[len(numbers)/2]
}

// run runs a command with nobody's settings.
func run(dir string, args []string) (usage, error) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH")}
	start := time.Now()
	out, err := cmd.CombinedOutput()
	wall := time.Since(start)
	if err != nil {
		return usage{}, fmt.Errorf("%v: %w\n%s", args, err, out)
	}
	state := cmd.ProcessState
	return usage{wall, state.UserTime() + state.SystemTime(), peak(state)}, nil
}
