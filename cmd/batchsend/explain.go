package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"batchsend/envelope"
	"batchsend/internal/docusign"
	"batchsend/internal/report"
	"batchsend/template"
)

// explanation is what explain tells of a code. A field that is empty is not told.
type explanation struct {
	code, meaning, docusign, done, cure string
}

func (a *app) explainCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "explain [CODE]",
		Short: "Tell what a code such as ROLE_UNKNOWN means and what to do",
		Long: `explain tells what a code means, what DocuSign and batchsend do about it, and
what to do. It knows batchsend's own codes, those that DocuSign answers with, the
reasons for which nobody can be signed in, and the words of the column status.
Without a code it lists them all.`,
		Args: atMost(1, "code"),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				rows := [][]string{{"CODE", "MEANING"}}
				for _, e := range explanations() {
					rows = append(rows, []string{e.code, e.meaning})
				}
				return report.Columns(a.Stdout, rows)
			}
			return a.explain(args[0])
		},
	}
}

func (a *app) explain(name string) error {
	e, ok := explained(name)
	if !ok {
		return unexplained(name)
	}
	fmt.Fprintf(a.Stdout, "%s\n\n", e.code)
	for _, part := range []struct{ title, text string }{
		{"What it means", e.meaning},
		{"What DocuSign would have done", e.docusign},
		{"What was done", e.done},
		{"What to do", e.cure},
	} {
		if part.text == "" {
			continue
		}
		if _, err := fmt.Fprintf(a.Stdout, "%s: %s\n", part.title, part.text); err != nil {
			return err
		}
	}
	return nil
}

// explained finds the explanation of a code.
func explained(name string) (explanation, bool) {
	name = strings.TrimSpace(name)
	if e, ok := envelope.Explain(envelope.Code(strings.ToUpper(name))); ok {
		return ours(e), true
	}
	for _, e := range statusWords {
		if strings.EqualFold(name, e.code) {
			return e, true
		}
	}
	if e, ok := docusign.Explain(name); ok {
		return theirs(e), true
	}
	return explanation{}, false
}

func ours(e envelope.Explanation) explanation {
	return explanation{code: string(e.Code), meaning: e.Meaning, docusign: e.DocuSign, cure: e.Cure}
}

func theirs(e docusign.Explanation) explanation {
	return explanation{code: e.Code, meaning: e.Meaning, done: e.Done, cure: e.Cure}
}

// explanations lists all that explain knows.
func explanations() []explanation {
	var all []explanation
	for _, e := range envelope.Explanations() {
		all = append(all, ours(e))
	}
	all = append(all, statusWords...)
	for _, e := range docusign.Explanations() {
		all = append(all, theirs(e))
	}
	return all
}

// statusWords explain the words of the column status, two of which stand for a
// code in messages about what has none.
var statusWords = []explanation{
	{"sent", "DocuSign has the envelope and has mailed it.", "", "The envelope ID stands in the results.", "nothing"},
	{"already-sent", "An earlier run sent the envelope.", "", "Nothing was sent again.", "nothing; to send it once more on purpose: --batch NEW --allow-repeat"},
	{"rejected", "The row was found wrong before anything was sent.", "", "Nothing was sent of its envelope.", "correct the row; the code beside it tells more"},
	{"failed", "DocuSign refused the envelope, or has not sent it although it was asked three times.", "", "Nobody was mailed. The next run tries it again.", "the code and the message beside it say what to mend"},
	{"unknown", "No answer told whether the envelope was sent, and it was not found at DocuSign since.", "", "It is never simply sent again: every run looks it up first.", "run the same command again, or batchsend reconcile, which sends nothing; after seven days look in DocuSign by recipient and date"},
	{"sending", "DocuSign has the envelope in a bulk list and is working on it.", "", "The next run learns its envelope ID.", "run the same command again later"},
	{"pending", "The envelope was not tried.", "", "Nothing was sent of it.", "what stopped the run says whether a person must act first; else run the same command again"},
	{"valid", "A dry run found nothing wrong with the envelope.", "", "Nothing was sent.", "run the command without --dry-run"},
}

// unexplained is the error about a code that nobody here knows.
func unexplained(name string) error {
	var names []string
	for _, e := range explanations() {
		names = append(names, e.code)
	}
	if i := template.Nearest(strings.ToUpper(name), names); i >= 0 {
		return usageError("there is no code %s: did you mean %s?", name, names[i])
	}
	return &exitError{exitUsage, &adviceError{
		text: fmt.Sprintf("%s is no code that batchsend knows; batchsend explain lists those it does", name),
		hint: "if DocuSign answered with it, the message beside it in the results is DocuSign's own: an envelope that is failed was mailed to nobody, and DocuSign Support finds the call by its trace",
	}}
}
