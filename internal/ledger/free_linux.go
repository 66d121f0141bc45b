package ledger

import "golang.org/x/sys/unix"

// free is how many bytes are left on the disk of dir.
func free(dir string) int64 {
	var stat unix.Statfs_t
	if unix.Statfs(dir, &stat) != nil {
		return -1
	}
	return int64(stat.Bavail) * stat.Bsize
}
