//go:build unix

package notify

import (
	"context"
	"os/exec"
	"syscall"
)

// shell returns the command that has sh run a line. When ctx ends, all that the line has
// started is ended.
func shell(ctx context.Context, line string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", line)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}
