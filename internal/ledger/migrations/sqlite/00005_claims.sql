-- +goose Up
-- +goose StatementBegin
-- Which lock file the owner of a lease has locked, by its number in the file
-- system (inode): that another file is not locked proves nothing. 0 is none, and
-- 1 one of which an older release did not write down the number.
ALTER TABLE lease RENAME COLUMN locked TO lock_file;

-- No two rows can have become the same envelope. A quarter of DocuSign's ID, which
-- is random, is enough to find it.
CREATE INDEX envelope_docusign ON envelope (substr(docusign, 1, 4)) WHERE docusign <> x'00000000000000000000000000000000';

-- Nor can two lots have the same list, or be the same batch.
CREATE INDEX lot_list ON lot (list) WHERE list <> '';
CREATE INDEX lot_sending ON lot (sending) WHERE sending <> '';
-- +goose StatementEnd
