-- +goose Up
-- +goose StatementBegin
-- DocuSign counts the envelopes of a batch by a custom field that the requests
-- of this release carry, and those of earlier ones (scheme 1) do not. 1: a run
-- of a release whose requests do.
ALTER TABLE run ADD COLUMN counts INTEGER NOT NULL DEFAULT 0;

-- The last run that has looked at DocuSign for everything another ledger may
-- have sent of the batch; 0 is none. What is in this ledger already is its own.
ALTER TABLE batch ADD COLUMN looked INTEGER NOT NULL DEFAULT 0;
UPDATE batch SET looked = coalesce((SELECT max(id) FROM run), 0) WHERE high > 0;

-- A run that found the ledger to be older than the counter beside it: a backup,
-- or one that has lost its log.
CREATE TABLE gap (
	run    INTEGER PRIMARY KEY REFERENCES run (id),
	killed INTEGER NOT NULL -- 1: the last run that is missing did not end by itself
) STRICT;

-- Envelopes of a batch that DocuSign has besides the one that the ledger knows
-- under the same transaction ID (key), or that have lost theirs, so that they
-- are counted and named once.
CREATE TABLE surplus (
	docusign BLOB PRIMARY KEY,
	batch    INTEGER NOT NULL REFERENCES batch (id),
	key      BLOB NOT NULL, -- 16 zeros: it has lost it
	sent     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX surplus_batch ON surplus (batch);
-- +goose StatementEnd
