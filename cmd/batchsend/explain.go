package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"batchsend/envelope"
	"batchsend/internal/report"
	"batchsend/template"
)

func (a *app) explainCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "explain [CODE]",
		Short: "Tell what a code such as ROLE_UNKNOWN means and what to do",
		Args:  atMost(1, "code"),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				rows := [][]string{{"CODE", "MEANING"}}
				for _, e := range envelope.Explanations() {
					rows = append(rows, []string{string(e.Code), e.Meaning})
				}
				return report.Columns(a.stdout, rows)
			}
			return a.explain(strings.ToUpper(args[0]))
		},
	}
}

func (a *app) explain(name string) error {
	e, ok := envelope.Explain(envelope.Code(name))
	if !ok {
		var names []string
		for _, e := range envelope.Explanations() {
			names = append(names, string(e.Code))
		}
		if i := template.Nearest(name, names); i >= 0 {
			return usageError("there is no code %s: did you mean %s?", name, names[i])
		}
		return usageError("%s is no code of batchsend; batchsend explain lists them. Codes that DocuSign answers with are in its documentation", name)
	}
	_, err := fmt.Fprintf(a.stdout, "%s\n\nWhat it means: %s\nWhat DocuSign would have done: %s\nWhat to do: %s\n", e.Code, e.Meaning, e.DocuSign, e.Cure)
	return err
}
