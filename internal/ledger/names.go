package ledger

import (
	"context"
	"slices"
)

// BatchNames returns the names of all batches, the oldest first, each once whatever
// accounts have it.
func (db *DB) BatchNames(ctx context.Context) (names []string, err error) {
	all, err := db.Batches(ctx)
	for _, b := range all {
		if !slices.Contains(names, b.Name) {
			names = append(names, b.Name)
		}
	}
	return names, err
}

// recentBatches is how many batches TemplateIDs looks at, so that it is done at once.
const recentBatches = 100

// TemplateIDs returns the templates with which the last batches were sent, in the order
// in which these were begun.
func (db *DB) TemplateIDs(ctx context.Context) (ids []string, err error) {
	all, err := db.Batches(ctx)
	if err != nil {
		return nil, err
	}
	for _, b := range all[max(0, len(all)-recentBatches):] {
		templates, err := db.BatchTemplates(ctx, b.Account, b.Name)
		if err != nil {
			return nil, err
		}
		for _, t := range templates {
			if !slices.Contains(ids, t.ID) {
				ids = append(ids, t.ID)
			}
		}
	}
	return ids, nil
}
