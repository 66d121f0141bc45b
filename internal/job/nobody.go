package job

import (
	"context"
	"errors"
	"time"

	"batchsend/envelope"
	"batchsend/internal/batch"
	"batchsend/internal/docusign"
	"batchsend/internal/remote"
	"batchsend/internal/templatefile"
)

// nobody stands for DocuSign where nothing may be asked: it has sent nothing, and it
// refuses to send or to look anything up.
type nobody struct{ account *templatefile.Account }

var _ DocuSign = nobody{}

// errNobody is what [nobody] refuses with.
var errNobody = errors.New("a check against template files calls nobody")

// AccountInfo implements [Accounts].
func (n nobody) AccountInfo(context.Context) (docusign.AccountInfo, error) {
	a := n.account
	return docusign.AccountInfo{
		Name: a.Name, Notification: a.Notification, OverrideForbidden: a.OverrideForbidden,
		BulkRules: docusign.BulkRules{BulkForbidden: a.BulkForbidden, BulkTold: a.BulkTold, BulkCopies: a.BulkCopies, BulkQueue: a.BulkQueue}, Rules: a.Rules,
	}, nil
}

// CountAll implements [Mailings].
func (nobody) CountAll(context.Context) (int, error) { return 0, nil }

// CountMailed implements [Mailings].
func (nobody) CountMailed(context.Context, string) (int, error) { return 0, nil }

// OtherLots implements [Mailings].
func (nobody) OtherLots(context.Context, []string, func(string) bool) ([]remote.OtherLot, error) {
	return nil, nil
}

// Send implements [batch.Sender].
func (nobody) Send(context.Context, *envelope.Envelope, batch.Leaving) (envelope.ID, error) {
	return "", errNobody
}

// Draft implements [batch.Drafter].
func (nobody) Draft(context.Context, *envelope.Envelope, batch.Leaving) (envelope.ID, error) {
	return "", errNobody
}

// SendDraft implements [batch.Drafter].
func (nobody) SendDraft(context.Context, envelope.ID, batch.Leaving) error { return errNobody }

// Find implements [batch.Finder].
func (nobody) Find(context.Context, []envelope.TransactionID) (map[envelope.TransactionID]remote.Found, error) {
	return nil, errNobody
}

// FindByField implements [batch.Finder].
func (nobody) FindByField(context.Context, envelope.TransactionID, time.Time) (remote.Found, bool, error) {
	return remote.Found{}, false, errNobody
}

// Addresses implements [batch.Finder].
func (nobody) Addresses(context.Context, envelope.ID) ([]string, error) { return nil, errNobody }

// Mailed implements [Mailings].
func (nobody) Mailed(context.Context, string, func(envelope.ID) bool) ([]remote.Mailed, error) {
	return nil, errNobody
}

// Recipients implements [Mailings].
func (nobody) Recipients(context.Context, []envelope.ID) ([]remote.Mailed, error) {
	return nil, errNobody
}

// LotDraft implements [batch.Bulker].
func (nobody) LotDraft(context.Context, *envelope.Envelope, envelope.TransactionID) (envelope.ID, error) {
	return "", errNobody
}

// CreateList implements [batch.Bulker].
func (nobody) CreateList(context.Context, *remote.Lot, []*envelope.Envelope) (string, error) {
	return "", errNobody
}

// TestList implements [batch.Bulker].
func (nobody) TestList(context.Context, string, envelope.ID) error { return errNobody }

// SendList implements [batch.Bulker].
func (nobody) SendList(context.Context, *remote.Lot, batch.Leaving) (string, error) {
	return "", errNobody
}

// FindBatch implements [batch.Bulker].
func (nobody) FindBatch(context.Context, *remote.Lot, time.Time) (string, bool, error) {
	return "", false, errNobody
}

// LotStatus implements [batch.Bulker].
func (nobody) LotStatus(context.Context, string) (remote.LotStatus, error) {
	return remote.LotStatus{}, errNobody
}

// Copies implements [batch.Bulker].
func (nobody) Copies(context.Context, *remote.Lot, time.Time) ([]remote.Copy, error) {
	return nil, errNobody
}

// Remains implements [batch.Bulker].
func (nobody) Remains(context.Context, []*remote.Lot) ([]string, []envelope.ID, error) {
	return nil, nil, errNobody
}

// DeleteList implements [batch.Bulker].
func (nobody) DeleteList(context.Context, string) error { return errNobody }

// DeleteDrafts implements [batch.Bulker].
func (nobody) DeleteDrafts(context.Context, ...envelope.ID) error { return errNobody }
