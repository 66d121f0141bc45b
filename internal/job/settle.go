package job

import (
	"errors"
	"time"
)

// DefaultSettle is how long DocuSign must not know an envelope before it is taken for
// never created, unless the operator says otherwise. Searches are said to lag by a
// minute at most.
const DefaultSettle = 10 * time.Minute

// CheckSettle demands that [Options].Settle is longer than creating an envelope may
// take: what is sent again before it shows is mailed twice. local says that the server
// runs on this machine: it is quick.
func CheckSettle(settle time.Duration, local bool) error {
	switch {
	case local && settle <= 0:
		return errors.New("it must be more than 0, or an envelope whose answer is lost would be sent again at once")
	case !local && settle < DefaultSettle:
		return errors.New("it must be 10m at least: DocuSign may take that long to create an envelope, and one that was sent again meanwhile would be mailed twice")
	}
	return nil
}
