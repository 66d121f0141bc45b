package batch

import (
	"fmt"
	"strings"

	"batchsend/envelope"
)

// MaxGroups is how many groups a run tells apart. The envelopes of all others go
// singly: with so many groups, lists save hardly a call.
const MaxGroups = 10_000

// Groups numbers the groups of envelopes that can go in one lot: those of one batch
// and one [envelope.Group]. The numbers begin at 0, in the order in which the groups
// were first seen. The zero Groups has seen none. It is not safe for concurrent use.
type Groups struct {
	numbers map[groupKey]int32
	last    groupKey // which mostly comes again
	number  int32    // of last
}

type groupKey struct {
	batch string
	envelope.Group
}

// Of returns the number of the group in whose lots env can go. It is negative if env
// can only go singly; then obstacle is what [Terms].Obstacle says of it.
func (g *Groups) Of(env *envelope.Envelope) (number int32, obstacle string) {
	why := env.Alone()
	if why == "" {
		key := groupKey{env.Batch, env.Group()}
		if len(g.numbers) > 0 && key == g.last {
			return g.number, ""
		}
		if n, ok := g.numbers[key]; ok {
			g.last, g.number = key, n
			return n, ""
		}
		if n := int32(len(g.numbers)); n < MaxGroups {
			if g.numbers == nil {
				g.numbers = make(map[groupKey]int32)
			}
			// The key must not keep the rows in memory of which its strings are a part.
			key.batch, key.TemplateID, key.Lists = strings.Clone(key.batch), strings.Clone(key.TemplateID), strings.Clone(key.Lists)
			g.numbers[key] = n
			return n, ""
		}
		why = fmt.Sprintf("the run has more than %d different combinations of template, reminders, expiration and list fields", MaxGroups)
	}
	return -1, fmt.Sprintf("%s:%d cannot go in a list: %s", env.File, env.Line, why)
}
