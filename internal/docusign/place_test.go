package docusign

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"batchsend/internal/remote"
	"batchsend/internal/sandbox"
)

// diary is a pacer that notes in which order things happen.
type diary struct {
	wait    time.Duration // for a place
	entries []string
}

func (d *diary) note(entry string) { d.entries = append(d.entries, entry) }

func (d *diary) Place(ctx context.Context) (Place, error) {
	select {
	case <-time.After(d.wait):
		d.note("place")
		return d, nil
	case <-ctx.Done():
		d.note("gave up")
		return nil, context.Cause(ctx)
	}
}

func (d *diary) Answered(l Limits) { d.note(fmt.Sprint("answered ", l.HourLeft)) }
func (d *diary) Lost()             { d.note("lost") }
func (d *diary) Unused()           { d.note("unused") }

// paced returns a client that has signed in, and from then on notes down what it
// does and is answered by answer.
func paced(t *testing.T, answer func(n int, r *http.Request) (*http.Response, error)) (*Client, *diary) {
	d := new(diary)
	f := &fake{answer: func(int, *http.Request) (*http.Response, error) { return nil, nil }}
	c := connected(t, f)
	c.Pacer = d
	f.answer = func(n int, r *http.Request) (*http.Response, error) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/restapi/"):
			d.note("left with " + r.Header.Get("Authorization"))
		case r.URL.Path == "/oauth/token":
			d.note("token")
		}
		return answer(n, r)
	}
	return c, d
}

// TestOrder: a call takes its place, then its token, asks whether it may leave,
// and leaves at once.
func TestOrder(t *testing.T) {
	stop := errors.New("the batch is another run's now")
	created := guids(`{"envelopeId":"e1"}`)
	for _, c := range []struct {
		name   string
		answer func(n int, r *http.Request) (*http.Response, error) // REST; nil, nil: created
		may    error
		kind   Kind
		want   string
	}{
		{name: "sent", want: "place, token, may it leave, left with Bearer t, answered 7"},
		{name: "it may not leave", may: stop, want: "place, token, may it leave, unused"},
		{
			name:   "no answer",
			answer: func(int, *http.Request) (*http.Response, error) { return nil, syscall.ECONNRESET },
			kind:   Unknown, want: "place, token, may it leave, left with Bearer t, lost",
		},
		{
			name: "no connection", kind: Down, want: "place, token, may it leave, left with Bearer t, unused",
			answer: func(_ int, r *http.Request) (*http.Response, error) {
				return (&sandbox.Server{Faults: sandbox.Faults{Refuse: 1}}).Transport().RoundTrip(r)
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, d := paced(t, func(n int, r *http.Request) (*http.Response, error) {
					if !strings.HasPrefix(r.URL.Path, "/restapi/") {
						return nil, nil
					}
					if c.answer != nil {
						return c.answer(n, r)
					}
					return reply(201, created, "X-RateLimit-Remaining", "7"), nil
				})
				d.wait = 2 * time.Hour // longer than a token lives
				_, err := client.Send(t.Context(), offer(), func(context.Context) error {
					d.note("may it leave")
					return c.may
				})
				if got := strings.Join(d.entries, ", "); got != c.want {
					t.Errorf("%s; want %s", got, c.want)
				}
				if c.may != nil && err != c.may || c.kind != 0 && kindOf(t, err) != c.kind || c.may == nil && c.kind == 0 && err != nil {
					t.Errorf("Send = %v", err)
				}
			})
		})
	}
}

// TestTokenRefused asks once more whether a call may leave that leaves once more.
func TestTokenRefused(t *testing.T) {
	stop := errors.New("the lease is lost")
	for _, lost := range []bool{false, true} {
		client, d := paced(t, func(n int, r *http.Request) (*http.Response, error) {
			switch {
			case r.URL.Path == "/oauth/token":
				return reply(200, `{"access_token":"second"}`), nil
			case n == 0:
				return reply(401, said("AUTHORIZATION_INVALID_TOKEN", "")), nil
			}
			return reply(201, guids(`{"envelopeId":"e1"}`)), nil
		})
		asked := 0
		_, err := client.Send(t.Context(), offer(), func(context.Context) error {
			if asked++; lost && asked == 2 {
				return stop
			}
			return nil
		})
		want := []string{"place", "left with Bearer t", "answered -1", "place", "token", "left with Bearer second", "answered -1"}
		if lost {
			want = append(want[:5], "unused")
		}
		if !slices.Equal(d.entries, want) || asked != 2 || lost != (err == stop) || !lost && err != nil {
			t.Errorf("Send = %v, asked %d times, %q; want %q", err, asked, d.entries, want)
		}
	}
}

// TestNoTokenNoPlace gives the place back of a call for which there is no token,
// and does not ask whether it may leave.
func TestNoTokenNoPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, d := paced(t, func(_ int, r *http.Request) (*http.Response, error) { return reply(503, ""), nil })
		time.Sleep(2 * time.Hour)
		_, err := client.Send(t.Context(), offer(), func(context.Context) error {
			t.Error("it is asked whether the call may leave")
			return nil
		})
		if e, ok := errors.AsType[*Error](err); !ok || e.Kind != Down || e.Effect() != remote.EffectNotSent {
			t.Errorf("Send = %v, want down, unsent", err)
		}
		if want := []string{"place", "token", "unused"}; !slices.Equal(d.entries, want) {
			t.Errorf("%q, want %q", d.entries, want)
		}
	})
}

// TestGivenUp: a call that waits for its place ends with its context; one that
// has left does not.
func TestGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := errors.New("Ctrl-C")
		client, d := paced(t, func(_ int, r *http.Request) (*http.Response, error) {
			if !strings.HasPrefix(r.URL.Path, "/restapi/") {
				return nil, nil
			}
			select {
			case <-r.Context().Done():
				t.Error("a call that has left was given up")
			case <-time.After(time.Minute):
			}
			return reply(201, guids(`{"envelopeId":"e1"}`)), nil
		})
		d.wait = time.Minute
		for _, c := range []struct {
			after time.Duration
			want  []string
		}{
			{0, nil}, // it does not even ask for a place
			{30 * time.Second, []string{"gave up"}},
			{90 * time.Second, []string{"place", "left with Bearer t", "answered -1"}},
		} {
			d.entries = nil
			ctx, cancel := context.WithCancelCause(t.Context())
			if c.after == 0 {
				cancel(stop)
			}
			time.AfterFunc(c.after, func() { cancel(stop) })
			id, err := client.Send(ctx, offer(), nil)
			if c.after > d.wait {
				if err != nil || id != eid("e1") {
					t.Errorf("after %v: Send = %s, %v", c.after, id, err)
				}
			} else if e, ok := errors.AsType[*Error](err); !ok || e.Kind != Down || e.Effect() != remote.EffectNotSent || !errors.Is(err, stop) || !errors.Is(err, context.Canceled) {
				t.Errorf("after %v: Send = %v, want down, unsent, with the cause", c.after, err)
			}
			if !slices.Equal(d.entries, c.want) {
				t.Errorf("after %v: %q, want %q", c.after, d.entries, c.want)
			}
		}
	})
}
