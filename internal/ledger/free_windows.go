package ledger

import "golang.org/x/sys/windows"

// free is how many bytes are left for this user on the disk of dir.
func free(dir string) int64 {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return -1
	}
	var left uint64
	if windows.GetDiskFreeSpaceEx(path, &left, nil, nil) != nil {
		return -1
	}
	return int64(left)
}
