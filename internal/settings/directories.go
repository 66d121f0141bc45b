package settings

import (
	"fmt"
	"path/filepath"
	"runtime"
)

// defaultFile returns where the configuration file is unless the person has chosen
// another.
func (s Sources) defaultFile() (string, error) {
	dir, err := s.directory("XDG_CONFIG_HOME", ".config", "APPDATA")
	return filepath.Join(dir, "config.toml"), err
}

// StateDirectory returns where the program keeps what it must remember.
func (s Sources) StateDirectory() (string, error) {
	return s.directory("XDG_STATE_HOME", filepath.Join(".local", "state"), "LOCALAPPDATA")
}

// directory returns the program's directory under an XDG base directory, or under the
// one that onWindows names there.
func (s Sources) directory(variable, underHome, onWindows string) (string, error) {
	if dir := s.Env[variable]; filepath.IsAbs(dir) {
		return filepath.Join(dir, s.Program), nil
	}
	if runtime.GOOS == "windows" {
		if dir := s.Env[onWindows]; filepath.IsAbs(dir) {
			return filepath.Join(dir, s.Program), nil
		}
		return "", fmt.Errorf("neither %s nor %s is set", onWindows, variable)
	}
	home := s.Env["HOME"]
	if home == "" {
		return "", fmt.Errorf("neither HOME nor %s is set", variable)
	}
	return filepath.Join(home, underHome, s.Program), nil
}
