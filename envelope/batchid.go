package envelope

import "strings"

// BatchID names a batch at DocuSign: a UUIDv5 of account and batch, the same in
// every run, on every host and with every ledger. Each envelope carries it in a
// custom field, so that DocuSign can be asked what it has of a batch.
func BatchID(account, batch string) string {
	name := make([]byte, 0, 128)
	name = append(name, namespace[:]...)
	name = append(name, "batch\x00"...)
	name = append(name, strings.ToLower(account)...)
	name = append(name, 0)
	name = append(name, batch...)
	return version5(name).String()
}
