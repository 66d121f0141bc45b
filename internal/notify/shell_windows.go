package notify

import (
	"context"
	"os/exec"
	"syscall"
)

// shell returns the command that has cmd run a line. The line is handed over as it is:
// cmd does not read quotes as other programs do.
func shell(ctx context.Context, line string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "cmd.exe")
	cmd.SysProcAttr = &syscall.SysProcAttr{CmdLine: `cmd.exe /S /C "` + line + `"`}
	return cmd
}
