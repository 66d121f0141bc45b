package remote

// Effect says what a call has done that ended with an error, and so what may follow.
// An error says it by a method Effect; one without that method is Refused.
type Effect uint8

// The effects of a call that ended with an error.
const (
	// EffectRefused is that the call was read and turned down: nothing was done, and
	// a repeat would be refused too.
	EffectRefused Effect = iota
	EffectNotDone        // nothing was done, or what does no harm twice: the call may be repeated
	EffectNotSent        // the same, and the call has certainly not left
	EffectUnknown        // it may have been done: look it up, do not repeat the call
	EffectStop           // nothing was done, and no further call makes sense before a person has acted
	// EffectGone is that nothing was done, because what the call is about does not
	// exist, or not any more.
	EffectGone
	// EffectQueueFull is that nothing was done, because too many copies of lists wait
	// to be made. The call may be repeated when some are made, which no clock tells.
	EffectQueueFull
	EffectNoBulk // nothing was done, and no other list would be accepted
	// EffectTaken is that nothing was written down, because what was to be written
	// down of one envelope or lot is written down of another.
	EffectTaken
)

var effectNames = [...]string{"refused", "not done", "not sent", "unknown", "stop", "gone", "queue full", "no bulk", "taken"}

// String returns the effect's name.
func (e Effect) String() string { return effectNames[e] }

// Repeatable reports whether the same call may be made again at once.
func (e Effect) Repeatable() bool { return e == EffectNotDone || e == EffectNotSent }
