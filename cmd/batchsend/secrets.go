package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"

	"al.essio.dev/pkg/shellescape"

	"batchsend/internal/censor"
	"batchsend/internal/secretfile"
)

// mayHold says which settings may hold a secret, and which. It comes from the
// environment or the configuration file, never from the command line, which
// others can read.
var mayHold = map[string]censor.Secret{
	"private-key": censor.Key,
	"ledger":      censor.Password, // of PostgreSQL
}

// cures say what to do with a secret that stands in the wrong place.
var cures = map[censor.Secret]string{
	censor.Key:      "--private-key takes the path of the key's file; the text itself belongs into " + environmentName("private-key"),
	censor.Token:    "batchsend takes no token: it signs in by itself, with the integration key, the user's ID and the private key",
	censor.Password: "an address with a password belongs into the environment (" + environmentName("ledger") + " for the ledger), where others cannot read it",
}

// flagWord is the name of a flag as it is typed.
var flagWord = regexp.MustCompile(`^--[a-z][a-z-]*$`)

// refuseSecrets fails if an argument holds a secret. It comes before anything
// reads the arguments, or complains of them.
func refuseSecrets(args []string) error {
	for i, arg := range args {
		secret := censor.Find(arg)
		if secret == censor.None {
			continue
		}
		name, _, given := strings.Cut(arg, "=")
		if isFlag := flagWord.MatchString(name); (!isFlag || !given) && i > 0 {
			name = args[i-1]
		}
		if !flagWord.MatchString(name) {
			name = fmt.Sprintf("argument %d", i+1)
		}
		return &exitError{exitUsage, &adviceError{
			text: fmt.Sprintf("%s is %s, which others can read in the list of processes and in the shell's history: nothing was done with it", name, secret),
			hint: cures[secret],
		}}
	}
	return nil
}

// refuseSecret fails if a value from outside the command line holds a secret
// that the flag may not hold. where names its place.
func refuseSecret(flag, where, value string) error {
	secret := censor.Find(value)
	if secret == censor.None || secret == mayHold[flag] {
		return nil
	}
	return &exitError{exitUsage, &adviceError{text: fmt.Sprintf("%s is %s, not a value for --%s", where, secret, flag), hint: cures[secret]}}
}

// checkPrivate fails if a value of the configuration file is a secret and others
// may read the file.
func (a *app) checkPrivate(value, place string) error {
	secret := censor.Find(value)
	if secret == censor.None {
		return nil
	}
	path, _, err := a.configPath()
	if err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !secretfile.OthersMayRead(f, info, secretfile.Mounts(a.env)) {
		return err
	}
	return &adviceError{
		text: fmt.Sprintf("%s is %s, and others may read the file (mode %04o)", place, secret, info.Mode().Perm()),
		hint: shellescape.QuoteCommand([]string{"chmod", "600", path}),
	}
}
