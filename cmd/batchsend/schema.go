package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"batchsend/internal/jsonschema"
)

func (a *app) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema [COMMAND]",
		Short: "Print the JSON Schema of what a command prints with --json",
		Long: `schema prints the JSON Schema (draft 2020-12) of what a command prints with
--json. Without a command it lists those that have one.`,
		Example: `  batchsend schema send
  batchsend schema template show`,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				_, err := fmt.Fprintln(a.Stdout, strings.Join(jsonschema.Commands(), "\n"))
				return err
			}
			text, ok := jsonschema.Of(strings.Join(args, " "))
			if !ok {
				return usageError("%s prints no JSON; these do: %s", strings.Join(args, " "), strings.Join(jsonschema.Commands(), ", "))
			}
			_, err := a.Stdout.Write(text)
			return err
		},
	}
}
