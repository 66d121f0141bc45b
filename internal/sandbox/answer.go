package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
)

// answer collects what a handler writes, so that faults can strike it after the
// work is done and before the client sees it.
type answer struct {
	header  http.Header
	status  int
	out     bytes.Buffer
	hit     fault
	body    []byte // of the request
	created int    // envelopes made or queued
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(p []byte) (int, error) { return a.out.Write(p) }

func (a *answer) code() int { return or(a.status, http.StatusOK) }

// html replaces the answer by a gateway's error page.
func (a *answer) html(status int) {
	a.status = status
	a.header.Set("Content-Type", "text/html; charset=utf-8")
	a.out.Reset()
	text := strconv.Itoa(status) + " " + http.StatusText(status)
	a.out.WriteString("<html>\r\n<head><title>" + text + "</title></head>\r\n<body>\r\n<center><h1>" + text + "</h1></center>\r\n</body>\r\n</html>\r\n")
}

// refuse writes an error answer.
func (a *answer) refuse(err error) {
	if r, ok := errors.AsType[*refusal](err); ok {
		writeJSON(a, r.Status, errorBody{r.Code, r.Message})
		return
	}
	if b, ok := errors.AsType[bare](err); ok {
		a.WriteHeader(int(b))
		return
	}
	writeJSON(a, http.StatusInternalServerError, errorBody{"UNSPECIFIED_ERROR", err.Error()})
}

// errorBody is the OpenAPI's errorDetails.
type errorBody struct {
	Code    string `json:"errorCode"`
	Message string `json:"message"`
}

// writeJSON writes v, which must be encodable.
func writeJSON(w http.ResponseWriter, status int, v any) {
	out, err := json.Marshal(v)
	if err != nil {
		panic(err) // our own types: a mistake of ours
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	w.Write(out)
}
