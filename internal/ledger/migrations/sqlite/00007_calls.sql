-- +goose Up
-- +goose StatementBegin
-- The last calls of runs to DocuSign's REST API, a row a run, so that sending is not
-- slowed down. Of a run that was killed there is none.
CREATE TABLE call_log (
	id          INTEGER PRIMARY KEY,
	application TEXT NOT NULL, -- sign-in server and integration key
	calls       TEXT NOT NULL  -- JSON, the oldest first
) STRICT;

CREATE INDEX call_log_application ON call_log (application, id);
-- +goose StatementEnd
