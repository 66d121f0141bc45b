package envelope

import (
	"strings"

	"github.com/google/uuid"
)

// BatchID names a batch at DocuSign: a UUIDv5 of account and batch, the same in
// every run, on every host and with every ledger. Each envelope carries it in a
// custom field, so that DocuSign can be asked what it has of a batch.
func BatchID(account, batch string) string {
	return uuid.NewSHA1(namespace, []byte("batch\x00"+strings.ToLower(account)+"\x00"+batch)).String()
}
