-- +goose Up
-- +goose StatementBegin
CREATE TABLE template_name (
	id   INTEGER PRIMARY KEY,
	guid TEXT NOT NULL UNIQUE
) STRICT;

-- How key and content were made: 1 is that of releases whose content depended on
-- the template, and whose key left the content of labelled envelopes out.
ALTER TABLE envelope ADD COLUMN scheme INTEGER NOT NULL DEFAULT 1;
-- The rest is null where scheme is 1. people and names are salted digests of the
-- recipients' addresses and of their roles and names.
ALTER TABLE envelope ADD COLUMN template INTEGER REFERENCES template_name (id);
ALTER TABLE envelope ADD COLUMN people BLOB;
ALTER TABLE envelope ADD COLUMN names BLOB;

CREATE INDEX envelope_people ON envelope (people) WHERE people IS NOT NULL;
CREATE INDEX envelope_legacy ON envelope (batch) WHERE scheme = 1;

-- One row. Whoever has no ledger cannot find out from a digest who somebody is.
CREATE TABLE salt (value BLOB NOT NULL) STRICT;
INSERT INTO salt (value) VALUES (randomblob(16));
-- +goose StatementEnd
