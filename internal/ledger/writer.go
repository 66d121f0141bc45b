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
// While it waits for the disk, callers queue up, and the next transaction does what
// all of them want: many share one fsync, and one alone waits for nobody.
type writer struct {
	path  string
	db    *sql.DB
	conn  *sql.Conn
	stmts map[string]*sql.Stmt // prepared on conn

	mu      sync.Mutex
	queue   []*op
	closing bool
	failed  error // the first failed write; nothing is written after it

	wake chan struct{} // holds one token if the queue may not be empty
	gone chan struct{} // closed when run has returned

	commits, ops int // for benchmarks; run's own
}

// op is what one caller wants written.
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
	<-o.done // it is being written: wait, to know whether it was
	return o.err
}

func (w *writer) enqueue(o *op) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.failed != nil:
		return w.failed
	case w.closing:
		return ErrClosed
	}
	w.queue = append(w.queue, o)
	w.signal()
	return nil
}

// signal makes run look at the queue.
func (w *writer) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// withdraw takes o out of the queue. It returns false if o has begun.
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
func (w *writer) take() (ops []*op, closing bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ops, w.queue = w.queue, nil
	return ops, w.closing
}

func (w *writer) run() {
	defer close(w.gone)
	for range w.wake {
		w.gather()
		ops, closing := w.take()
		if len(ops) > 0 {
			w.signal() // more may come meanwhile
			w.reply(w.transact(ops))
			continue
		}
		if closing {
			return
		}
	}
}

// transact does ops, and those that are queued meanwhile, in one transaction. It
// returns all of them. If it fails nothing of them was written.
func (w *writer) transact(ops []*op) ([]*op, error) {
	if w.failed != nil { // without the mutex: only this goroutine sets it
		return ops, w.failed
	}
	if err := w.execute(sqlBegin); err != nil {
		return ops, w.fail(err)
	}
	var all []*op
	for ; len(ops) > 0; ops, _ = w.take() {
		all = append(all, ops...)
		for _, o := range ops {
			crash(o.what, atBegin)
			// An op that is refused has written nothing, so the others can go on.
			o.err = o.do(&txn{w: w, what: o.what})
			if o.err != nil && !refusal(o.err) {
				err := w.fail(o.err)
				w.execute("ROLLBACK") // SQLite may have done it already
				return all, err
			}
			crash(o.what, atWritten)
		}
	}
	if err := w.execute("COMMIT"); err != nil {
		err = w.fail(err)
		w.execute("ROLLBACK")
		return all, err
	}
	w.commits++
	w.ops += len(all)
	return all, nil
}

// reply tells the callers that their ops were written, or that err has undone them.
func (w *writer) reply(ops []*op, err error) {
	for _, o := range ops {
		if err != nil {
			o.err = err
		} else {
			crash(o.what, atCommitted)
		}
		close(o.done)
	}
}

// fail remembers that a write has failed, so that there is no other: nothing may be
// sent that may not be recorded. A database that is locked for too long is no
// failure.
func (w *writer) fail(err error) error {
	err = sqliteError(w.path, err)
	if e, ok := errors.AsType[*Error](err); ok && e.Kind == Busy {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failed = err
	return err
}

// close waits until the queue is empty, and ends run.
func (w *writer) close() error {
	w.mu.Lock()
	w.closing = true
	w.signal()
	w.mu.Unlock()
	<-w.gone
	if w.failed == nil {
		w.execute("PRAGMA wal_checkpoint(passive)") // nothing depends on it: the log is safe as it is
	}
	for _, stmt := range w.stmts {
		stmt.Close()
	}
	return errors.Join(w.conn.Close(), w.db.Close())
}

// execute runs a statement without arguments on the connection.
func (w *writer) execute(statement string) error {
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

// txn is the transaction in which an op writes. It knows no context: a transaction
// that has begun is finished, which takes milliseconds.
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

// row reads the first row of the result into dest and reports whether there is one.
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
