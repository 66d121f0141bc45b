package main

import (
	"os"
	"syscall"
)

// peak returns how many bytes of memory a process has held at once.
func peak(state *os.ProcessState) int64 {
	return int64(state.SysUsage().(*syscall.Rusage).Maxrss) << 10
}
