package ledger

import "strings"

// The SQL that only SQLite understands. So are the pragmas, see sqlite.go, and the
// migrations.

// emptyID stands for an envelope ID that is not known: see [noID]. As an index that
// leaves it out names it so, queries that shall use the index must do as well.
const emptyID = `x'00000000000000000000000000000000'`

const (
	// sqlFileKind is one statement, lest another process migrate the file between two.
	sqlFileKind = `SELECT (SELECT application_id FROM pragma_application_id),
		count(*), coalesce(sum(name = 'goose_db_version'), 0) FROM sqlite_schema`

	// sqlBegin takes the lock for writing at once, lest two transactions that have
	// read wait for each other.
	sqlBegin = "BEGIN IMMEDIATE"

	// The next two look up $2 keys or digests of 16 bytes each, which stand one after
	// the other in $1: to bind one argument is much faster than to bind thousands.
	numbered = `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $2),
		asked (i, v) AS (SELECT i, substr($1, i * 16 + 1, 16) FROM n) `
	sqlRecords = numbered + `SELECT a.i, e.content, e.state, e.docusign, e.code, e.message, e.at, coalesce(f.status, '')
		FROM asked a CROSS JOIN envelope e ON e.key = a.v LEFT JOIN fate f ON f.envelope = e.id`
	sqlSameContent = numbered + `SELECT a.i, e.key, b.name, e.state, e.docusign, e.at
		FROM asked a CROSS JOIN envelope e ON substr(e.content, 1, 8) = substr(a.v, 1, 8) AND e.content = a.v
		JOIN batch b ON b.id = e.batch
		WHERE e.attempts > 0 AND e.state IN ('s', 'c', 'u') AND b.account = $3`

	// In sqlByIDs $1 is a list of row numbers in JSON.
	sqlByIDs = `SELECT e.key, coalesce(t.guid, ''), e.scheme, e.label, e.people, e.names, e.line, e.state, e.docusign, e.at
		FROM json_each($1) n CROSS JOIN envelope e ON e.id = n.value LEFT JOIN template_name t ON t.id = e.template`

	// sqlSamePeople looks up digests of 8 bytes.
	sqlSamePeople = `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $2),
		asked (i, v) AS (SELECT i, substr($1, i * 8 + 1, 8) FROM n)
		SELECT a.i, e.key, b.name, coalesce(t.guid, ''), e.label, e.line, e.state, e.docusign, e.at
		FROM asked a CROSS JOIN envelope e ON e.people = a.v AND e.people IS NOT NULL
		JOIN batch b ON b.id = e.batch LEFT JOIN template_name t ON t.id = e.template
		WHERE b.account = $3 AND e.state IN ('s', 'c', 'u')`
)

// sqlPlan plans n envelopes: new ones, and new contents of those that are planned or
// failed.
func sqlPlan(n int) string {
	const row = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'p', 0, " + emptyID + ")"
	return `INSERT INTO envelope (key, content, scheme, template, people, names, batch, file, line, label, run, at, state, attempts, docusign) VALUES ` +
		strings.Repeat(row+", ", n-1) + row + ` ON CONFLICT (key) DO UPDATE
		SET content = excluded.content, file = excluded.file, line = excluded.line, label = excluded.label,
			run = excluded.run, at = excluded.at
		WHERE envelope.state IN ('p', 'f') AND envelope.content <> excluded.content`
}
