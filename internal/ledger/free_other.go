//go:build !linux

package ledger

func free(string) int64 { return -1 }
