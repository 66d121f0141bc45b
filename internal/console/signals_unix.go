//go:build unix

package console

import (
	"os"
	"os/signal"
	"syscall"
)

// terminalSignals tells when the terminal has another size, and when the process goes
// on after it was stopped (Ctrl-Z, fg).
func terminalSignals() (resized, resumed <-chan os.Signal, end func()) {
	size, cont := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(size, syscall.SIGWINCH)
	signal.Notify(cont, syscall.SIGCONT)
	return size, cont, func() {
		signal.Stop(size)
		signal.Stop(cont)
	}
}
