// Package explain finds what there is to know about a code: one of batchsend's own,
// one with which DocuSign has answered, or a word of the column status.
//
// The texts about the first are in package envelope, those about the second in
// package docusign. This package has those about the column status.
package explain

import (
	"fmt"
	"io"
	"strings"

	"batchsend/envelope"
	"batchsend/internal/docusign"
	"batchsend/internal/usage"
	"batchsend/template"
)

// Explanation is what there is to know about a code. A field that is empty has
// nothing to tell.
type Explanation struct {
	Code     string `json:"code"`
	Meaning  string `json:"meaning"`
	DocuSign string `json:"docusign,omitempty"` // what DocuSign would have done
	Done     string `json:"done,omitempty"`     // what DocuSign has done, and what batchsend does
	Cure     string `json:"cure,omitempty"`
}

// Find returns what there is to know about a code, however it is spelt; ok is false
// if nothing is known.
func Find(code string) (e Explanation, ok bool) {
	code = strings.TrimSpace(code)
	if e, ok := envelope.Explain(envelope.Code(strings.ToUpper(code))); ok {
		return ours(e), true
	}
	for _, e := range statuses {
		if strings.EqualFold(code, e.Code) {
			return e, true
		}
	}
	if e, ok := docusign.Explain(code); ok {
		return theirs(e), true
	}
	return Explanation{}, false
}

// All lists what there is to know about every code.
func All() []Explanation {
	var all []Explanation
	for _, e := range envelope.Explanations() {
		all = append(all, ours(e))
	}
	all = append(all, statuses...)
	for _, e := range docusign.Explanations() {
		all = append(all, theirs(e))
	}
	return all
}

func ours(e envelope.Explanation) Explanation {
	return Explanation{Code: string(e.Code), Meaning: e.Meaning, DocuSign: e.DocuSign, Cure: e.Cure}
}

func theirs(e docusign.Explanation) Explanation {
	return Explanation{Code: e.Code, Meaning: e.Meaning, Done: e.Done, Cure: e.Cure}
}

// Codes returns every code of which something is known.
func Codes() (codes []string) {
	for _, e := range All() {
		codes = append(codes, e.Code)
	}
	return codes
}

// Nearest returns the code that was probably meant, "" if none is like it.
func Nearest(code string) string {
	codes := Codes()
	if i := template.Nearest(strings.ToUpper(code), codes); i >= 0 {
		return codes[i]
	}
	return ""
}

// Unknown is the error about a code that [Find] does not find.
func Unknown(code string) error {
	if near := Nearest(code); near != "" {
		return usage.Errorf("there is no code %s: did you mean %s?", code, near)
	}
	return &usage.Error{
		Text: fmt.Sprintf("%s is no code that batchsend knows; batchsend explain lists those it does", code),
		Cure: "if DocuSign answered with it, the message beside it in the results is DocuSign's own: an envelope that is failed was mailed to nobody, and DocuSign Support finds the call by its trace",
	}
}

// Write writes the explanation for a person.
func (e Explanation) Write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", e.Code)
	for _, part := range []struct{ title, text string }{
		{"What it means", e.Meaning},
		{"What DocuSign would have done", e.DocuSign},
		{"What was done", e.Done},
		{"What to do", e.Cure},
	} {
		if part.text != "" {
			fmt.Fprintf(&b, "%s: %s\n", part.title, part.text)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
