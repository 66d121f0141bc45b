package main

import (
	"cmp"
	_ "embed"

	"github.com/spf13/cobra"

	"batchsend/internal/cmdline"
	"batchsend/internal/manual"
	"batchsend/internal/report"
	"batchsend/internal/settings"
)

// exampleProfiles ends the file of `batchsend config init`.
//
//go:embed profiles.toml
var exampleProfiles string

func (a *app) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Print every setting and where it came from",
		Long: `config prints every setting of send with its value and where that came from:
flag, environment, the section of the profile in the configuration file, the
file, or the default. Secrets are not shown.`,
		Example: `  batchsend config init
  batchsend config profiles
  batchsend config --profile production`,
		Annotations: map[string]string{cmdline.ShowsOnly: "send's"},
		Args:        cmdline.AtMost(0, ""),
		RunE: func(*cobra.Command, []string) error {
			table := [][]string{{"SETTING", "VALUE", "FROM"}}
			for s := range a.settings.All() {
				table = append(table, []string{s.Name, report.Dash(s.Value), s.From})
			}
			return cmp.Or(report.Columns(a.Stdout, table), a.misread)
		},
	}
	cmd.AddCommand(a.configInitCommand(), a.configProfilesCommand())
	a.bindSend(cmd.Flags(), &sendOptions{}) // so that send's settings are shown too
	return cmd
}

func (a *app) configInitCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write a configuration file to begin with",
		Long: `init writes a configuration file with every setting, its meaning and its default as
comments, and two profiles to fill in. Only you can read it. It replaces no file.`,
		Args: cmdline.AtMost(0, ""),
		RunE: func(*cobra.Command, []string) error {
			text := a.sources().Starter(cmdline.Flags(a.root), manual.SettingGroups(), exampleProfiles)
			if output == "-" {
				_, err := a.Stdout.Write([]byte(text))
				return err
			}
			path, _, err := a.settings.File()
			if path = cmp.Or(output, path); path == "" {
				return err
			}
			if err := settings.WriteNew(path, text); err != nil {
				return err
			}
			a.Say("%s is written: fill in a profile, then `batchsend doctor --profile NAME` tries it", path)
			return nil
		},
	}
	cmd.Flags().StringVar(&output, "output", "", "write `FILE` (default: where the configuration file is looked for; - is standard output)")
	return cmd
}

func (a *app) configProfilesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "profiles",
		Short: "List the profiles of the configuration file",
		Args:  cmdline.AtMost(0, ""),
		RunE: func(*cobra.Command, []string) error {
			table := [][]string{{"PROFILE", "AUTH SERVER", "ACCOUNT", "TEMPLATE", "IN USE"}}
			for name, of := range a.settings.Profiles() {
				inUse := map[bool]string{true: "yes"}[name == a.settings.Profile()]
				table = append(table, []string{name, report.Dash(of("auth-server")), report.Dash(of("account")), report.Dash(of("template")), report.Dash(inUse)})
			}
			return cmp.Or(report.Columns(a.Stdout, table), a.misread)
		},
	}
}
