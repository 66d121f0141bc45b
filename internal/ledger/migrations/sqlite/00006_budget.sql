-- +goose Up
-- +goose StatementBegin
-- The throttle writes what it knows of the call limits as JSON now. What an
-- earlier release has written cannot be read any more, so nothing is known: the
-- first call of the next run goes alone, and its answer tells what is left.
DELETE FROM budget;
-- +goose StatementEnd
