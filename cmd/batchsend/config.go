package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"batchsend/internal/censor"
	"batchsend/internal/report"
	"batchsend/template"
)

// environment names the variables of flags that are not called BATCHSEND_ and
// the flag's name.
var environment = map[string]string{
	"auth-server":     "DOCUSIGN_AUTH_SERVER",
	"integration-key": "DOCUSIGN_INTEGRATION_KEY",
	"user-id":         "DOCUSIGN_USER_ID",
	"private-key":     "DOCUSIGN_PRIVATE_KEY",
	"account":         "DOCUSIGN_ACCOUNT_ID",
}

func environmentName(flag string) string {
	if name, ok := environment[flag]; ok {
		return name
	}
	return "BATCHSEND_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// Origins of a setting's value that are no place.
const (
	fromDefault = "default"
	fromFlag    = "flag"
)

// resolve gives every flag that was not typed its value from the environment,
// else from the profile, else from the configuration file, and remembers where
// each came from.
func (a *app) resolve(flags *pflag.FlagSet) error {
	a.flags, a.origins = flags, map[string]string{}
	flags.VisitAll(func(f *pflag.Flag) {
		a.origins[f.Name] = fromDefault
		if f.Changed {
			a.origins[f.Name] = fromFlag
		}
	})
	if err := a.fromEnvironment(flags); err != nil {
		return err
	}
	return a.fromFile(flags)
}

func (a *app) fromEnvironment(flags *pflag.FlagSet) error {
	var errs []error
	flags.VisitAll(func(f *pflag.Flag) {
		name := environmentName(f.Name)
		value := a.env[name]
		if value == "" || a.origins[f.Name] != fromDefault || f.Name == "help" {
			return
		}
		if err := refuseSecret(f.Name, "environment variable "+name, value); err != nil {
			errs = append(errs, err)
			return
		}
		if err := flags.Set(f.Name, value); err != nil {
			errs = append(errs, fmt.Errorf("environment variable %s is %q: %v", name, value, errors.Unwrap(err)))
			return
		}
		a.origins[f.Name] = "environment " + name
	})
	return errors.Join(errs...)
}

// misspelt warns of environment variables that are nearly settings. Only what
// follows their common prefix can be misspelt.
func (a *app) misspelt() {
	known := map[string]bool{debugVariable: true}
	rests := map[string][]string{} // by prefix
	for _, flag := range a.allFlags() {
		name := environmentName(flag)
		prefix, rest, _ := strings.Cut(name, "_")
		known[name], rests[prefix] = true, append(rests[prefix], rest)
	}
	for _, name := range slices.Sorted(maps.Keys(a.env)) {
		prefix, rest, _ := strings.Cut(name, "_")
		if known[name] || a.env[name] == "" {
			continue
		}
		if i := template.Nearest(rest, rests[prefix]); i >= 0 {
			a.warn("the environment variable %s is not a setting and has no effect: did you mean %s_%s?", name, prefix, rests[prefix][i])
		}
	}
}

// fromFile reads the configuration file: keys are flag names, a table
// [profile.NAME] overrides them when that profile is chosen.
func (a *app) fromFile(flags *pflag.FlagSet) error {
	path, asked := a.cfg.configFile, true
	if path == "" {
		dir, err := a.directory("XDG_CONFIG_HOME", ".config")
		if err != nil {
			return nil // no home, no file
		}
		path, asked = filepath.Join(dir, "config.toml"), false
	}
	var file map[string]any
	_, err := toml.DecodeFile(path, &file)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !asked:
		if a.cfg.profile != "" {
			return fmt.Errorf("profile %q: there is no configuration file %s", a.cfg.profile, path)
		}
		return nil
	case err != nil:
		return fmt.Errorf("configuration file %s: %w", path, err)
	}
	profiles, _ := file["profile"].(map[string]any)
	delete(file, "profile")
	if a.cfg.profile == "" {
		if name, ok := file["default-profile"].(string); ok {
			if err := refuseSecret("profile", path+": default-profile", name); err != nil {
				return err
			}
			a.cfg.profile = name
		}
	}
	delete(file, "default-profile")
	if name := a.cfg.profile; name != "" {
		section, ok := profiles[name].(map[string]any)
		if !ok {
			return fmt.Errorf("configuration file %s has no section [profile.%s]; it has %s", path, name, orNone(slices.Sorted(maps.Keys(profiles))))
		}
		if err := a.set(flags, section, fmt.Sprintf("%s [profile.%s]", path, name)); err != nil {
			return err
		}
	}
	return a.set(flags, file, path)
}

// set applies a table of the configuration file to the flags that nothing of
// higher rank has set.
func (a *app) set(flags *pflag.FlagSet, table map[string]any, origin string) error {
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(table)) {
		if !slices.Contains(a.allFlags(), key) {
			message := fmt.Sprintf("%s: there is no setting %q", origin, key)
			if i := template.Nearest(key, a.allFlags()); i >= 0 {
				message += fmt.Sprintf(": did you mean %q?", a.allFlags()[i])
			}
			errs = append(errs, errors.New(message))
			continue
		}
		if flags.Lookup(key) == nil || a.origins[key] != fromDefault {
			continue // another command's, or overridden
		}
		if err := refuseSecret(key, origin+": "+key, fmt.Sprint(table[key])); err != nil {
			errs = append(errs, err)
			continue
		}
		if err := flags.Set(key, fmt.Sprint(table[key])); err != nil {
			errs = append(errs, fmt.Errorf("%s: %s is %v: %v", origin, key, table[key], errors.Unwrap(err)))
			continue
		}
		a.origins[key] = origin
	}
	return errors.Join(errs...)
}

// allFlags lists the names of all settings, whichever command has them.
func (a *app) allFlags() []string {
	var names []string
	other := &app{env: a.env}
	root := other.rootCommand()
	add := func(f *pflag.Flag) {
		if !slices.Contains(names, f.Name) {
			names = append(names, f.Name)
		}
	}
	root.PersistentFlags().VisitAll(add)
	for _, cmd := range root.Commands() {
		cmd.Flags().VisitAll(add)
	}
	return names
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// directory returns batchsend's directory under an XDG base directory.
func (a *app) directory(variable, underHome string) (string, error) {
	if dir := a.env[variable]; filepath.IsAbs(dir) {
		return filepath.Join(dir, "batchsend"), nil
	}
	home := a.env["HOME"]
	if home == "" {
		return "", fmt.Errorf("neither HOME nor %s is set", variable)
	}
	return filepath.Join(home, underHome, "batchsend"), nil
}

// stateDirectory is where the ledger and the embedded sandbox live.
func (a *app) stateDirectory() (string, error) {
	return a.directory("XDG_STATE_HOME", filepath.Join(".local", "state"))
}

// sandboxDirectory is where the embedded sandbox keeps its things, under the
// state directory.
const sandboxDirectory = "sandbox"

// mine reports whether a setting may be used: the sandbox has its own, and
// takes a real one only if it was typed for it.
func (a *app) mine(flag string) bool { return !a.cfg.sandbox || a.origins[flag] == fromFlag }

// ledgerPath returns where the ledger is. The sandbox has its own.
func (a *app) ledgerPath() (string, error) {
	if a.cfg.ledger != "" && a.mine("ledger") {
		return a.cfg.ledger, nil
	}
	dir, err := a.stateDirectory()
	if err != nil {
		return "", fmt.Errorf("no place for the ledger: %w; give --ledger PATH", err)
	}
	if a.cfg.sandbox {
		dir = filepath.Join(dir, sandboxDirectory)
	}
	return filepath.Join(dir, "ledger.db"), nil
}

func (a *app) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Print every setting and where it came from",
		Args:  usageArgs(cobra.NoArgs),
	}
	a.bindSend(cmd.Flags(), &sendOptions{}) // so that send's settings are shown too
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		rows := [][]string{{"SETTING", "VALUE", "FROM"}}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Name != "help" {
				rows = append(rows, []string{f.Name, report.Dash(censor.Value(f.Value.String())), a.origins[f.Name]})
			}
		})
		return report.Columns(a.stdout, rows)
	}
	return cmd
}
