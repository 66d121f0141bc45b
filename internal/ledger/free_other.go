//go:build !linux && !windows

package ledger

func free(string) int64 { return -1 }
