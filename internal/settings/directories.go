package settings

import (
	"fmt"
	"path/filepath"
)

// defaultFile returns where the configuration file is unless the person has chosen
// another.
func (s Sources) defaultFile() (string, error) {
	dir, err := s.directory("XDG_CONFIG_HOME", ".config")
	return filepath.Join(dir, "config.toml"), err
}

// StateDirectory returns where the program keeps what it must remember.
func (s Sources) StateDirectory() (string, error) {
	return s.directory("XDG_STATE_HOME", filepath.Join(".local", "state"))
}

// directory returns the program's directory under an XDG base directory.
func (s Sources) directory(variable, underHome string) (string, error) {
	if dir := s.Env[variable]; filepath.IsAbs(dir) {
		return filepath.Join(dir, s.Program), nil
	}
	home := s.Env["HOME"]
	if home == "" {
		return "", fmt.Errorf("neither HOME nor %s is set", variable)
	}
	return filepath.Join(home, underHome, s.Program), nil
}
