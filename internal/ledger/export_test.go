package ledger

// IgnoreLocks makes db ignore the locks of the system, as if there were none.
func (db *DB) IgnoreLocks() { db.ignoreLocks = true }

// Load returns how many operations were written, in how many transactions.
func (db *DB) Load() (ops, commits int) { return db.writer.ops, db.writer.commits }

// Say runs a statement on the writing connection. Nothing else may be writing.
func (db *DB) Say(statement string) error { return db.writer.execute(statement) }

// Die ends the session as a kill would: the lease stays, the system's lock does
// not.
func (s *Session) Die() {
	s.stop()
	<-s.gone
	s.locks.close()
}

// Hang makes the session write no more heartbeats, although it is alive.
func (s *Session) Hang() {
	s.stop()
	<-s.gone
}

// Latest is the version of the tables.
const Latest = latest
