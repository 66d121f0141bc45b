// Command bench measures the whole program, as a process, against yardsticks that
// are other processes: csvutil decoding the same file for a dry run, a plain
// net/http loop and DocuSign's own Node SDK for sending. It prints ratios, because
// they hold on any machine.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"time"
)

func main() {
	rows := flag.Int("rows", 1_000_000, "check a file of N rows, two an envelope, and one of twice as many")
	send := flag.Int("send", 0, "instead: send a file of N envelopes, and one of ten times as many")
	sdk := flag.String("sdk", "", "DIR in which npm has installed docusign-esign, to compare sending with")
	runs := flag.Int("runs", 3, "measure N times, and take the median of each number")
	seed := flag.Uint64("seed", 1, "of the file's content")
	// What follows is what the program is measured against, in processes of their own.
	decode := flag.String("decode", "", "only decode FILE")
	post := flag.String("post", "", "only post -send envelopes to URL")
	at := flag.Int("at", 8, "with -post: N at once")
	flag.Parse()
	var err error
	switch {
	case *decode != "":
		err = decodeAll(*decode)
	case *post != "":
		err = postAll(*post, *send, *at)
	case flag.NArg() != 1:
		err = errors.New("usage: bench [flags] PROGRAM")
	case *send > 0:
		err = measureSending(flag.Arg(0), *send, *runs, *seed, *sdk)
	default:
		err = measureDryRun(flag.Arg(0), *rows, *runs, *seed)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// usage is what a process took.
type usage struct {
	wall, cpu time.Duration
	peak      int64 // of resident memory, in bytes; 0 where the system does not tell
}

// prepare returns this program and a new directory, which is to be removed in the end.
func prepare() (self, dir string, err error) {
	if self, err = os.Executable(); err != nil {
		return "", "", err
	}
	dir, err = os.MkdirTemp("", "batchsend-bench-*")
	return self, dir, err
}

// median runs all commands, in turn, that many times and returns the median of
// each number that each has taken.
func median(dir string, runs int, commands ...command) ([]usage, error) {
	taken := make([][]usage, len(commands))
	for range runs {
		for i, c := range commands {
			if c.before != nil {
				c.before()
			}
			u, err := run(dir, c)
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

func ratio(a, b time.Duration) float64 { return a.Seconds() / b.Seconds() }

// command is a process to be measured.
type command struct {
	args   []string
	env    []string // besides a home of its own
	before func()   // what is done before each run; may be nil
}

// run runs a command with nobody's settings.
func run(dir string, c command) (usage, error) {
	cmd := exec.Command(c.args[0], c.args[1:]...)
	cmd.Env = append([]string{"HOME=" + dir, "PATH=" + os.Getenv("PATH")}, c.env...)
	start := time.Now()
	out, err := cmd.CombinedOutput()
	wall := time.Since(start)
	if err != nil {
		return usage{}, fmt.Errorf("%v: %w\n%s", c.args, err, out)
	}
	state := cmd.ProcessState
	return usage{wall, state.UserTime() + state.SystemTime(), peak(state)}, nil
}
