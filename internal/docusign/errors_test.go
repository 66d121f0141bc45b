package docusign

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"batchsend/envelope"
	"batchsend/internal/remote"
)

var (
	create = call{op: "send envelope", method: http.MethodPost}
	lookUp = call{op: "look up envelopes", method: http.MethodPut}
)

func said(code, message string) string {
	return fmt.Sprintf(`{"errorCode":%q,"message":%q}`, code, message)
}

// TestKinds says of every answer what it means for a POST that creates an
// envelope, and for a call that may be repeated.
func TestKinds(t *testing.T) {
	const page = "<!doctype html>\n<title>502 Bad Gateway</title>"
	for _, c := range []struct {
		name       string
		a          answer
		post, safe Kind // 0: no error
	}{
		{"created", answer{status: 201, body: []byte(`{"envelopeId":"e"}`)}, 0, 0},
		{"no content", answer{status: 204}, 0, 0},
		{"created, cut off", answer{status: 201, body: []byte(`{"envelopeId":`), err: io.ErrUnexpectedEOF}, Unknown, Down},
		{"created, half of it", answer{status: 201, body: []byte(`{"envelopeId":`)}, Unknown, Down},
		{"created, empty", answer{status: 201}, Unknown, Down},
		{"created, of another shape", answer{status: 201, body: []byte(`{"envelopeId":{}}`)}, Unknown, Down},
		{"created, a list", answer{status: 201, body: []byte(`[]`)}, Unknown, Down},
		{"a page that says all is well", answer{status: 200, body: []byte(page)}, Unknown, Down},

		{"a bad row", answer{status: 400, body: []byte(said("INVALID_EMAIL_ADDRESS_FOR_RECIPIENT", "The email address for the recipient is invalid."))}, Refused, Refused},
		{"forbidden", answer{status: 403, body: []byte(said("USER_LACKS_PERMISSIONS", ""))}, Refused, Refused},
		{"not found", answer{status: 404, body: []byte(said("ENVELOPE_DOES_NOT_EXIST", ""))}, Refused, Refused},
		{"code as a number", answer{status: 400, body: []byte(`{"errorCode":17,"message":null}`)}, Refused, Refused},
		{"too many recipients, before 2026", answer{status: 429, body: []byte(said("RECIPIENT_LIMIT_EXCEEDED", ""))}, Refused, Refused},
		{"server exception", answer{status: 400, body: []byte(said("UNSPECIFIED_ERROR", "Object reference not set to an instance of an object."))}, Unknown, Down},

		{"bad request without a code", answer{status: 400, body: []byte(page)}, Unknown, Refused},
		{"not found, empty", answer{status: 404}, Unknown, Refused},
		{"redirect", answer{status: 302}, Unknown, Refused},
		{"error broken off", answer{status: 400, body: []byte(`{"errorCode":`), err: io.ErrUnexpectedEOF}, Unknown, Refused},
		{"time-out at the server", answer{status: 408}, Unknown, Down},
		{"server error", answer{status: 500, body: []byte(page)}, Unknown, Down},
		{"server error with a code", answer{status: 500, body: []byte(said("INTERNAL_ERROR", ""))}, Unknown, Down},
		{"bad gateway", answer{status: 502, body: []byte(page)}, Unknown, Down},
		{"unavailable", answer{status: 503}, Unknown, Down},
		{"gateway time-out", answer{status: 504, body: []byte(page)}, Unknown, Down},
		{"a limit's code in a 503", answer{status: 503, body: []byte(said("HOURLY_APIINVOCATION_LIMIT_EXCEEDED", ""))}, Unknown, Down},

		{"hour, 429", answer{status: 429, body: []byte(said("HOURLY_APIINVOCATION_LIMIT_EXCEEDED", ""))}, Limited, Limited},
		{"hour, 400", answer{status: 400, body: []byte(said("HOURLY_APIINVOCATION_LIMIT_EXCEEDED", ""))}, Limited, Limited},
		{"burst, mixed case", answer{status: 400, body: []byte(said("Burst_APIInvocation_Limit_Exceeded", ""))}, Limited, Limited},
		{"polling", answer{status: 400, body: []byte(said("Hourly_Envelope_Polling_Limit_Exceeded", ""))}, Limited, Limited},
		{"throttled", answer{status: 400, body: []byte(said("API_REQUEST_IS_THROTTLED", ""))}, Limited, Limited},
		{"bare 429", answer{status: 429, body: []byte(page)}, Limited, Limited},
		{"429 with a code nobody knows", answer{status: 429, body: []byte(said("TOO_MANY", ""))}, Limited, Limited},

		{"allowance", answer{status: 400, body: []byte(said("ENVELOPE_ALLOWANCE_EXCEEDED", ""))}, Halt, Halt},
		{"allowance, 429", answer{status: 429, body: []byte(said("ENVELOPE_ALLOWANCE_EXCEEDED", ""))}, Halt, Halt},
		{"sending rate", answer{status: 429, body: []byte(said("ENVELOPE_SEND_LIMIT_EXCEEDED", ""))}, Halt, Halt},
		{"suspended", answer{status: 400, body: []byte(said("ACCOUNT_HAS_BEEN_SUSPENDED", ""))}, Halt, Halt},
		{"key", answer{status: 400, body: []byte(said("PARTNER_AUTHENTICATION_FAILED", ""))}, Halt, Halt},
		{"account may not send", answer{status: 400, body: []byte(said("ACCOUNT_LACKS_PERMISSIONS", ""))}, Halt, Refused},
		{"membership", answer{status: 400, body: []byte(said("USER_LACKS_MEMBERSHIP", ""))}, Halt, Halt},
		{"token", answer{status: 401, body: []byte(said("AUTHORIZATION_INVALID_TOKEN", ""))}, Halt, Halt},
		{"token, empty", answer{status: 401}, Halt, Halt},
		{"token, 400", answer{status: 400, body: []byte(said("AUTHORIZATION_INVALID_TOKEN", ""))}, Halt, Halt},
		{"user's token, 400", answer{status: 400, body: []byte(said("USER_AUTHENTICATION_FAILED", ""))}, Halt, Halt},
		{"blocked", answer{status: 444, body: []byte(said("API_REQUEST_IS_FORBIDDEN", ""))}, Halt, Halt},
		{"blocked, empty", answer{status: 444}, Halt, Halt},

		{"no answer", answer{err: syscall.ECONNRESET}, Unknown, Down},
		{"never left", answer{err: syscall.ECONNREFUSED, unsent: true}, Down, Down},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, k := range []struct {
				call call
				want Kind
			}{{create, c.post}, {lookUp, c.safe}} {
				var into struct {
					ID text `json:"envelopeId"`
				}
				e := check(k.call, c.a, &into)
				if e == nil {
					if k.want != 0 {
						t.Errorf("%s: no error, want %s", k.call.op, k.want)
					}
					continue
				}
				if e.Kind != k.want {
					t.Errorf("%s: kind %s, want %s (%v)", k.call.op, e.Kind, k.want, e)
				}
				_, again := e.RetryAfter()
				if again != (k.want == Limited || k.want == Down) || (e.Effect() == remote.EffectUnknown) != (k.want == Unknown) || (e.Effect() == remote.EffectStop) != (k.want == Halt) || e.Effect().Repeatable() != again {
					t.Errorf("%s: retry %t and effect %v do not fit kind %s", k.call.op, again, e.Effect(), k.want)
				}
				if text := e.Error(); strings.Contains(text, "<") || strings.Contains(text, "\n") {
					t.Errorf("%s: the error quotes a page: %s", k.call.op, text)
				}
				if e.Hint() == "" && e.Kind != Refused {
					t.Errorf("%s: no hint for %v", k.call.op, e)
				}
			}
		})
	}
}

func TestErrorText(t *testing.T) {
	e := check(create, answer{
		status: 400, header: http.Header{"X-Docusign-Tracetoken": {"0a1b"}},
		body: []byte(said("ENVELOPE_IS_INCOMPLETE", "The Envelope is not Complete.\r\nA Complete Envelope Requires Documents.")),
	}, nil)
	want := "send envelope: ENVELOPE_IS_INCOMPLETE: The Envelope is not Complete. A Complete Envelope Requires Documents (HTTP 400, trace 0a1b)"
	if e.Error() != want || e.ErrorCode() != "ENVELOPE_IS_INCOMPLETE" {
		t.Errorf("Error() = %q, want %q", e, want)
	}
	long := check(create, answer{status: 400, body: []byte(said("X", strings.Repeat("å", 1000)))}, nil)
	if n := len([]rune(long.Error())); n > 350 {
		t.Errorf("an error of %d characters", n)
	}
}

func TestHintForOneSignAllSign(t *testing.T) {
	for _, code := range []string{"ONESIGNALLSIGN_NOT_SATISFIED", "ONESIGN_ALLSIGN_NOTSATISFIED"} {
		e := check(create, answer{status: 400, body: []byte(said(code, ""))}, nil)
		if !strings.Contains(e.Hint(), "Document Visibility") {
			t.Errorf("hint for %s is %q", code, e.Hint())
		}
	}
}

// TestRetryAfter pins how long each limit lasts, and who is told.
func TestRetryAfter(t *testing.T) {
	// The bubble's clock begins at midnight, so that the hour has just begun.
	const hour, burst = "HOURLY_APIINVOCATION_LIMIT_EXCEEDED", "BURST_APIINVOCATION_LIMIT_EXCEEDED"
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(20 * time.Minute) // 00:20 by our clock, 00:30 by DocuSign's
		theirs := time.Now().Add(10 * time.Minute)
		date := theirs.UTC().Format(http.TimeFormat)
		epoch := func(d time.Duration) string { return fmt.Sprint(theirs.Add(d).Unix()) }
		for _, c := range []struct {
			name   string
			status int
			code   string
			header []string
			after  time.Duration
			window Window
		}{
			{"hour, with reset", 429, hour, []string{"X-RateLimit-Reset", epoch(25 * time.Minute)}, 25 * time.Minute, Hour},
			{"hour, without", 400, hour, nil, 30 * time.Minute, Hour},
			{"hour, reset in the past", 400, hour, []string{"X-RateLimit-Reset", epoch(-time.Minute)}, 30 * time.Minute, Hour},
			{"hour, reset is nonsense", 400, hour, []string{"X-RateLimit-Reset", "soon"}, 30 * time.Minute, Hour},
			{"hour, reset is far away", 400, hour, []string{"X-RateLimit-Reset", epoch(1000 * time.Hour)}, time.Hour, Hour},
			{"hour, Retry-After wins", 429, hour, []string{"X-RateLimit-Reset", epoch(25 * time.Minute), "Retry-After", "90"}, 90 * time.Second, Hour},
			{"hour, Retry-After as a date", 429, hour, []string{"Retry-After", theirs.Add(time.Minute).UTC().Format(http.TimeFormat)}, time.Minute, Hour},
			{"hour, Retry-After of ten years", 429, hour, []string{"Retry-After", "315360000"}, 30 * time.Minute, Hour},
			{"hour, Retry-After in ten years", 429, hour, []string{"Retry-After", theirs.AddDate(10, 0, 0).UTC().Format(http.TimeFormat)}, 30 * time.Minute, Hour},
			{"hour, Retry-After past the reset", 429, hour, []string{"X-RateLimit-Reset", epoch(5 * time.Minute), "Retry-After", "3000"}, 5 * time.Minute, Hour},
			{"burst, Retry-After of ten years", 429, burst, []string{"Retry-After", "315360000"}, 30 * time.Second, Burst},
			{"one envelope, hour, Retry-After of ten years", 429, "Hourly_Envelope_Polling_Limit_Exceeded", []string{"Retry-After", "315360000"}, 30 * time.Minute, ""},
			{"burst", 429, burst, nil, 30 * time.Second, Burst},
			{"burst, Retry-After", 429, burst, []string{"Retry-After", "7"}, 7 * time.Second, Burst},
			{"burst, Retry-After is 0", 429, burst, []string{"Retry-After", "0"}, time.Second, Burst},
			{"throttled", 400, "API_REQUEST_IS_THROTTLED", nil, 30 * time.Second, Burst},
			{"polling, hour", 429, "Hourly_Envelope_Polling_Limit_Exceeded", nil, 30 * time.Minute, ""},
			{"polling, burst", 429, "Burst_Envelope_Polling_Limit_Exceeded", nil, 30 * time.Second, ""},
			{"one envelope, hour", 429, "Hourly_APIInvocation_Envelope_Limit_Exceeded", nil, 30 * time.Minute, ""},
			{"one envelope, burst", 429, "Burst_APIInvocation_Envelope_Limit_Exceeded", nil, 30 * time.Second, ""},
			{"bare 429", 429, "", nil, 30 * time.Second, Burst},
			{"bare 429 in an empty hour", 429, "", []string{"X-RateLimit-Remaining", "0"}, 30 * time.Minute, Hour},
		} {
			var told []string
			client := connected(t, always(c.status, said(c.code, ""), append([]string{"Date", date}, c.header...)...))
			client.OnLimited = func(w Window, after time.Duration) { told = append(told, fmt.Sprint(w, after)) }
			_, err := client.Send(t.Context(), offer(), nil)
			e, ok := errors.AsType[*Error](err)
			if !ok || e.Kind != Limited || e.Window != c.window {
				t.Errorf("%s: Send = %v, want a limit of %s", c.name, err, c.window)
				continue
			}
			if after, again := e.RetryAfter(); after != c.after || !again {
				t.Errorf("%s: RetryAfter = %v, %t; want %v", c.name, after, again, c.after)
			}
			want := []string{fmt.Sprint(c.window, c.after)}
			if c.window == "" {
				want = nil
			}
			if fmt.Sprint(told) != fmt.Sprint(want) {
				t.Errorf("%s: OnLimited was told %v, want %v", c.name, told, want)
			}
		}
	})
}

func TestDownAfter(t *testing.T) {
	e := check(lookUp, answer{status: 503, header: http.Header{"Retry-After": {"40"}}}, nil)
	if after, again := e.RetryAfter(); after != 40*time.Second || !again {
		t.Errorf("RetryAfter = %v, %t; want 40s", after, again)
	}
	e = check(lookUp, answer{status: 503, header: http.Header{"Retry-After": {"315360000"}}}, nil)
	if after, again := e.RetryAfter(); after != time.Hour || !again {
		t.Errorf("RetryAfter = %v, %t; want an hour at most", after, again)
	}
}

func TestReadLimits(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 15, 0, 0, time.UTC)
	for _, c := range []struct {
		name   string
		header map[string]string
		want   Limits
	}{
		{"none", nil, Limits{-1, -1, -1, -1, -1}},
		{"all", map[string]string{
			"x-ratelimit-limit": "3000", "x-ratelimit-remaining": "2999", "x-ratelimit-reset": fmt.Sprint(now.Add(45 * time.Minute).Unix()),
			"x-burstlimit-limit": "500", "x-burstlimit-remaining": "0",
		}, Limits{3000, 2999, 45 * time.Minute, 500, 0}},
		{"by the server's clock", map[string]string{
			"Date":              now.Add(-10 * time.Minute).Format(http.TimeFormat),
			"X-RateLimit-Reset": fmt.Sprint(now.Add(45 * time.Minute).Unix()),
		}, Limits{-1, -1, 55 * time.Minute, -1, -1}},
		{"nonsense", map[string]string{"X-RateLimit-Limit": "-3", "X-RateLimit-Remaining": "many", "X-RateLimit-Reset": "99999999999999999", "X-BurstLimit-Limit": "1e9"}, Limits{-1, -1, -1, -1, -1}},
	} {
		h := make(http.Header)
		for k, v := range c.header {
			h.Set(k, v)
		}
		if got := ReadLimits(h, now); got != c.want {
			t.Errorf("%s: ReadLimits = %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestContextBeforeAndDuring(t *testing.T) {
	t.Run("before", func(t *testing.T) {
		f := always(201, "{}")
		c := connected(t, f)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := c.Send(ctx, offer(), nil)
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Kind != Down || !errors.Is(err, context.Canceled) || f.calls() != 0 {
			t.Errorf("Send = %v after %d calls, want down, cancelled, after none", err, f.calls())
		}
	})
	t.Run("during", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := always(201, "{}")
			ok := f.answer
			f.answer = func(n int, r *http.Request) (*http.Response, error) {
				if strings.HasPrefix(r.URL.Path, "/restapi/") {
					<-r.Context().Done()
					return nil, context.Cause(r.Context())
				}
				return ok(n, r)
			}
			c := connected(t, f)
			for what, call := range map[string]func(context.Context) error{
				"AccountInfo": func(ctx context.Context) error { _, err := c.AccountInfo(ctx); return err },
				"Find": func(ctx context.Context) error {
					_, err := c.Find(ctx, []envelope.TransactionID{tid("t1")})
					return err
				},
			} {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				start := time.Now()
				err := call(ctx)
				if e, ok := errors.AsType[*Error](err); !ok || e.Kind != Down || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
					t.Errorf("%s = %v after %v, want down, with the context's error, after a second", what, err, time.Since(start))
				}
			}
			// What a call that changes something has done must be known.
			for what, call := range map[string]func(context.Context) error{
				"Send":       func(ctx context.Context) error { _, err := c.Send(ctx, offer(), nil); return err },
				"Statuses":   func(ctx context.Context) error { _, err := c.Statuses(ctx, []envelope.ID{eid("e1")}); return err },
				"DeleteList": func(ctx context.Context) error { return c.DeleteList(ctx, "l") },
			} {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				start := time.Now()
				err := call(ctx)
				if e, ok := errors.AsType[*Error](err); !ok || (e.Effect() == remote.EffectUnknown) != (what == "Send") || !strings.Contains(err.Error(), "no answer came in time") || time.Since(start) != answerTimeout {
					t.Errorf("%s = %v after %v, want that no answer came in %v", what, err, time.Since(start), answerTimeout)
				}
			}
		})
	})
}

// TestSlowBody sees that an answer that stops midway does not hold us for ever.
func TestSlowBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := always(201, "{}")
		ok := f.answer
		f.answer = func(n int, r *http.Request) (*http.Response, error) {
			if !strings.HasPrefix(r.URL.Path, "/restapi/") {
				return ok(n, r)
			}
			resp := reply(201, "")
			resp.Body = stuck{r.Context()}
			return resp, nil
		}
		c := connected(t, f)
		start := time.Now()
		_, err := c.Send(t.Context(), offer(), nil)
		e, isError := errors.AsType[*Error](err)
		if !isError || e.Kind != Unknown || errors.Is(err, context.Canceled) || time.Since(start) != bodyTimeout {
			t.Errorf("after %v Send = %v, want unknown after %v", time.Since(start), err, bodyTimeout)
		}
	})
}

type stuck struct{ ctx context.Context }

func (s stuck) Read([]byte) (int, error) {
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}

func (s stuck) Close() error { return nil }

func TestAnswerTooLong(t *testing.T) {
	c := connected(t, always(200, `{"accountName":"`+strings.Repeat("x", maxBody)+`"}`))
	if _, err := c.AccountInfo(t.Context()); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("AccountInfo = %.200v, want an error about the length", err)
	}
}

func FuzzCheck(f *testing.F) {
	f.Add(400, []byte(said("HOURLY_APIINVOCATION_LIMIT_EXCEEDED", "no")), "30", "1790000000")
	f.Add(201, []byte(`{"envelopeId":"e","customFields":{"textCustomFields":[{"name":1,"value":true}]}}`), "", "")
	f.Add(502, []byte("<html>"), "Fri, 21 Nov 2026 10:15:30 GMT", "-1")
	f.Fuzz(func(t *testing.T, status int, body []byte, after, reset string) {
		h := http.Header{"Retry-After": {after}, "X-Ratelimit-Reset": {reset}}
		for _, k := range []call{create, lookUp} {
			var into struct {
				Statuses []wireStatus `json:"envelopeTransactionStatuses"`
				page
				wireTemplate
			}
			e := check(k, answer{status: status, header: h, body: body, err: nil, at: time.Now()}, &into)
			if e == nil {
				into.template()
				continue
			}
			if e.Kind < Refused || e.Kind > Halt || strings.ContainsAny(e.Error(), "\n\r") {
				t.Errorf("%s: kind %d, %q", k.op, e.Kind, e)
			}
			if status/100 == 2 && !k.repeatable() && e.Kind != Unknown {
				t.Errorf("a good status that cannot be read is %s for a POST", e.Kind)
			}
			if d, _ := e.RetryAfter(); d < 0 {
				t.Errorf("wait %v", d)
			}
			e.Hint()
		}
	})
}

// TestMessagesKeepSecrets: DocuSign may repeat what it was sent.
func TestMessagesKeepSecrets(t *testing.T) {
	request := definition(&envelope.Envelope{Recipients: []envelope.Recipient{
		{Name: "Ann", Email: "ann@example.test", AccessCode: `four"teen`}, {Name: "Bo", Email: "bo@example.test", AccessCode: "7"},
	}}, "sent")
	for _, c := range []struct{ said, want string }{
		{`four"teen is too short, 17 is not, 7 is`, "[hidden] is too short, 17 is not, [hidden] is"},
		{`Value "7" of accessCode`, `Value "[hidden]" of accessCode`},
		{`The recipient's accessCode "unknown to us" is wrong`, `The recipient's accessCode [hidden] is wrong`},
		{`{"accessCode":"unknown"}`, `{"accessCode":[hidden]}`},
		{"Invalid token eyJ0eXAiOiJNVCIsImFsZyI6IlJTMjU2In0.eyJhIjoxfQ.c2ln given", "Invalid token [hidden] given"},
		{"\x1b[31mred\u202e\r\nnext", "?[31mred? next"},
	} {
		body, err := json.Marshal(map[string]string{"errorCode": "X", "message": c.said})
		if err != nil {
			t.Fatal(err)
		}
		e := check(call{op: "send envelope", method: http.MethodPost, body: request}, answer{status: 400, body: body}, nil)
		if e.Message != c.want {
			t.Errorf("%q became %q, want %q", c.said, e.Message, c.want)
		}
	}
}
