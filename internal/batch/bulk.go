package batch

import "time"

// Bulk is what an account allows of bulk sending.
type Bulk struct {
	Copies int // in one list; 0 means 1,000
	Queue  int // in all lists that DocuSign has not worked through; 0 means 2,000
	// Speed is how many copies a second DocuSign made when that was last seen; 0 if
	// it never was. It only decides when DocuSign is asked how far it is.
	Speed float64

	guessed bool // Speed is a guess
}

// DocuSign's figures where the account does not tell its own.
const (
	usualCopies = 1000
	usualQueue  = 2000
	// usualSpeed is a guess: DocuSign publishes none.
	usualSpeed = 20
	// slowest is the lowest speed, in copies a second, that is concluded from a lot of
	// which little has been made yet: DocuSign may have begun it a moment ago.
	slowest = 0.5
	// firstVisit is after how long a lot is visited to learn DocuSign's speed, if
	// that is not known.
	firstVisit = 15 * time.Second
)

// withDefaults fills in what is not known.
func (b Bulk) withDefaults() Bulk {
	if b.Copies <= 0 {
		b.Copies = usualCopies
	}
	if b.Queue <= 0 {
		b.Queue = usualQueue
	}
	if b.Speed <= 0 {
		b.Speed, b.guessed = usualSpeed, true
	}
	b.Copies = min(b.Copies, b.Queue)
	return b
}

// takes is how long DocuSign needs for so many copies.
func (b Bulk) takes(copies int) time.Duration {
	return time.Duration(float64(copies) / b.Speed * float64(time.Second))
}

// slack returns how long after copies should have been made their status is asked for.
// Asking too early costs another call.
func (b Bulk) slack(copies int) time.Duration {
	return max(2*time.Second, b.takes(copies)/50)
}
