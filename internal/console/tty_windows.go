package console

import (
	"errors"
	"io"
	"os"
)

// controllingTerminal opens the console that the process is attached to. It fails if
// there is none.
func controllingTerminal() (io.ReadWriteCloser, error) {
	in, err := os.OpenFile("CONIN$", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	out, err := os.OpenFile("CONOUT$", os.O_RDWR, 0)
	if err != nil {
		return nil, errors.Join(err, in.Close())
	}
	return windowsConsole{in, out}, nil
}

// windowsConsole is a console, which has a name for reading and one for writing.
type windowsConsole struct{ in, out *os.File }

func (c windowsConsole) Read(p []byte) (int, error)  { return c.in.Read(p) }
func (c windowsConsole) Write(p []byte) (int, error) { return c.out.Write(p) }
func (c windowsConsole) Close() error                { return errors.Join(c.in.Close(), c.out.Close()) }

// inForeground reports true: a console of Windows has no background.
func inForeground(*os.File) bool { return true }
