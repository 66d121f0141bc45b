package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// mishapActions are what goes wrong while the program runs.
var mishapActions = []action{
	{name: "template-meanwhile", during: func(_ *world, a act) mishap {
		return once("somebody edits the template's reminders", a, func(x *wire) {
			x.w.editTemplates(func(e *edition) { e.delay = e.delay%9 + 1 })
		})
	}},
	{name: "template-order-meanwhile", during: func(_ *world, a act) mishap {
		return once("somebody edits the template's routing order", a, func(x *wire) {
			x.w.editTemplates(func(e *edition) { e.orders = [2]int{e.orders[1], e.orders[0]} })
		})
	}},
	{name: "tokens-expire", during: func(_ *world, a act) mishap {
		return once("all tokens expire", a, func(x *wire) { x.w.server.ExpireTokens() })
	}},
	{name: "copy-fails", during: func(_ *world, a act) mishap {
		return once("from now on one copy in three of a bulk list fails", a, func(x *wire) { x.w.copiesFail() })
	}},
	often("delete-drafts-meanwhile", "somebody deletes all drafts before DocuSign gets the call", func(x *wire, _ *http.Request, _ []byte) (*http.Response, error) {
		x.w.deleteDrafts()
		return nil, nil
	}),
	{name: "delete-drafts", before: func(w *world, _ *desk, _ act) {
		if n := w.deleteDrafts(); n > 0 {
			w.tell("somebody deletes %d drafts", n)
		}
	}},
	{name: "void", before: func(w *world, _ *desk, a act) {
		if who := w.voidOne(a.A); who != "" {
			w.tell("somebody voids the envelope of %s", who)
		}
	}},
}

// lossActions are what happens to calls and answers.
var lossActions = []action{
	often("lost-before", "the connection is reset before DocuSign gets the call", func(*wire, *http.Request, []byte) (*http.Response, error) {
		return nil, errReset
	}),
	often("lost-after", "the answer is lost", func(x *wire, req *http.Request, body []byte) (*http.Response, error) {
		x.serve(req, body)
		return nil, errReset
	}),
	often("silence-before", "no answer comes, and DocuSign never got the call", func(_ *wire, req *http.Request, _ []byte) (*http.Response, error) {
		<-req.Context().Done()
		return nil, req.Context().Err()
	}),
	often("silence-after", "no answer comes", func(x *wire, req *http.Request, body []byte) (*http.Response, error) {
		x.serve(req, body)
		<-req.Context().Done()
		return nil, req.Context().Err()
	}),
	often("late", "the connection is reset, and DocuSign acts later", func(x *wire, req *http.Request, body []byte) (*http.Response, error) {
		if !isCreate(req) {
			return nil, errReset
		}
		x.w.later(func() { x.serve(req, body) })
		return nil, errReset
	}),
	often("torn", "the answer's body breaks off", func(x *wire, req *http.Request, body []byte) (*http.Response, error) {
		resp := x.serve(req, body)
		all := bodyOf(resp)
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(all[:len(all)/2]), tornOff{}))
		return resp, nil
	}),
	often("502", "a gateway answers with HTML, and DocuSign never got the call", func(_ *wire, req *http.Request, _ []byte) (*http.Response, error) {
		return made(req, http.StatusBadGateway, "text/html", "<html><body><h1>502 Bad Gateway</h1></body></html>"), nil
	}),
	often("502-after", "a gateway answers with HTML in DocuSign's place", func(x *wire, req *http.Request, body []byte) (*http.Response, error) {
		x.serve(req, body)
		return made(req, http.StatusBadGateway, "text/html", "<html><body><h1>502 Bad Gateway</h1></body></html>"), nil
	}),
	often("503", "DocuSign is down", func(_ *wire, req *http.Request, _ []byte) (*http.Response, error) {
		return made(req, http.StatusServiceUnavailable, "text/html", "<html><body>Service Unavailable</body></html>"), nil
	}),
	often("unspecified", "DocuSign answers UNSPECIFIED_ERROR and does nothing", func(_ *wire, req *http.Request, _ []byte) (*http.Response, error) {
		return unspecified(req), nil
	}),
	often("unspecified-after", "DocuSign answers UNSPECIFIED_ERROR and has done it", func(x *wire, req *http.Request, body []byte) (*http.Response, error) {
		x.serve(req, body)
		return unspecified(req), nil
	}),
	often("refused", "DocuSign refuses an address", func(_ *wire, req *http.Request, _ []byte) (*http.Response, error) {
		if !isCreate(req) {
			return nil, nil
		}
		return made(req, http.StatusBadRequest, "application/json",
			`{"errorCode":"INVALID_EMAIL_ADDRESS_FOR_RECIPIENT","message":"The email address for the recipient is invalid. The recipient Id follows. 1"}`), nil
	}),
	often("replayed", "a proxy answers with what DocuSign said of the envelope before", func(x *wire, req *http.Request, body []byte) (*http.Response, error) {
		x.mu.Lock()
		before := x.created
		x.mu.Unlock()
		if before == nil || !isCreate(req) {
			return nil, nil
		}
		x.serve(req, body)
		return made(req, http.StatusCreated, "application/json", string(before)), nil
	}),
	often("strange-id", "the answer names no envelope ID that is one", func(x *wire, req *http.Request, body []byte) (*http.Response, error) {
		if !isCreate(req) {
			return nil, nil
		}
		x.serve(req, body)
		return made(req, http.StatusCreated, "application/json", `{"envelopeId":"12345","uri":"/envelopes/12345","status":"sent"}`), nil
	}),
	often("retry-after", "DocuSign is down and says to come back in ten years", func(_ *wire, req *http.Request, _ []byte) (*http.Response, error) {
		resp := made(req, http.StatusServiceUnavailable, "text/html", "<html><body>Service Unavailable</body></html>")
		resp.Header.Set("Retry-After", strconv.Itoa(10*365*24*3600))
		return resp, nil
	}),
}

// moments are when something happens that no call brings about.
var moments = []time.Duration{time.Second, 10 * time.Second, time.Minute, 5 * time.Minute, 20 * time.Minute, time.Hour}

// once makes a mishap that happens once: at a call, or at some moment.
func once(what string, a act, happen func(*wire)) mishap {
	m := mishap{happen: happen}
	if a.B%4 == 3 {
		m.moment = moments[a.A%len(moments)] + 7*time.Nanosecond // when nothing else happens
		m.words = fmt.Sprintf("%s after %v", what, moments[a.A%len(moments)])
		return m
	}
	m.call, m.after = 1+a.A%20, a.B%2 == 1
	m.words = fmt.Sprintf("%s at call %d, %s DocuSign gets it", what, m.call, map[bool]string{false: "before", true: "after"}[m.after])
	return m
}

// often makes an action of something that strikes many calls.
func often(name, what string, strike func(*wire, *http.Request, []byte) (*http.Response, error)) action {
	return action{name: name, during: func(_ *world, a act) mishap {
		m := mishap{percent: []int{15, 40, 5, 100}[a.A%4], everywhere: a.B%4 == 3, seed: a.A*60 + a.B, strike: strike}
		where := "sending"
		if m.everywhere {
			where = "all"
		}
		m.words = fmt.Sprintf("%s (%d %% of %s calls)", what, m.percent, where)
		return m
	}}
}

// made is an answer that does not come from the sandbox.
func made(req *http.Request, status int, kind, body string) *http.Response {
	return &http.Response{
		Status: fmt.Sprint(status, " ", http.StatusText(status)), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(bytes.NewReader([]byte(body))), ContentLength: int64(len(body)), Request: req,
	}
}

func unspecified(req *http.Request) *http.Response {
	return made(req, http.StatusInternalServerError, "application/json",
		`{"errorCode":"UNSPECIFIED_ERROR","message":"Object reference not set to an instance of an object."}`)
}

// tornOff is the end of a body that was promised longer.
type tornOff struct{}

func (tornOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// copiesFail has DocuSign make no envelopes of some copies of bulk lists that it
// is given from now on, until the end of the run.
func (w *world) copiesFail() {
	w.doors.Lock()
	defer w.doors.Unlock()
	n := 0
	w.server.FailCopy = func([]string) string {
		if n++; n%3 == 0 {
			return "The mailbox is full."
		}
		return ""
	}
}

// later does something as late as a create may be carried out, and still be
// found before the program takes it for lost.
func (w *world) later(do func()) {
	a := &w.story.Account
	wait := a.settle() - a.Lag - a.settle()/10 - a.Answer
	w.pending.Go(func() {
		time.Sleep(wait)
		do()
	})
}
