// Package apispec holds HTTP messages against DocuSign's official OpenAPI
// description. It is for tests only: it wraps our client and our sandbox, so
// that two readings of one specification, both ours, are checked by a third one
// that is not.
//
// It decides whether a message is one that the description allows: path,
// method, query parameters, status, and every property and type of a body at
// every depth. It is stricter than DocuSign, which ignores unknown properties
// and takes numbers for strings: a misspelt property does no harm there until
// somebody misses what it said. It leaves to others whether values make sense.
//
// Where the description is wrong or behind the times, exceptions.go says so,
// with sources. All methods are safe for concurrent use, start no goroutines,
// and may be called within testing/synctest bubbles.
package apispec

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
)

// What FromEnv and Flush read from the environment. Both should be absolute:
// tests run in the directory of their package, and scripts in one of their own.
const (
	EnvDescription = "BATCHSEND_OPENAPI"       // path of the Swagger 2.0 file in JSON
	EnvTally       = "BATCHSEND_OPENAPI_TALLY" // path of the file that Flush appends to
)

// A Judge compares messages with one description and counts them. A nil Judge
// judges nothing, counts nothing and wraps nothing.
type Judge struct {
	law         *law
	counts      *counts
	answersOnly bool
}

// law is a description that is read when it is first needed: the many short
// processes of a test script that never reach the API should not pay for it.
type law struct {
	path string
	once sync.Once
	desc *description
	err  error
}

func (l *law) read() (*description, error) {
	l.once.Do(func() { l.desc, l.err = readDescription(l.path) })
	return l.desc, l.err
}

// Load reads the description in the file path, Swagger 2.0 in JSON.
func Load(path string) (*Judge, error) {
	l := &law{path: path}
	if _, err := l.read(); err != nil {
		return nil, err
	}
	return &Judge{law: l, counts: new(counts)}, nil
}

// FromEnv returns the one Judge of this process, for the description that
// BATCHSEND_OPENAPI names. If the variable is empty there is none, ok is false,
// and standard error is told so once. If the file cannot be used, every message
// is at fault: a mistyped path must not pass for a clean run.
func FromEnv() (j *Judge, ok bool) {
	j = fromEnv()
	return j, j != nil
}

var fromEnv = sync.OnceValue(func() *Judge {
	path := os.Getenv(EnvDescription)
	if path == "" {
		fmt.Fprintf(os.Stderr, "apispec: NOTHING IS HELD AGAINST DOCUSIGN'S OPENAPI DESCRIPTION: %s is not set\n"+
			"hint: set it to the absolute path of esignature.rest.swagger-v2.1.json\n", EnvDescription)
		return nil
	}
	return &Judge{law: &law{path: path}, counts: new(counts)}
})

// Answers returns a Judge that looks only at answers and shares j's counts. It
// is for tests in which the requests are wrong on purpose or not ours, such as
// those of the official SDK, which sends explicit nulls.
func (j *Judge) Answers() *Judge {
	if j == nil {
		return nil
	}
	return &Judge{law: j.law, counts: j.counts, answersOnly: true}
}

// Fault is one thing wrong with one message. It never holds a value from the
// message, only names and types.
type Fault struct {
	Method  string
	Path    string // as the description writes it; as it was sent if it is not described
	Message string // "request" or "answer 201"
	Pointer string // JSON pointer into the body; "" = the whole message
	Problem string // such as `number, want string`
}

func (f Fault) Error() string {
	where := f.Method + " " + f.Path + ": " + f.Message + ": "
	if f.Pointer != "" {
		where += f.Pointer + ": "
	}
	return where + f.Problem
}

// Unjudged tells whether the description is silent about a path by design:
// OAuth is described elsewhere, the rest is the sandbox's own. Everything else
// should be part of the REST API.
func Unjudged(path string) bool {
	return path == "" || path == "/" || path == "/favicon.ico" ||
		path == "/oauth" || strings.HasPrefix(path, "/oauth/") ||
		path == "/sandbox" || strings.HasPrefix(path, "/sandbox/")
}

// Exchange judges a request and its answer and returns what is wrong with them,
// at most 20 faults for each of the two. A status of 0 means that no answer
// came. Nothing is said about paths that are [Unjudged].
//
// A request must name a path, a method and query parameters that are described,
// each parameter once. Where a body is described, POST and PUT must have one
// ("{}" at least: DocuSign refuses an empty one), it must be JSON, and it must
// not hold nulls. Where none is described, "{}" is allowed, as SDKs send it.
//
// An answer must have a described status and, where one is described, a JSON
// body; nulls are allowed in it. Error answers of any status from 400 are held
// against the described error, and those with an HTML or empty body, which
// gateways send, are skipped.
func (j *Judge) Exchange(method string, u *url.URL, reqHeader http.Header, reqBody []byte,
	status int, respHeader http.Header, respBody []byte,
) []Fault {
	return j.exchange(method, u, message{header: reqHeader, body: reqBody},
		status, message{header: respHeader, body: respBody})
}

// message is a request or an answer; cut tells that its end got lost.
type message struct {
	header http.Header
	body   []byte
	cut    bool
}

func (j *Judge) exchange(method string, u *url.URL, request message, status int, answer message) []Fault {
	if j == nil || Unjudged(u.Path) {
		return nil
	}
	var n Totals
	faults := j.faults(&n, method, u, request, status, answer)
	n.Faults = len(faults)
	j.counts.add(n, faults)
	return faults
}

func (j *Judge) faults(n *Totals, method string, u *url.URL, request message, status int, answer message) []Fault {
	base := Fault{Method: method, Path: u.Path, Message: "request"}
	desc, err := j.law.read()
	if err != nil {
		base.Problem = "cannot be judged: " + err.Error()
		return []Fault{base}
	}
	var faults []Fault
	say := func(message, pointer, problem string) {
		f := base
		f.Message, f.Pointer, f.Problem = message, pointer, problem
		faults = append(faults, f)
	}

	var op *operation
	path := desc.find(u.EscapedPath())
	if path != nil {
		base.Path = path.template
		op = path.operations[method]
	}
	switch {
	case j.answersOnly:
	case request.cut:
		n.Skipped++
	default:
		n.Requests++
		switch {
		case path == nil && !strings.HasPrefix(u.Path, desc.basePath+"/"):
			say("request", "", fmt.Sprintf("path is not below %s", desc.basePath))
		case path == nil:
			say("request", "", "path is not described")
		case op == nil:
			say("request", "", "method is not described; "+strings.Join(path.methods(), ", ")+" would be")
		default:
			op.judgeQuery(u.RawQuery, func(problem string) { say("request", "", problem) })
			if !op.judgeRequest(method, request, func(p, problem string) { say("request", p, problem) }) {
				n.Requests--
				n.Skipped++
			}
		}
	}
	if status == 0 {
		return faults
	}
	name := fmt.Sprintf("answer %d", status)
	if answer.cut || !desc.judgeAnswer(op, status, answer, func(p, problem string) { say(name, p, problem) }) {
		n.Skipped++
		return faults
	}
	n.Answers++
	return faults
}

func (op *operation) judgeQuery(raw string, say func(problem string)) {
	query, err := url.ParseQuery(raw)
	if err != nil {
		say("query is malformed")
	}
	names := make([]string, 0, len(query))
	for name := range query {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		switch many, known := op.query[name]; {
		case !known:
			say(fmt.Sprintf("unknown query parameter %q", name))
		case len(query[name]) > 1 && !many:
			say(fmt.Sprintf("query parameter %q is given %d times", name, len(query[name])))
		}
	}
	for _, name := range op.needQuery {
		if !query.Has(name) {
			say(fmt.Sprintf("query parameter %q is missing", name))
		}
	}
}

// judgeRequest reports whether it could read the request at all.
func (op *operation) judgeRequest(method string, m message, say func(pointer, problem string)) bool {
	body, readable := m.plain()
	switch {
	case !readable:
		return false
	case op.body == nil:
		if s := strings.TrimSpace(string(body)); s != "" && s != "{}" {
			say("", "has a body, and none is described")
		}
	case len(body) == 0:
		if method == http.MethodPost || method == http.MethodPut || op.needBody {
			say("", "has no body, where "+op.body.String()+" is described")
		}
	case !m.is("application/json"):
		say("", m.typeProblem())
	default:
		check(op.body, body, false, say)
	}
	return true
}

// judgeAnswer reports whether it could read the answer at all. op is nil when
// the request asked for something that is not described.
func (d *description) judgeAnswer(op *operation, status int, m message, say func(pointer, problem string)) bool {
	body, readable := m.plain()
	if !readable {
		return false
	}
	want := d.failure
	if op != nil {
		answer, known := op.answers[status]
		switch {
		case known:
			want = answer
		case status < 400:
			say("", "status is not described; "+op.statuses()+" would be")
			return true
		case op.failure != nil:
			want = op.failure
		}
	} else if status < 400 {
		return false // the request's fault, and said there
	}
	switch {
	case status >= 400 && (len(body) == 0 || m.is("text/html")):
		return false
	case want == nil: // described without a body to judge, such as a file
	case len(body) == 0:
		say("", "has no body, where "+want.String()+" is described")
	case !m.is("application/json"):
		say("", m.typeProblem())
	default:
		check(want, body, true, say)
	}
	return true
}
