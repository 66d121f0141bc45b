package sandbox

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// maxBody is the largest request that DocuSign reads.
const maxBody = 35_651_584

const restRoot = "/restapi/v2.1"

// Handler serves OAuth, the REST API and the page on one port.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.serve(w, r, s.strikes(r))
	})
}

// endpoint answers one REST call with a value to be written as JSON or with a
// *refusal. Any other error is a fault of ours, and answered with status 500.
// The value may be a result, which says more.
type endpoint func(*call) (any, error)

// result is an endpoint's answer about which there is more to say.
type result struct {
	body    any
	status  int // 0 = 201 to a POST, else 200
	created int // envelopes made or queued, for Faults.KillAfter
}

// call is one REST call that passed the checks common to all.
type call struct {
	*http.Request
	now  time.Time
	body []byte
}

// query returns a query parameter.
func (c *call) query(name string) string { return c.URL.Query().Get(name) }

// includes tells whether a comma-separated query parameter holds an item.
func (c *call) includes(param, item string) bool {
	for _, part := range commaList(c.query(param)) {
		if strings.EqualFold(part, item) {
			return true
		}
	}
	return false
}

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	handle := func(path string, methods map[string]http.HandlerFunc) {
		// Methods are not part of the pattern, where they would outweigh the
		// more special path.
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			if h := methods[r.Method]; h != nil {
				h(w, r)
				return
			}
			w.WriteHeader(http.StatusMethodNotAllowed)
		})
	}
	rest := func(path string, methods map[string]endpoint) {
		served := make(map[string]http.HandlerFunc)
		for method, e := range methods {
			served[method] = s.rest(e)
		}
		handle(restRoot+"/accounts/{account}"+path, served)
	}

	mux.HandleFunc("/", serveNothing)
	mux.HandleFunc("GET /{$}", s.servePage)
	mux.HandleFunc("GET /sandbox/envelopes.json", s.serveEnvelopes)
	mux.HandleFunc("GET /sandbox/requests.json", s.serveRequests)

	handle("/oauth/auth", map[string]http.HandlerFunc{"GET": s.serveConsent, "POST": s.serveDecision})
	handle("/oauth/token", map[string]http.HandlerFunc{"POST": s.serveToken})
	handle("/oauth/userinfo", map[string]http.HandlerFunc{"GET": s.serveUserInfo})
	handle("/restapi/service_information", map[string]http.HandlerFunc{"GET": s.serveService})
	handle(restRoot, map[string]http.HandlerFunc{"GET": s.serveService})

	handle(restRoot+diagnosticsPath+"/settings", map[string]http.HandlerFunc{"GET": s.ofLog((*requestLog).serveLogging), "PUT": s.ofLog((*requestLog).serveLogging)})
	handle(restRoot+diagnosticsPath+"/request_logs", map[string]http.HandlerFunc{"GET": s.ofLog((*requestLog).serveLoggedCalls), "DELETE": s.ofLog((*requestLog).serveLoggedCalls)})
	handle(restRoot+diagnosticsPath+"/request_logs/{log}", map[string]http.HandlerFunc{"GET": s.ofLog((*requestLog).serveLoggedCall)})
	rest("", map[string]endpoint{"GET": s.getAccount})
	rest("/settings", map[string]endpoint{"GET": s.getSettings})
	rest("/users/{user}", map[string]endpoint{"GET": s.getUser})
	rest("/templates", map[string]endpoint{"GET": s.listTemplates})
	rest("/templates/{template}", map[string]endpoint{"GET": s.getTemplate})
	rest("/templates/{template}/recipients", map[string]endpoint{"GET": s.getTemplateRecipients})
	rest("/templates/{template}/documents", map[string]endpoint{"GET": s.getTemplateDocuments})
	rest("/templates/{template}/documents/{document}/tabs", map[string]endpoint{"GET": s.getTemplateDocumentTabs})
	rest("/templates/{template}/notification", map[string]endpoint{"GET": s.getTemplateNotification})
	rest("/envelopes", map[string]endpoint{"GET": s.listEnvelopes, "POST": s.createEnvelope})
	rest("/envelopes/status", map[string]endpoint{"GET": s.listStatus, "PUT": s.listStatus})
	rest("/envelopes/{envelope}", map[string]endpoint{"GET": s.getEnvelope, "PUT": s.updateEnvelope})
	rest("/envelopes/{envelope}/recipients", map[string]endpoint{"GET": s.getRecipients})
	rest("/envelopes/{envelope}/notification", map[string]endpoint{"GET": s.getNotification})
	rest("/envelopes/{envelope}/custom_fields", map[string]endpoint{
		"GET": s.getCustomFields, "POST": s.addCustomFields, "PUT": s.changeCustomFields,
	})
	rest("/folders/{folder}", map[string]endpoint{"PUT": s.moveEnvelopes})
	for path, methods := range s.bulkRoutes() {
		rest(path, methods)
	}
	return mux
}

// serve answers a request, or fails to in the way the strike says.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, hit strike) {
	if hit.fault == faultRefuse {
		panic(http.ErrAbortHandler) // it never arrived
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		panic(http.ErrAbortHandler) // the client broke off
	}
	a := &answer{header: make(http.Header), hit: hit.fault, body: body}
	s.work(a, r)
	if hit.delay > 0 && !sleep(r.Context(), hit.delay) {
		a.hit = faultGone
	}
	s.deliver(w, r, a)
}

// work fills in the answer.
func (s *Server) work(a *answer, r *http.Request) {
	if err := s.Open(); err != nil {
		http.Error(a, "the sandbox could not start: "+err.Error(), http.StatusInternalServerError)
		return
	}
	_ = s.bulk.advance(s, s.Now()) // an error stops it, and the bulk endpoints say so
	a.header.Set("Date", s.Now().Format(http.TimeFormat))
	if isREST(r) {
		a.header.Set("X-DocuSign-TraceToken", uuid.NewString())
		a.header.Set("X-DocuSign-Node", "SB1FE1")
	}
	switch {
	case a.hit == faultDrop:
	case a.hit == fault500:
		a.html(http.StatusInternalServerError)
	case a.hit == fault503:
		a.html(http.StatusServiceUnavailable)
	case a.hit == faultReplay && s.proxy.replay(r, a):
	default:
		if s.refuses(a, r) {
			return
		}
		in := r.Clone(r.Context()) // path values and the body are ours
		in.Body = io.NopCloser(bytes.NewReader(a.body))
		s.mux.ServeHTTP(a, in)
		if a.hit != faultMixedUp || !s.proxy.replay(r, a) {
			s.proxy.keep(r, a)
		}
	}
	switch a.hit {
	case fault502After:
		a.html(http.StatusBadGateway)
	case faultBadID:
		a.nameNoID()
	}
	if a.created > 0 && s.kills(a.created) {
		a.hit = faultKill
		if s.faults().OnKill != nil {
			s.faults().OnKill()
		}
	}
}

// refuses asks Refuse about a request, and answers it as that wants.
func (s *Server) refuses(a *answer, r *http.Request) bool {
	if s.Refuse == nil || !isDocuSign(r) {
		return false
	}
	status, code, message := s.Refuse(r, a.body, a.header)
	switch {
	case status == 0:
		return false
	case code == "":
		a.html(status)
	case isREST(r):
		writeJSON(a, status, errorBody{code, message})
	default:
		writeJSON(a, status, &oauthError{Code: code, Description: message})
	}
	return true
}

// deliver notes the answer down and sends it, whole, halved or not at all.
func (s *Server) deliver(w http.ResponseWriter, r *http.Request, a *answer) {
	lost := a.hit == faultDrop || a.hit == faultLost || a.hit == faultHang || a.hit == faultKill || a.hit == faultGone
	if isDocuSign(r) {
		s.note(r, a, lost)
	}
	if a.hit == faultHang {
		<-gone(r.Context())
	}
	if lost {
		panic(http.ErrAbortHandler)
	}
	out := a.out.Bytes()
	header := w.Header()
	for name, values := range a.header {
		header[name] = values
	}
	header.Set("Content-Length", strconv.Itoa(len(out)))
	w.WriteHeader(a.code())
	if a.hit == faultTruncate {
		w.Write(out[:len(out)/2])
		if f, ok := w.(http.Flusher); ok {
			f.Flush()
		}
		panic(http.ErrAbortHandler)
	}
	w.Write(out)
}

// rest adds to an endpoint what is common to all: the token, the account, the
// limits, and the form of body and answer. Whoever has no token or no business
// in the account is not counted against its limits.
func (s *Server) rest(e endpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a := w.(*answer)
		now := s.Now()
		if a.hit == faultExpire {
			s.tokens.revoke(bearer(r))
		}
		e := e
		if other := s.otherAccount(r.PathValue("account")); other != nil {
			e = other.serve
		}
		state, err := s.enter(a, r, now)
		state.write(a.header)
		if err != nil {
			a.refuse(err)
			return
		}
		v, failure := e(&call{Request: r, now: now, body: a.body})
		if failure != nil {
			a.refuse(failure)
			return
		}
		out, more := v.(result)
		if !more {
			out.body = v
		}
		if out.status == 0 && r.Method == http.MethodPost {
			out.status = http.StatusCreated
		}
		writeJSON(a, or(out.status, http.StatusOK), out.body)
		a.created = out.created
	}
}

// enter lets a call in, or says why not.
func (s *Server) enter(a *answer, r *http.Request, now time.Time) (allowance, error) {
	if !s.tokens.valid(bearer(r), now) {
		return s.peek(now), &refusal{
			http.StatusUnauthorized, "AUTHORIZATION_INVALID_TOKEN",
			"The access token provided is expired, revoked or malformed.",
		}
	}
	if id := r.PathValue("account"); !strings.EqualFold(id, s.account()) && id != accountNumber && s.otherAccount(id) == nil {
		return s.peek(now), refuse("USER_LACKS_MEMBERSHIP",
			"The UserID does not have a valid membership in this Account.")
	}
	var state allowance
	var limit *refusal
	switch a.hit {
	case faultLimit, faultBurst:
		state, limit = s.strikeLimit(now, a.hit == faultBurst)
	default:
		state, limit = s.admit(now)
	}
	if limit != nil {
		return state, limit
	}
	if len(a.body) > maxBody {
		return state, bare(http.StatusRequestEntityTooLarge)
	}
	if (len(a.body) > 0 || r.Method == http.MethodPost || r.Method == http.MethodPut) && !isJSON(r.Header.Get("Content-Type")) {
		return state, bare(http.StatusUnsupportedMediaType)
	}
	return state, nil
}

func isJSON(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(media), "application/json")
}

// bare is an error that is answered with a status and no body, as gateways do.
type bare int

func (b bare) Error() string { return http.StatusText(int(b)) }

func serveNothing(w http.ResponseWriter, r *http.Request) {
	if !isREST(r) {
		http.NotFound(w, r)
		return
	}
	writeJSON(w, http.StatusNotFound, errorBody{"RESOURCE_NOT_FOUND", "The URL provided does not resolve to a resource."})
}

// sleep waits for d and tells whether ctx let it.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// stopping is the context key for a channel that a stopping listener closes.
type stopping struct{}

// gone returns a channel that is closed when nobody waits for the answer.
func gone(ctx context.Context) <-chan struct{} {
	stop, _ := ctx.Value(stopping{}).(<-chan struct{})
	if stop == nil {
		return ctx.Done()
	}
	either := make(chan struct{})
	go func() {
		defer close(either)
		select {
		case <-stop:
		case <-ctx.Done():
		}
	}()
	return either
}
