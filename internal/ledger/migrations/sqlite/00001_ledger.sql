-- +goose Up
-- These statements go to SQLite as one text: else goose takes a buffer of 4 MB for
-- every line, to look whether a statement ends there.
-- +goose StatementBegin
-- Times are milliseconds since 1970, UTC. Digests and GUIDs are 16 bytes.
-- A state is one letter: p planned, c sending (claimed), s sent, f failed,
-- u unknown. Letters keep a row's length, so that a change stays in its page.

CREATE TABLE account (
	id   INTEGER PRIMARY KEY,
	guid TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE batch (
	id      INTEGER PRIMARY KEY,
	account INTEGER NOT NULL REFERENCES account (id),
	name    TEXT NOT NULL,
	created INTEGER NOT NULL,
	low     INTEGER NOT NULL DEFAULT 0, -- its envelopes have ids from low
	high    INTEGER NOT NULL DEFAULT 0, -- to high; others may lie between
	UNIQUE (account, name)
) STRICT;

CREATE TABLE file (
	id   INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE run (
	id      INTEGER PRIMARY KEY,
	account INTEGER NOT NULL REFERENCES account (id),
	host    TEXT NOT NULL,
	pid     INTEGER NOT NULL,
	owner   TEXT NOT NULL,
	version TEXT NOT NULL,
	started INTEGER NOT NULL,
	ended   INTEGER -- null: still running, or it died
) STRICT;

-- A batch with a row here belongs to that run; beat counts its heartbeats.
CREATE TABLE lease (
	batch   INTEGER PRIMARY KEY REFERENCES batch (id),
	run     INTEGER NOT NULL REFERENCES run (id),
	beat    INTEGER NOT NULL,
	beat_at INTEGER NOT NULL, -- for people; no run trusts another's clock
	locked  INTEGER NOT NULL  -- 1: the owner also holds the lock of the system
) STRICT;

CREATE TABLE envelope (
	id       INTEGER PRIMARY KEY,
	key      BLOB NOT NULL UNIQUE, -- transaction ID
	content  BLOB NOT NULL,
	batch    INTEGER NOT NULL REFERENCES batch (id),
	file     INTEGER NOT NULL REFERENCES file (id),
	line     INTEGER NOT NULL,
	label    TEXT NOT NULL,
	state    TEXT NOT NULL CHECK (state IN ('p', 'c', 's', 'f', 'u')),
	attempts INTEGER NOT NULL,
	run      INTEGER NOT NULL REFERENCES run (id), -- that changed it last
	at       INTEGER NOT NULL,                     -- of that change
	docusign BLOB NOT NULL, -- DocuSign's ID; 16 zeros until it is known keep its place
	code     TEXT,
	message  TEXT,
	CHECK (attempts > 0 OR state = 'p')
) STRICT;

-- Only what was ever tried can be somebody's twin. Half the digest is enough to
-- find it, and attempts, unlike state, do not change when it is settled.
CREATE INDEX envelope_content ON envelope (substr(content, 1, 8)) WHERE attempts > 0;

-- Every change of every envelope. Planning writes one row for count envelopes
-- with consecutive ids, the first of which is named.
CREATE TABLE event (
	id       INTEGER PRIMARY KEY,
	at       INTEGER NOT NULL,
	envelope INTEGER NOT NULL,
	count    INTEGER NOT NULL,
	change   TEXT NOT NULL, -- the state before and after; n before p is new
	run      INTEGER NOT NULL,
	attempt  INTEGER NOT NULL,
	code     TEXT
) STRICT;

-- What a template asked for when a batch was last sent with it.
CREATE TABLE template (
	batch       INTEGER NOT NULL REFERENCES batch (id),
	template    TEXT NOT NULL,
	fingerprint TEXT NOT NULL,
	seen        INTEGER NOT NULL,
	PRIMARY KEY (batch, template)
) STRICT, WITHOUT ROWID;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER envelope_changed AFTER UPDATE OF state, attempts, content, docusign ON envelope
BEGIN
	INSERT INTO event (at, envelope, count, change, run, attempt, code)
	VALUES (NEW.at, NEW.id, 1, OLD.state || NEW.state, NEW.run, NEW.attempts, NEW.code);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER envelope_sent BEFORE UPDATE OF state ON envelope WHEN OLD.state = 's'
BEGIN
	SELECT RAISE(ABORT, 'a sent envelope stays sent');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER envelope_kept BEFORE DELETE ON envelope
BEGIN
	SELECT RAISE(ABORT, 'the ledger forgets no envelope');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER event_unchanged BEFORE UPDATE ON event
BEGIN
	SELECT RAISE(ABORT, 'the ledger rewrites no event');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER event_kept BEFORE DELETE ON event
BEGIN
	SELECT RAISE(ABORT, 'the ledger forgets no event');
END;
-- +goose StatementEnd
