package ledger

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"sync"
)

// writer does all writing of a DB, in one goroutine and on one connection.
//
// While it waits for the disk, callers queue up; the next transaction takes all
// of them, so that many share one fsync and a single one waits for no other.
type writer struct {
	path  string
	db    *sql.DB
	conn  *sql.Conn
	stmts map[string]*sql.Stmt // prepared on conn

	mu     sync.Mutex
	queue  []*op
	end    bool
	broken error // the first failed write; nothing is written after it

	wake chan struct{} // holds one token if the queue may have something
	gone chan struct{} // closed when run has returned

	commits, ops int // for benchmarks; run's own
}

// op is one caller's wish.
type op struct {
	what string
	do   func(*txn) error
	err  error
	done chan struct{}
}

func newWriter(path string, db *sql.DB, conn *sql.Conn) *writer {
	return &writer{
		path: path, db: db, conn: conn, stmts: make(map[string]*sql.Stmt),
		wake: make(chan struct{}, 1), gone: make(chan struct{}),
	}
}

func (w *writer) do(ctx context.Context, what string, do func(*txn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	o := &op{what: what, do: do, done: make(chan struct{})}
	if err := w.enqueue(o); err != nil {
		return err
	}
	select {
	case <-o.done:
		return o.err
	case <-ctx.Done():
	}
	if w.withdraw(o) {
		return ctx.Err()
	}
	<-o.done // it is being written: wait and tell the truth
	return o.err
}

func (w *writer) enqueue(o *op) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.broken != nil:
		return w.broken
	case w.end:
		return ErrClosed
	}
	w.queue = append(w.queue, o)
	w.nudge()
	return nil
}

func (w *writer) nudge() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *writer) withdraw(o *op) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, queued := range w.queue {
		if queued == o {
			w.queue = append(w.queue[:i], w.queue[i+1:]...)
			return true
		}
	}
	return false
}

// gather lets other goroutines run until none of them queues an op any more, so
// that those whose last op was answered a moment ago share the next transaction.
func (w *writer) gather() {
	for before, queued := -1, 0; before != queued; {
		runtime.Gosched()
		w.mu.Lock()
		before, queued = queued, len(w.queue)
		w.mu.Unlock()
	}
}

// take empties the queue.
func (w *writer) take() (ops []*op, end bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ops, w.queue = w.queue, nil
	return ops, w.end
}

func (w *writer) run() {
	defer close(w.gone)
	for range w.wake {
		w.gather()
		ops, end := w.take()
		if len(ops) > 0 {
			w.nudge() // look again for who came meanwhile
			w.answer(w.transact(ops))
			continue
		}
		if end {
			return
		}
	}
}

// transact does ops, and those that arrive while it does, in one transaction.
// It returns all of them with what failed, which undid the transaction.
func (w *writer) transact(ops []*op) ([]*op, error) {
	if w.broken != nil { // only run, which called us, sets it
		return ops, w.broken
	}
	if err := w.say("BEGIN IMMEDIATE"); err != nil {
		return ops, w.fail(err)
	}
	var all []*op
	for ; len(ops) > 0; ops, _ = w.take() {
		all = append(all, ops...)
		for _, o := range ops {
			crash(o.what, atBegin)
			// An op refuses before it writes, so a refusal leaves nothing to undo.
			o.err = o.do(&txn{w: w, what: o.what})
			if o.err != nil && !refusal(o.err) {
				err := w.fail(o.err)
				w.say("ROLLBACK") // it may have happened already
				return all, err
			}
			crash(o.what, atWritten)
		}
	}
	if err := w.say("COMMIT"); err != nil {
		err = w.fail(err)
		w.say("ROLLBACK")
		return all, err
	}
	w.commits++
	w.ops += len(all)
	return all, nil
}

func (w *writer) answer(ops []*op, err error) {
	for _, o := range ops {
		if err != nil {
			o.err = err
		} else {
			crash(o.what, atCommitted)
		}
		close(o.done)
	}
}

// fail notes a failed write, after which there will be no other: what is not
// certain to be recorded must not be sent. Being kept waiting is no failure.
func (w *writer) fail(err error) error {
	err = sqliteError(w.path, err)
	if e, ok := errors.AsType[*Error](err); ok && e.Kind == Busy {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken = err
	return err
}

// close lets the queue run empty and ends run.
func (w *writer) close() error {
	w.mu.Lock()
	w.end = true
	w.nudge()
	w.mu.Unlock()
	<-w.gone
	if w.broken == nil {
		w.say("PRAGMA wal_checkpoint(passive)") // a courtesy: the log is safe as it is
	}
	for _, stmt := range w.stmts {
		stmt.Close()
	}
	return errors.Join(w.conn.Close(), w.db.Close())
}

// say runs a statement without arguments on the connection.
func (w *writer) say(statement string) error {
	stmt, err := w.stmt(statement)
	if err == nil {
		_, err = stmt.ExecContext(context.Background())
	}
	return err
}

func (w *writer) stmt(query string) (*sql.Stmt, error) {
	if stmt, ok := w.stmts[query]; ok {
		return stmt, nil
	}
	stmt, err := w.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	w.stmts[query] = stmt
	return stmt, nil
}

// txn is the transaction an op writes in. No context reaches it: what has begun
// is finished, and takes milliseconds.
type txn struct {
	w    *writer
	what string
}

// exec returns how many rows the statement changed.
func (t *txn) exec(query string, args ...any) (int64, error) {
	crash(t.what, atStatement)
	stmt, err := t.w.stmt(query)
	if err != nil {
		return 0, err
	}
	res, err := stmt.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// row scans the first row of the answer into dest and reports whether there is
// one.
func (t *txn) row(query string, args []any, dest ...any) (bool, error) {
	crash(t.what, atStatement)
	stmt, err := t.w.stmt(query)
	if err != nil {
		return false, err
	}
	err = stmt.QueryRowContext(context.Background(), args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}
