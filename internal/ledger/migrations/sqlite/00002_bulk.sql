-- +goose Up
-- +goose StatementBegin
-- A lot is envelopes that DocuSign makes from one bulk send list. Each part is
-- written down before the next step is taken; '' is one that is not known.
CREATE TABLE lot (
	id      INTEGER PRIMARY KEY,
	guid    TEXT NOT NULL UNIQUE,
	batch   INTEGER NOT NULL REFERENCES batch (id), -- ours
	run     INTEGER NOT NULL REFERENCES run (id),   -- that made it
	made    INTEGER NOT NULL,
	draft   TEXT NOT NULL DEFAULT '',
	list    TEXT NOT NULL DEFAULT '',
	sending TEXT NOT NULL DEFAULT '', -- DocuSign's ID of the bulk send batch
	asked   INTEGER,                  -- from then on it may be under way
	ended   INTEGER,                  -- null: something is still to be done
	speed   REAL                      -- copies a second, if it was seen
) STRICT;

CREATE INDEX lot_batch ON lot (batch);

-- The lot in which an envelope was last attempted; null if it went by itself.
ALTER TABLE envelope ADD COLUMN lot INTEGER REFERENCES lot (id);
-- Only while it is sending does anybody ask for it by its lot, so the index
-- takes no room in the end. No lot is deleted, for which it would be needed.
CREATE INDEX envelope_lot ON envelope (lot) WHERE lot IS NOT NULL AND state = 'c';

-- What is known of an account's call limits and of the calls made, for all runs
-- to share. Its text is the throttle's.
CREATE TABLE budget (
	account INTEGER PRIMARY KEY REFERENCES account (id),
	text    BLOB NOT NULL,
	at      INTEGER NOT NULL
) STRICT;

-- What became of sent envelopes at DocuSign, as of when it was asked.
CREATE TABLE fate (
	envelope INTEGER PRIMARY KEY REFERENCES envelope (id),
	status   TEXT NOT NULL,    -- DocuSign's word in lower case; '' if it does not know the envelope
	changed  INTEGER NOT NULL, -- when it took that status; 0 if not told
	asked    INTEGER NOT NULL
) STRICT;
-- +goose StatementEnd
