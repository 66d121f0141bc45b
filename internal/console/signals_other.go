//go:build !unix

package console

import "os"

// terminalSignals tells nothing where the system has no such signals: the size is asked
// for whenever the view is painted.
func terminalSignals() (resized, resumed <-chan os.Signal, end func()) {
	return nil, nil, func() {}
}
