package sandbox_test

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"batchsend/internal/sandbox"
)

func TestHourlyLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(40 * time.Minute) // the bubble's clock starts at midnight
		s := &sandbox.Server{HourlyLimit: 3}
		c := newClient(t, s)
		reset := strconv.FormatInt(time.Now().Add(20*time.Minute).Unix(), 10)
		for left := 2; left >= 0; left-- {
			h := c.do("GET", "", "").header
			if h.Get("X-RateLimit-Limit") != "3" || h.Get("X-RateLimit-Remaining") != strconv.Itoa(left) || h.Get("X-RateLimit-Reset") != reset {
				t.Errorf("headers with %d left: %v", left, h)
			}
			if _, ok := h["X-Burstlimit-Limit"]; ok {
				t.Error("there is no burst limit")
			}
		}
		for range 5 {
			got := c.do("GET", "", "")
			if got.status != 429 || got.code() != "HOURLY_APIINVOCATION_LIMIT_EXCEEDED" ||
				got.str("message") != "The maximum number of hourly API invocations has been exceeded. The hourly limit is 3." {
				t.Fatalf("fourth call: %d %s", got.status, got.body)
			}
		}
		if got := s.Refused(); got != 5 {
			t.Errorf("Refused() = %d, want 5", got)
		}
		time.Sleep(20 * time.Minute)
		if got := c.do("GET", "", ""); got.status != 200 || got.header.Get("X-RateLimit-Remaining") != "2" {
			t.Errorf("in the next hour: %d %v", got.status, got.header)
		}
		s.LimitStatus = 400
		c.do("GET", "", "")
		c.do("GET", "", "")
		if got := c.do("GET", "", ""); got.status != 400 {
			t.Errorf("before 2026: %d", got.status)
		}
	})
}

func TestUncountedCalls(t *testing.T) {
	s := &sandbox.Server{HourlyLimit: 1, BurstLimit: 1}
	c := newClient(t, s)
	good := c.token
	c.do("GET", root+"/oauth/userinfo", "")
	c.token = "bad"
	if got := c.do("GET", "", ""); got.status != 401 || got.header.Get("X-RateLimit-Remaining") != "1" || got.header.Get("X-BurstLimit-Remaining") != "1" {
		t.Errorf("bad token: %d %v", got.status, got.header)
	}
	c.token = ""
	if got := c.do("GET", root+"/restapi/service_information", ""); got.status != 200 {
		t.Errorf("service information without a token: %d", got.status)
	}
	c.token = good
	if got := c.do("GET", root+"/restapi/v2.1/accounts/99999999-0000-4000-8000-000000000000", ""); got.code() != "USER_LACKS_MEMBERSHIP" || got.status != 400 {
		t.Errorf("other account: %d %s", got.status, got.body)
	}
	if got := c.do("GET", "/templates/none", ""); got.status != 400 {
		t.Errorf("the one counted call: %d %s", got.status, got.body)
	}
	if got := c.do("GET", "", ""); got.status != 429 {
		t.Errorf("a failed call must count: %d", got.status)
	}
}

func TestBurstKinds(t *testing.T) {
	// Two calls are allowed in 30 s. They are made at these seconds.
	seconds := []int{20, 25, 26, 31, 32, 51, 56, 62}
	tests := []struct {
		kind sandbox.BurstKind
		want string // + taken, - refused
	}{
		{sandbox.BurstAligned, "++-++--+"},
		{sandbox.BurstFromFirst, "++---++-"},
		{sandbox.BurstSliding, "++---++-"},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			s := &sandbox.Server{BurstLimit: 2, Bursts: tt.kind}
			c := newClient(t, s)
			got, at := "", 0
			for _, second := range seconds {
				time.Sleep(time.Duration(second-at) * time.Second)
				at = second
				a := c.do("GET", "", "")
				switch {
				case a.status == 200:
					got += "+"
				case a.code() == "BURST_APIINVOCATION_LIMIT_EXCEEDED":
					got += "-"
				}
			}
			if got != tt.want {
				t.Errorf("kind %d: got %s, want %s", tt.kind, got, tt.want)
			}
		})
	}
}

func TestOtherApps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		s := &sandbox.Server{HourlyLimit: 10, OtherApps: func(now time.Time, used int) int {
			if !now.Equal(time.Now().UTC()) || used != 2*calls {
				t.Errorf("OtherApps(%v, %d) in call %d", now, used, calls)
			}
			return 1 // half of the account's calls
		}}
		c := newClient(t, s)
		for c.do("GET", "", "").status == 200 {
			calls++
		}
		if calls != 5 {
			t.Errorf("%d calls of ours were taken, want 5", calls)
		}
	})
}

// Whatever the calls, no window holds more than its limit, and a refused call
// takes nothing away from later ones.
func TestLimitLaws(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		limit := rapid.IntRange(1, 5).Draw(rt, "limit")
		kind := rapid.SampledFrom([]sandbox.BurstKind{sandbox.BurstAligned, sandbox.BurstFromFirst, sandbox.BurstSliding}).Draw(rt, "kind")
		gaps := rapid.SliceOfN(rapid.IntRange(0, 20), 1, 40).Draw(rt, "gaps")
		synctest.Test(t, func(t *testing.T) {
			s := &sandbox.Server{BurstLimit: limit, Bursts: kind}
			c := newClient(t, s)
			start := time.Now()
			var taken []time.Duration
			for _, gap := range gaps {
				time.Sleep(time.Duration(gap) * time.Second)
				a := c.do("GET", "", "")
				at := time.Since(start)
				inWindow := 0
				for _, earlier := range taken {
					switch kind {
					case sandbox.BurstAligned:
						if earlier.Truncate(30*time.Second) == at.Truncate(30*time.Second) {
							inWindow++
						}
					case sandbox.BurstSliding:
						if at-earlier < 30*time.Second {
							inWindow++
						}
					}
				}
				if kind != sandbox.BurstFromFirst && (a.status == 200) != (inWindow < limit) {
					rt.Fatalf("at %v with %d of %d used: %d", at, inWindow, limit, a.status)
				}
				if a.status == 200 {
					taken = append(taken, at)
				}
			}
			if len(taken)+s.Refused() != len(gaps) {
				rt.Fatalf("%d taken, %d refused, %d made", len(taken), s.Refused(), len(gaps))
			}
		})
	})
}

func TestHeadersOnEveryRESTAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sandbox.Server{HourlyLimit: 100, BurstLimit: 50}
		s.Advance(time.Hour)
		c := newClient(t, s)
		for _, target := range []string{"", "/templates", "/nothing", "/envelopes"} {
			h := c.do("GET", target, "").header
			if target != "/nothing" && (h.Get("X-RateLimit-Limit") != "100" || h.Get("X-BurstLimit-Limit") != "50") {
				t.Errorf("%s: %v", target, h)
			}
			if len(h.Get("X-DocuSign-TraceToken")) != 36 {
				t.Errorf("%s: no trace token in %v", target, h)
			}
			if got, err := time.Parse(time.RFC1123, h.Get("Date")); err != nil || !got.Equal(s.Now().Truncate(time.Second)) {
				t.Errorf("%s: Date %v, want the Server's clock", target, h.Get("Date"))
			}
		}
	})
}
