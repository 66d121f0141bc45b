package envelope

// RunAgain is the advice, within a sentence and as one of its own, where nothing else is
// to be done: what was sent already is not sent again. No message gives it where that
// alone does not help.
const (
	RunAgain         = "run the same command again"
	RunAgainSentence = "Run the same command again"
)
