package secretfile

import (
	"cmp"
	"os"
	"path/filepath"
)

// Write writes a file that nobody but its owner can read (mode 0600): whole, or not at
// all. It is on the disk when Write returns.
func Write(path string, data []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(path), ".batchsend.*.tmp") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // fails when all went well
	_, err = temp.Write(data)
	if err = cmp.Or(err, temp.Sync()); err != nil {
		temp.Close()
		return err
	}
	if err := temp.Close(); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}
