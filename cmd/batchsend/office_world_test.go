package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/csv"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"batchsend/internal/apispec"
	"batchsend/internal/sandbox"
)

// world is an office with its desks, DocuSign, and all that has happened. It
// lives in virtual time.
type world struct {
	story  *story
	dir    string
	key    *officeKey
	server *sandbox.Server
	doors  sync.RWMutex // held to read while a call is served, to write while the server is changed

	edition  edition
	editions []edition // all that there were, this one too
	desks    []*desk
	visits   []*visit
	judged   map[string]bool // envelopes of which it was said whether they correct another
	pending  sync.WaitGroup  // what DocuSign is still to get

	others bool // other apps have called
	began  time.Time
	tale   []string

	mu         sync.Mutex
	secrets    []string
	makers     map[string]*visit // by the IDs of the envelopes that they made
	lists      []bulkList
	lastCall   time.Time
	lastLedger *book // that made it
}

// officeKey is a key to sign in with. Making one takes long.
type officeKey struct {
	key  *rsa.PrivateKey
	text []byte
}

var theKey = sync.OnceValue(func() *officeKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return &officeKey{key, pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})}
})

// visit is one run of the program.
type visit struct {
	desk     *desk
	command  *command
	sheet    *sheet      // the file's content
	lines    map[int]int // line → letter
	began    time.Time
	ended    time.Time
	ledger   *book
	code     int
	stdout   string
	stderr   string
	results  [][]string // without the header; nil: it wrote none
	cut      bool       // the power failed: nobody saw how it ended
	stopped  bool       // somebody pressed Ctrl-C
	calm     bool       // nothing went wrong
	calls    []wireCall
	template string
	batch    string
	readings []reading
}

// reading is when a visit read its template, and which edition that was.
type reading struct {
	at      time.Time
	edition edition
}

// readBefore is the visit's last reading of its template before some moment.
func (v *visit) readBefore(t time.Time) (last reading) {
	for _, r := range v.readings {
		if !r.at.After(t) {
			last = r
		}
	}
	return last
}

// bulkList is a list of copies that a visit gave to DocuSign.
type bulkList struct {
	by   *visit
	body string
}

// broken ends a story that cannot go on for a reason of its own.
type broken struct{ err error }

func (w *world) must(err error) {
	if err != nil {
		panic(broken{err})
	}
}

// play plays a story in a directory, within a bubble, and returns what was
// wrong first, if anything was.
func play(dir string, s *story) (found *finding) {
	w := &world{story: s, dir: dir, key: theKey(), began: time.Now(), makers: map[string]*visit{}, judged: map[string]bool{}}
	w.edition = firstEdition()
	w.editions = []edition{w.edition}
	defer func() {
		switch p := recover().(type) {
		case nil:
		case *finding:
			found = p
		default:
			panic(p)
		}
		w.pending.Wait()
		tale := strings.Join(w.tale, "\n")
		if found != nil {
			found.tale = tale
		}
		if os.Getenv(officeTell) != "" {
			fmt.Println(tale)
		}
	}()
	w.open()
	d, err := w.newDesk("anna", newSheet(s, "anna"), "offers.csv")
	w.must(err)
	w.tellStart(d)
	for i := range s.Days {
		w.live(&s.Days[i])
	}
	w.finish()
	return nil
}

// open starts DocuSign.
func (w *world) open() {
	a := &w.story.Account
	w.server = &sandbox.Server{
		Account: sandbox.DefaultAccount, UserID: sandbox.DefaultUserID, IntegrationKey: sandbox.DefaultIntegrationKey,
		Key: &w.key.key.PublicKey, Templates: w.edition.templates(),
		HourlyLimit: a.Hourly, BurstLimit: a.Burst, IndexDelay: a.Lag,
		NoBulk: a.NoBulk, BulkRate: a.BulkRate,
	}
	for line := range strings.Lines(string(w.key.text)) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "-----") {
			w.secret(line)
		}
	}
	j, _ := apispec.FromEnv()
	judgedBy(j)(w.server)
	w.must(w.server.Open())
}

// live lets a day happen.
func (w *world) live(day *day) {
	time.Sleep(day.Pause)
	d := w.desks[day.Desk%len(w.desks)]
	w.tell("")
	if n := w.story.Grows; n > 0 && len(d.visits) > 0 {
		d.sheet.add(n)
		w.tell("%s adds %d rows, as every day", d.who, n)
	}
	for _, a := range day.Acts {
		if before := actionNamed(a.Name).before; before != nil {
			before(w, d, a)
		}
	}
	c := w.sending(d)
	for _, a := range day.Acts {
		if with := actionNamed(a.Name).with; with != nil {
			with(w, c, a)
		}
	}
	var commands []*command
	for _, kind := range c.first {
		commands = append(commands, w.other(c, kind))
	}
	commands = append(commands, c)
	for _, a := range day.Acts {
		if during := actionNamed(a.Name).during; during != nil {
			hit := commands[len(commands)-1-a.A/7%len(commands)]
			hit.mishaps = append(hit.mishaps, during(w, a))
		}
	}
	for _, c := range commands {
		w.visit(d, c)
	}
	w.backUp(d)
}

// finish lets calm days follow until every desk has nothing more to do.
func (w *world) finish() {
	w.tell("\nFrom now on nothing goes wrong.")
	if e := firstEdition(); w.edition.roles != e.roles || w.edition.orders != e.orders || w.edition.tab != e.tab || w.edition.field != e.field {
		w.editTemplates(func(now *edition) { now.roles, now.orders, now.tab, now.field = e.roles, e.orders, e.tab, e.field })
		w.tell("somebody edits the template: roles, their order and labels are what they were")
	}
	for _, d := range w.desks {
		w.tell("")
		if roles := firstEdition().roles; d.sheet.roles != roles {
			d.sheet.roles = roles
			w.tell("%s calls the roles in the file what they are called in the template", d.who)
		}
		w.settle(d)
	}
}

// settle gives a desk's command until it has nothing more to do.
func (w *world) settle(d *desk) {
	var extra []string
	var last *visit
	for range 20 {
		time.Sleep(20 * time.Minute)
		c := w.sending(d)
		c.args = append(c.args, extra...)
		if last != nil && last.says("batchsend reconcile asks DocuSign") {
			w.visit(d, w.other(c, "reconcile"))
		}
		v := w.visit(d, c)
		idle := last != nil && last.code == v.code && last.stdout == v.stdout
		last = v
		switch {
		case v.code == exitDone:
			w.checkEnd(v)
			return
		case v.code == exitCannotRun && strings.Contains(v.stderr, "TEMPLATE_CHANGED") && !c.has("--allow-changed-template"):
			extra = append(extra, "--allow-changed-template")
		case v.code == exitRejected && !c.has("--on-invalid"):
			extra = append(extra, "--on-invalid", "skip")
			if strings.Contains(v.stderr, "TEMPLATE_CHANGED") {
				extra = append(extra, "--allow-changed-template")
			}
		case (v.code == exitRejected || v.code == exitFailed) && idle:
			w.checkEnd(v)
			return
		case v.code == exitStopped && idle:
			w.find("exit", v, "the command ends with exit code 5 again and again, and nothing moves")
		case v.code == exitCannotRun:
			w.find("exit", v, "the command ends with exit code 1 although nothing is wrong")
		}
	}
	w.find("exit", last, "the command is never done")
}

// says reports whether a text stands in what a run printed or in its results.
func (v *visit) says(text string) bool {
	return strings.Contains(v.stdout+v.stderr, text) ||
		slices.ContainsFunc(v.results, func(r []string) bool { return strings.Contains(r[10], text) })
}

// visit has somebody give a command, and perhaps somebody else another one
// before it is done.
func (w *world) visit(d *desk, c *command) *visit {
	w.settleBefore(d)
	v := w.newVisit(d, c)
	var err error
	v.lines, err = d.sheet.write(filepath.Join(d.dir, d.file))
	w.must(err)
	w.tell("%s: %s", d.who, c.typed(d))
	for _, m := range c.mishaps {
		w.tell("    meanwhile: %s", m.words)
	}
	var second *visit
	if c.beside != nil {
		second = w.newVisit(d, c.beside.command(d, c))
		second.lines = v.lines
		w.tell("    meanwhile, after %v: %s: %s", c.beside.after, c.beside.words(), second.command.typed(d))
	}
	w.run(v, second)
	w.tellEnd(v)
	if second != nil && !second.began.IsZero() {
		w.tell("the command beside it:")
		w.tellEnd(second)
		w.check(second)
	}
	w.check(v)
	return v
}

func (w *world) newVisit(d *desk, c *command) *visit {
	v := &visit{
		desk: d, command: c, sheet: d.sheet.clone(), ledger: d.ledger, batch: d.file, template: d.template(),
		calm: len(c.mishaps) == 0 && c.others == 0 && !c.suspended && c.beside == nil && !c.isBeside,
	}
	for i, arg := range c.args {
		switch arg {
		case "--template":
			v.template = c.args[i+1]
		case "--batch":
			v.batch = c.args[i+1]
		}
	}
	return v
}

// run runs the program for a visit, and for a second one beside it if there is
// one and the first lasts that long.
func (w *world) run(v, second *visit) {
	d := v.desk
	ctx, signal := context.WithCancel(context.Background())
	defer signal()
	all, killAll := context.WithCancel(context.Background())
	defer killAll()
	snapshot := d.dir + ".snapshot"
	supply := &supply{failed: func() {
		v.cut = true
		if second != nil {
			second.cut = true
		}
		w.must(copyTree(d.dir, snapshot))
		killAll()
	}}
	context.AfterFunc(all, signal)
	x := &wire{w: w, visit: v, mishaps: v.command.mishaps, seen: map[string]int{}, supply: supply}
	x.signal = func() { v.stopped = true; signal() }
	var timers []*time.Timer
	for _, m := range v.command.mishaps {
		if m.moment > 0 {
			timers = append(timers, time.AfterFunc(m.moment, func() { m.happen(x) }))
		}
	}
	var beside sync.WaitGroup
	if second != nil {
		beside.Add(1)
		timer := time.AfterFunc(v.command.beside.after, func() {
			defer beside.Done()
			if v.command.beside.prepare(w, d) {
				w.process(all, second, &wire{w: w, visit: second, seen: map[string]int{}, supply: supply})
			}
		})
		defer func() {
			if timer.Stop() {
				beside.Done()
			}
			beside.Wait()
			v.command.beside.tidy(w, d)
			w.endRun(v, second, snapshot)
		}()
	} else {
		defer func() { w.endRun(v, nil, snapshot) }()
	}
	w.busy(v.command.others, v.command.suspended)
	endless := time.AfterFunc(3*24*time.Hour, signal)
	w.process(ctx, v, x)
	w.busy(0, false)
	for _, t := range append(timers, endless) {
		t.Stop()
	}
}

// process is one process of the program.
func (w *world) process(ctx context.Context, v *visit, x *wire) {
	w.mu.Lock()
	w.visits = append(w.visits, v)
	v.desk.visits = append(v.desk.visits, v)
	v.began = time.Now()
	w.mu.Unlock()
	var stdout, stderr bytes.Buffer
	p := process{env: w.environment(v.desk), stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, transport: x}
	v.code = p.run(ctx, v.command.arguments(v.desk))
	v.ended = time.Now()
	v.stdout, v.stderr, v.calls = stdout.String(), stderr.String(), x.calls
	if len(x.calls) > 0 {
		w.mu.Lock()
		w.lastLedger = v.ledger
		w.mu.Unlock()
	}
}

// endRun takes what the runs have left behind.
func (w *world) endRun(v, second *visit, snapshot string) {
	for _, e := range w.mailedTo() {
		if w.sender(&e).ledger == v.ledger {
			v.ledger.knows[e.ID] = true
		}
	}
	if v.cut {
		w.must(os.RemoveAll(v.desk.dir))
		w.must(os.Rename(snapshot, v.desk.dir))
		return
	}
	w.must(v.read())
	if second != nil && !second.began.IsZero() {
		w.must(second.read())
	}
}

// read reads the results file, if this run wrote it.
func (v *visit) read() error {
	i := slices.Index(v.command.args, "--results")
	if i < 0 {
		return nil
	}
	path := v.command.args[i+1]
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(rows) == 0 {
		return fmt.Errorf("the results file is no CSV: %v", err)
	}
	v.results = rows[1:]
	// Each visit's are its own: those that are there already are an earlier one's.
	return os.Remove(path)
}

// busy has other apps call, so many times beside ten calls of ours, and
// suspends the account.
func (w *world) busy(others int, suspended bool) {
	w.doors.Lock()
	defer w.doors.Unlock()
	w.server.Suspended = suspended
	w.server.OtherApps, w.server.FailCopy = nil, nil
	if others > 0 {
		w.others = true
		n := 0
		w.server.OtherApps = func(time.Time, int) int {
			n += others
			calls := n / 10
			n %= 10
			return calls
		}
	}
}

// secret notes what must never be shown.
func (w *world) secret(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.secrets = append(w.secrets, text)
}
