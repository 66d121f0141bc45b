package signin

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"batchsend/internal/censor"
)

// Show asks a person to log in at an address within a time. It also opens the address in
// their browser if it is to do that and can; see [OpenBrowser].
func Show(w io.Writer, address string, browser bool, within time.Duration, env map[string]string) {
	what := "open this address in a browser on this machine"
	if browser && OpenBrowser(address, env) == nil {
		what = "your browser opens; if it does not, open this address"
	}
	fmt.Fprintf(w, "%s and log in within %v:\n  %s\n", what, within, address)
}

// OpenBrowser opens an address in the person's browser. env is the environment, by
// names; the browser gets it without what may be secret. It does not wait for the
// browser. A library would hand the whole environment on.
func OpenBrowser(address string, env map[string]string) error {
	name, args := browserCommand(runtime.GOOS, address)
	if name == "xdg-open" && env["DISPLAY"] == "" && env["WAYLAND_DISPLAY"] == "" {
		return errors.New("there is no desktop here (DISPLAY)") // it would open a browser in this terminal
	}
	cmd := exec.Command(name, args...)
	cmd.Env = harmless(env)
	if err := cmd.Start(); err != nil {
		return err
	}
	go cmd.Wait() // it may last as long as the browser
	return nil
}

func browserCommand(system, address string) (name string, args []string) {
	switch system {
	case "windows":
		return "rundll32", []string{"url.dll,FileProtocolHandler", address}
	case "darwin":
		return "open", []string{address}
	}
	return "xdg-open", []string{address}
}

// harmless returns the environment without our settings and without secrets.
func harmless(env map[string]string) []string {
	var pairs []string
	for name, value := range env {
		ours := strings.HasPrefix(name, "DOCUSIGN_") || strings.HasPrefix(name, "BATCHSEND_")
		if !ours && censor.Find(value) == censor.None {
			pairs = append(pairs, name+"="+value)
		}
	}
	return pairs
}
