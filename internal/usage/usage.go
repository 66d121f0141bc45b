// Package usage has the error about what a person has typed or set, so that it can
// be told from trouble that no other command line would avoid.
package usage

import "fmt"

// Error says that the command line, or a setting that stands for a part of it,
// cannot be used as it is.
type Error struct {
	Text string
	Cure string // what to do about it; "": the description of the command line helps
}

func (e *Error) Error() string { return e.Text }

// Hint says what to do about it, "" if it needs no saying.
func (e *Error) Hint() string { return e.Cure }

// Errorf returns an [*Error] without a cure.
func Errorf(format string, args ...any) error { return &Error{Text: fmt.Sprintf(format, args...)} }
