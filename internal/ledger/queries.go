package ledger

// The SQL that other databases understand as well, with what dialect.go defines. The
// rest stands there, but for the migrations.

const (
	sqlVersion = `SELECT max(version_id) FROM goose_db_version WHERE is_applied`

	sqlAddAccount = `INSERT INTO account (guid) VALUES ($1) ON CONFLICT DO NOTHING`
	sqlAccount    = `SELECT id FROM account WHERE guid = $1`
	sqlAddBatch   = `INSERT INTO batch (account, name, created) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`
	sqlBatch      = `SELECT id FROM batch WHERE account = $1 AND name = $2`
	sqlBatches    = `SELECT name FROM batch WHERE account = $1`
	sqlAddFile    = `INSERT INTO file (name) VALUES ($1) ON CONFLICT DO NOTHING`
	sqlFile       = `SELECT id FROM file WHERE name = $1`

	// Runs of which only the counter beside the ledger knows keep their numbers.
	sqlAddRun = `INSERT INTO run (id, account, host, pid, owner, version, started, counts)
		SELECT CASE WHEN max(id) > $7 THEN max(id) ELSE $7 END + 1, $1, $2, $3, $4, $5, $6, 1 FROM run RETURNING id`
	sqlLastRun = `SELECT coalesce(max(id), 0) FROM run`
	sqlAddGap  = `INSERT INTO gap (run, killed) VALUES ($1, $2)`
	sqlGaps    = `SELECT (SELECT coalesce(max(id), 0) FROM run), (SELECT min(started) FROM run WHERE counts = 1), max(run), max(killed)
		FROM gap WHERE run > $1`
	sqlLooked      = `UPDATE batch SET looked = $2 WHERE id = $1`
	sqlBatchLooked = `SELECT b.looked FROM batch b JOIN account a ON a.id = b.account WHERE a.guid = $1 AND b.name = $2`
	sqlCounted     = `SELECT count(*), coalesce(sum(CASE WHEN e.at <= $3 THEN 1 ELSE 0 END), 0)
		FROM account a JOIN batch b ON b.account = a.id JOIN envelope e ON e.id BETWEEN b.low AND b.high AND e.batch = b.id
		WHERE a.guid = $1 AND b.name = $2 AND e.state = 's' AND e.scheme > 1 AND e.at >= $4`
	sqlCountSurplus = `SELECT count(*), coalesce(sum(CASE WHEN s.sent <= $3 THEN 1 ELSE 0 END), 0)
		FROM account a JOIN batch b ON b.account = a.id JOIN surplus s ON s.batch = b.id
		WHERE a.guid = $1 AND b.name = $2 AND s.sent >= $4`
	sqlAdopt = `INSERT INTO envelope (key, content, scheme, template, people, names, batch, file, line, label, run, at, state, attempts, docusign)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 's', 1, $13)
		ON CONFLICT (key) DO UPDATE SET state = 's', run = excluded.run, at = excluded.at, docusign = excluded.docusign,
			code = NULL, message = NULL, attempts = CASE envelope.attempts WHEN 0 THEN 1 ELSE envelope.attempts END
		WHERE envelope.state <> 's'`
	sqlAddSurplus = `INSERT INTO surplus (docusign, batch, key, sent) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`
	sqlSurplus    = `SELECT s.docusign FROM account a JOIN batch b ON b.account = a.id JOIN surplus s ON s.batch = b.id
		WHERE a.guid = $1 AND b.name = $2`
	sqlLotNames = `SELECT lot.guid FROM account a JOIN batch b ON b.account = a.id JOIN lot ON lot.batch = b.id
		WHERE a.guid = $1 AND b.name = $2`
	sqlAllSent = `SELECT count(*) FROM account a JOIN batch b ON b.account = a.id
		JOIN envelope e ON e.id BETWEEN b.low AND b.high AND e.batch = b.id
		WHERE a.guid = $1 AND e.state = 's' AND e.at <= $2 AND e.at >= $3`
	sqlEndRun = `UPDATE run SET ended = $2 WHERE id = $1`
	sqlHolder = `SELECT l.run, l.beat, l.lock_file, l.beat_at, r.host, r.pid, r.started
		FROM lease l JOIN run r ON r.id = l.run WHERE l.batch = $1`
	sqlLease = `INSERT INTO lease (batch, run, beat, beat_at, lock_file) VALUES ($1, $2, 0, $3, $4)
		ON CONFLICT (batch) DO UPDATE
		SET run = excluded.run, beat = 0, beat_at = excluded.beat_at, lock_file = excluded.lock_file`
	sqlHolders = `SELECT r.id, b.name, r.host, r.pid, r.started, l.beat_at
		FROM account a CROSS JOIN batch b ON b.account = a.id JOIN lease l ON l.batch = b.id JOIN run r ON r.id = l.run
		WHERE a.guid = $1 ORDER BY r.id, b.name`
	sqlBeat      = `UPDATE lease SET beat = beat + 1, beat_at = $2 WHERE run = $1`
	sqlBeats     = `SELECT run, beat FROM lease WHERE batch = $1`
	sqlEndLeases = `DELETE FROM lease WHERE run = $1`
	sqlLastID    = `SELECT coalesce(max(id), 0) FROM envelope`
	sqlSpan      = `UPDATE batch SET low = CASE high WHEN 0 THEN $2 ELSE low END, high = $3 WHERE id = $1`
	sqlNewEvents = `INSERT INTO event (at, envelope, count, change, run, attempt)
		VALUES ($1, $2, $3, $5, $4, $6)`

	// The next four decide whether a change may be made and make it; changing
	// no row is a refusal, for which [current.refusal] tells why.
	// A claim forgets the draft of an attempt before: it may hold what the row
	// said then.
	sqlClaim = `UPDATE envelope SET state = 'c', attempts = attempts + 1, run = $2, at = $3, code = NULL, message = NULL,
			docusign = ` + emptyID + `, lot = $7
		WHERE key = $1 AND state IN ('p', 'f') AND content = $4` + andLeased + `
		AND ($6 OR NOT EXISTS (SELECT 1 ` + sentContent + ` AND t.content = $4 AND t.key <> $1))`
	sqlSettle = `UPDATE envelope SET state = $4, run = $2, at = $3, docusign = coalesce($5, docusign), code = $6, message = $7
		WHERE key = $1 AND state IN ('c', 'u') AND state <> $4` + andLeased
	sqlSettleSent = `UPDATE envelope SET state = 's', run = $2, at = $3, docusign = $4, code = NULL, message = NULL,
			attempts = CASE attempts WHEN 0 THEN 1 ELSE attempts END
		WHERE key = $1 AND state <> 's'` + andIDFree
	// What is not sent is believed of the lot's own envelopes only: others have
	// been claimed anew since.
	sqlSettleLot = sqlSettle + ` AND lot = (SELECT id FROM lot WHERE guid = $8)`
	sqlDraft     = `UPDATE envelope SET run = $2, at = $3, docusign = $4
		WHERE key = $1 AND state = 'c' AND docusign <> $4` + andLeased + andIDFree
	sqlRetry = `UPDATE envelope SET state = 'c', attempts = attempts + 1, run = $2, at = $3, code = NULL, message = NULL,
			docusign = ` + emptyID + `, lot = NULL
		WHERE key = $1 AND (state = 'u' OR state = 'c' AND run <> $2
			AND NOT EXISTS (SELECT 1 FROM lot WHERE lot.id = envelope.lot AND lot.ended IS NULL))` + andLeased

	andLeased = ` AND EXISTS (SELECT 1 FROM lease l WHERE l.batch = envelope.batch AND l.run = $2)`
	// An envelope of DocuSign's is that of one row.
	andIDFree = ` AND NOT EXISTS (SELECT 1 FROM envelope o WHERE substr(o.docusign, 1, 4) = substr($4, 1, 4) AND o.docusign = $4
			AND o.docusign <> ` + emptyID + ` AND o.key <> $1)`
	sentContent = `FROM envelope t JOIN batch b ON b.id = t.batch
		WHERE substr(t.content, 1, 8) = substr($4, 1, 8) AND t.attempts > 0 AND t.state IN ('s', 'c', 'u') AND b.account = $5`

	sqlRecord = `SELECT e.content, e.state, e.at, e.docusign, e.code, e.message, l.run
		FROM envelope e LEFT JOIN lease l ON l.batch = e.batch WHERE e.key = $1`
	sqlIDTaken = `SELECT f.name, e.line FROM envelope e JOIN file f ON f.id = e.file
		WHERE substr(e.docusign, 1, 4) = substr($1, 1, 4) AND e.docusign = $1 AND e.docusign <> ` + emptyID + ` AND e.key <> $2 LIMIT 1`
	sqlSentContent = `SELECT b.name, t.state, t.docusign, t.at
		FROM envelope t JOIN batch b ON b.id = t.batch
		WHERE substr(t.content, 1, 8) = substr($1, 1, 8) AND t.attempts > 0 AND t.state IN ('s', 'c', 'u')
		AND b.account = $2 AND t.content = $1 AND t.key <> $3
		ORDER BY t.state = 's' DESC LIMIT 1`

	sqlUnresolved = `SELECT e.id, e.key, e.content, b.name, e.label, f.name, e.line, e.state, e.attempts, e.docusign, e.run, e.scheme, e.code, e.message
		FROM batch b JOIN envelope e ON e.id BETWEEN b.low AND b.high AND e.batch = b.id JOIN file f ON f.id = e.file
		LEFT JOIN lot ON lot.id = e.lot AND lot.ended IS NULL
		WHERE b.id = $1 AND (e.state = 'u' OR e.state = 'c' AND lot.id IS NULL) ORDER BY e.id`
	sqlAttempts = `SELECT envelope, attempt, min(at), coalesce(max(CASE change WHEN 'cu' THEN code END), '') FROM event
		WHERE envelope IN (
			SELECT e.id FROM batch b JOIN envelope e ON e.id BETWEEN b.low AND b.high AND e.batch = b.id
			WHERE b.id = $1 AND e.state IN ('c', 'u'))
		GROUP BY envelope, attempt ORDER BY envelope, attempt`

	sqlTotals = `SELECT b.id, a.guid, b.name, b.created, f.name, e.state, count(e.id), coalesce(max(e.at), 0),
			(SELECT count(*) FROM lot WHERE lot.batch = b.id AND lot.ended IS NULL)
		FROM batch b JOIN account a ON a.id = b.account
		LEFT JOIN envelope e ON e.id BETWEEN b.low AND b.high AND e.batch = b.id LEFT JOIN file f ON f.id = e.file
		GROUP BY b.id, a.id, f.id, e.state ORDER BY b.id, f.id, e.state`
	sqlRemoteStatusTotals = `SELECT e.batch, t.status, count(*) FROM fate t JOIN envelope e ON e.id = t.envelope
		GROUP BY e.batch, t.status`
	sqlEnvelopes = `SELECT e.key, e.label, f.name, e.line, e.state, e.docusign, e.code, e.message, e.at, e.attempts,
			coalesce(t.status, ''), coalesce(t.changed, 0), coalesce(t.asked, 0), e.scheme
		FROM account a JOIN batch b ON b.account = a.id
		JOIN envelope e ON e.id BETWEEN b.low AND b.high AND e.batch = b.id JOIN file f ON f.id = e.file
		LEFT JOIN fate t ON t.envelope = e.id
		WHERE a.guid = $1 AND b.name = $2 ORDER BY f.id, e.line, e.id`

	sqlAddLot = `INSERT INTO lot (guid, batch, run, made) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING id`
	sqlLot    = `UPDATE lot SET draft = $3, list = $4, sending = $5` + ownLot
	// So is a list, and a bulk batch, that of one lot.
	sqlLotTaken = `SELECT guid FROM lot WHERE guid <> $1
		AND (list = $2 AND list <> '' OR sending = $3 AND sending <> '') LIMIT 1`
	sqlAskLot = `UPDATE lot SET asked = $3` + ownLot + ` AND batch = $4 RETURNING id`
	sqlEndLot = `UPDATE lot SET ended = $3, speed = $4` + ownLot
	ownLot    = `
		WHERE guid = $1 AND ended IS NULL AND EXISTS (SELECT 1 FROM lease l WHERE l.batch = lot.batch AND l.run = $2)`
	sqlLotState = `SELECT lot.ended, l.run FROM lot LEFT JOIN lease l ON l.batch = lot.batch WHERE lot.guid = $1`
	sqlLots     = `SELECT lot.guid, lot.draft, lot.list, lot.sending, lot.asked, e.key
		FROM lot LEFT JOIN envelope e ON e.lot = lot.id AND e.state = 'c'
		WHERE lot.batch = $1 AND lot.ended IS NULL ORDER BY lot.id, e.id`
	sqlLotSpeed = `SELECT lot.speed FROM account a JOIN batch b ON b.account = a.id JOIN lot ON lot.batch = b.id
		WHERE a.guid = $1 AND lot.speed IS NOT NULL ORDER BY lot.ended DESC, lot.id DESC LIMIT 1`

	sqlSalt      = `SELECT value FROM salt`
	sqlHasLegacy = `SELECT EXISTS (SELECT 1 FROM account a JOIN batch b ON b.account = a.id
		JOIN envelope e ON e.batch = b.id AND e.scheme = 1 WHERE a.guid = $1)`
	sqlLastEvent   = `SELECT coalesce(max(id), 0) FROM event`
	sqlLabelsAfter = `SELECT e.id, e.label, e.names
		FROM batch b JOIN envelope e ON e.id BETWEEN b.low AND b.high AND e.batch = b.id
		WHERE b.id = $1 AND e.id > $2 ORDER BY e.id`
	// An event after which the state is what it was tells of new content.
	sqlLabelsRenamed = `SELECT e.id, e.label, e.names FROM event v JOIN envelope e ON e.id = v.envelope
		WHERE v.id > $3 AND v.change IN ('pp', 'ff') AND e.id <= $2 AND e.batch = $1`
	sqlAddTemplate = `INSERT INTO template_name (guid) VALUES ($1) ON CONFLICT DO NOTHING`
	sqlTemplateID  = `SELECT id FROM template_name WHERE guid = $1`
	// A planned or failed envelope whose row says something else now, or that an
	// earlier release has planned, takes its new identity.
	sqlRename = `UPDATE envelope SET key = $4, content = $5, scheme = $6, template = $7, people = $8, names = $9,
			file = $10, line = $11, label = $12, run = $2, at = $3
		WHERE key = $1 AND state IN ('p', 'f') AND NOT EXISTS (SELECT 1 FROM envelope o WHERE o.key = $4)` + andLeased

	sqlBudget    = `SELECT text FROM budget JOIN account a ON a.id = budget.account WHERE a.guid = $1`
	sqlAddCalls  = `INSERT INTO call_log (application, calls) VALUES ($1, $2) RETURNING id`
	sqlDropCalls = `DELETE FROM call_log WHERE id <= $1`
	sqlCalls     = `SELECT calls FROM call_log WHERE application = $1 ORDER BY id`
	sqlSetBudget = `INSERT INTO budget (account, text, at) SELECT id, $2, $3 FROM account WHERE guid = $1
		ON CONFLICT (account) DO UPDATE SET text = excluded.text, at = excluded.at`

	sqlRemoteStatuses = `SELECT e.id, e.docusign, coalesce(f.status, ''), coalesce(f.changed, 0), coalesce(f.asked, 0)
		FROM account a JOIN batch b ON b.account = a.id
		JOIN envelope e ON e.id BETWEEN b.low AND b.high AND e.batch = b.id LEFT JOIN fate f ON f.envelope = e.id
		WHERE a.guid = $1 AND b.name = $2 AND e.state = 's' ORDER BY e.id`
	// Of two who ask at the same time the later is right.
	sqlSetRemoteStatus = `INSERT INTO fate (envelope, status, changed, asked) VALUES ($1, $2, $3, $4)
		ON CONFLICT (envelope) DO UPDATE SET status = excluded.status, changed = excluded.changed, asked = excluded.asked
		WHERE fate.asked <= excluded.asked`

	sqlSeeTemplate = `INSERT INTO template (batch, template, fingerprint, seen) VALUES ($1, $2, $3, $4)
		ON CONFLICT (batch, template) DO UPDATE SET fingerprint = excluded.fingerprint, seen = excluded.seen`
	sqlTemplate = `SELECT t.fingerprint, t.seen FROM template t JOIN batch b ON b.id = t.batch JOIN account a ON a.id = b.account
		WHERE a.guid = $1 AND b.name = $2 AND t.template = $3`
	sqlBatchTemplates = `SELECT t.template, t.fingerprint, t.seen FROM template t JOIN batch b ON b.id = t.batch JOIN account a ON a.id = b.account
		WHERE a.guid = $1 AND b.name = $2 ORDER BY t.seen, t.template`
)
