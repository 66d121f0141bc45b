package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

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

// Origins of a setting's value. Those from the environment name the variable,
// all others are a place in the configuration file.
const (
	fromDefault     = "default"
	fromFlag        = "flag"
	fromEnvironment = "environment "
)

// typedOnly are the flags that are taken from the command line alone: each is a
// decision about one run.
var typedOnly = []string{"allow-repeat"}

// resolve gives every flag that was not typed its value from the environment,
// else from the profile, else from the configuration file, and remembers where
// each came from. What cannot be used is returned as [mistakes].
func (a *app) resolve(flags *pflag.FlagSet) error {
	a.flags, a.origins = flags, map[string]string{}
	var wrong mistakes
	flags.VisitAll(func(f *pflag.Flag) {
		a.origins[f.Name] = fromDefault
		if f.Changed {
			a.origins[f.Name] = fromFlag
			if f.Value.Type() == "string" {
				_ = f.Value.Set(trimmed(f.Value.String())) // a string takes all
			}
		}
	})
	flags.VisitAll(func(f *pflag.Flag) {
		name := environmentName(f.Name)
		if value := trimmed(a.env[name]); value != "" && f.Name != "help" {
			wrong = append(wrong, a.set(f, value, fromEnvironment+name)...)
		}
	})
	err := a.fromFile(flags)
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Value.Type() != "string" && strings.HasPrefix(f.Value.String(), "-") {
			wrong = append(wrong, a.wrong(f.Name, "it cannot be negative"))
		}
	})
	if bad, ok := errors.AsType[mistakes](err); ok {
		wrong = append(wrong, bad...)
	} else if err != nil {
		return err
	}
	if len(wrong) > 0 {
		return wrong
	}
	return nil
}

// trimmed is a value without what editors, shells and secret stores leave around
// it: blanks, line ends, quotes.
func trimmed(value string) string {
	value = strings.TrimSpace(value)
	if n := len(value); n > 1 && value[0] == value[n-1] && (value[0] == '"' || value[0] == '\'') {
		value = strings.TrimSpace(value[1 : n-1])
	}
	return value
}

// set gives a flag a value from outside the command line, unless it has one of
// higher rank.
func (a *app) set(f *pflag.Flag, value, origin string) mistakes {
	place := placeOf(f.Name, origin)
	if err := refuseSecret(f.Name, place, value); err != nil {
		return mistakes{err}
	}
	if slices.Contains(typedOnly, f.Name) {
		return mistakes{usageError("%s has no effect there: --%s is taken from the command line only, for one run at a time", place, f.Name)}
	}
	if a.origins[f.Name] != fromDefault {
		return nil
	}
	if err := f.Value.Set(value); err != nil {
		return mistakes{badValue(place, f, value, err)}
	}
	a.origins[f.Name] = origin
	return nil
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
			a.Warn("the environment variable %s is not a setting and has no effect: did you mean %s_%s?", name, prefix, rests[prefix][i])
		}
	}
}

// fromFile reads the configuration file: keys are flag names, a table
// [profile.NAME] overrides them when that profile is chosen.
func (a *app) fromFile(flags *pflag.FlagSet) error {
	path, asked, err := a.configPath()
	if err != nil {
		return nil // no home, no file
	}
	var file map[string]any
	_, err = toml.DecodeFile(path, &file)
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
	if name, ok := file["default-profile"].(string); ok && a.cfg.profile == "" {
		name = trimmed(name)
		if err := refuseSecret("profile", path+": default-profile", name); err != nil {
			return mistakes{err}
		}
		a.cfg.profile = name
	}
	delete(file, "default-profile")
	var wrong mistakes
	if name := a.cfg.profile; name != "" {
		section, ok := profiles[name].(map[string]any)
		if !ok {
			return fmt.Errorf("configuration file %s has no section [profile.%s]; it has %s", path, name, orNone(slices.Sorted(maps.Keys(profiles))))
		}
		wrong = a.fromTable(flags, section, fmt.Sprintf("%s [profile.%s]", path, name))
	}
	if wrong = append(wrong, a.fromTable(flags, file, path)...); len(wrong) > 0 {
		return wrong
	}
	return nil
}

// configPath returns where the configuration file is, and whether the operator
// said so.
func (a *app) configPath() (path string, asked bool, err error) {
	if a.cfg.configFile != "" {
		return a.cfg.configFile, true, nil
	}
	dir, err := a.directory("XDG_CONFIG_HOME", ".config")
	return filepath.Join(dir, "config.toml"), false, err
}

// fromTable applies a table of the configuration file to the flags that nothing
// of higher rank has set.
func (a *app) fromTable(flags *pflag.FlagSet, table map[string]any, origin string) (wrong mistakes) {
	all := a.allFlags()
	for _, key := range slices.Sorted(maps.Keys(table)) {
		if !slices.Contains(all, key) {
			message := fmt.Sprintf("%s: there is no setting %q", origin, key)
			if i := template.Nearest(key, all); i >= 0 {
				message += fmt.Sprintf(": did you mean %q?", all[i])
			}
			wrong = append(wrong, errors.New(message))
			continue
		}
		f := flags.Lookup(key)
		if f == nil {
			continue // another command's
		}
		value, ok := plainValue(table[key])
		if !ok {
			wrong = append(wrong, usageError("%s: %s is a list or a table: it must be one value", origin, key))
			continue
		}
		if err := a.checkPrivate(value, origin+": "+key); err != nil {
			wrong = append(wrong, err)
			continue
		}
		wrong = append(wrong, a.set(f, trimmed(value), origin)...)
	}
	return wrong
}

// plainValue is a value of the configuration file as it would be typed.
func plainValue(value any) (string, bool) {
	switch v := value.(type) {
	case map[string]any, []any, []map[string]any:
		return "", false
	case time.Time:
		switch v.Location().String() { // so the library calls what has no offset
		case "time-local":
			return v.Format("15:04"), true
		case "datetime-local":
			return v.Format("2006-01-02T15:04"), true
		}
		return v.Format(time.RFC3339), true
	}
	return fmt.Sprint(value), true
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
		Args:  atMost(0, ""),
	}
	a.bindSend(cmd.Flags(), &sendOptions{}) // so that send's settings are shown too
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		rows := [][]string{{"SETTING", "VALUE", "FROM"}}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Name != "help" {
				rows = append(rows, []string{f.Name, report.Dash(censor.Value(f.Value.String())), a.origins[f.Name]})
			}
		})
		return cmp.Or(report.Columns(a.Stdout, rows), a.misread)
	}
	return cmd
}
