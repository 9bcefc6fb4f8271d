package edge_test

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"tallygate/gateway/internal/check"
	"tallygate/gateway/internal/edge"
	"tallygate/gateway/internal/limit"
	"tallygate/gateway/internal/route"
)

func TestAUserWhoCallsTooOftenLearnsWhenToCallAgain(t *testing.T) {
	t.Parallel()
	r := locked("/a", replica(t, echo))
	r.Metered, r.Rate = true, route.Rate{Requests: 1, Per: time.Hour, Burst: 2}
	gw := gate(t, r)
	const text = "GET /a HTTP/1.1\r\nHost: a\r\nAuthorization: good\r\n\r\n"
	for i, want := range []int{200, 200, 429, 429} {
		resp, body := call(t, gw, text)
		if resp.StatusCode != want {
			t.Errorf("call %d: got %d %s, want %d", i+1, resp.StatusCode, body, want)
		}
		if want == 429 && (resp.Header.Get("Retry-After") == "" || resp.Header.Get("RateLimit") == "" || resp.Header.Get("RateLimit-Policy") == "") {
			t.Errorf("call %d: got fields %v", i+1, resp.Header)
		}
	}
}

// says is a quota that returns the same error for every user who has one.
type says struct{ refusal error }

func (s says) Admit(_ context.Context, c *limit.Claim, left *limit.Standings) error {
	if c.PerMonth == check.NoQuota {
		return nil
	}
	s.Look(c, left)
	return s.refusal
}

func (says) Spend(*limit.Claim, int64, *limit.Standings) bool { return true }
func (says) AwaitDelivery(context.Context)                    {}

func (says) Look(c *limit.Claim, left *limit.Standings) {
	if c.PerMonth != check.NoQuota {
		left.Add(limit.Standing{Name: "month", Quota: c.PerMonth, Window: time.Hour, Remaining: c.PerMonth, Reset: time.Minute})
	}
}

func spent() says { return says{&limit.QuotaError{Quota: 1, Wait: time.Minute}} }

func TestAUserWithoutQuotaLeftIsRefused(t *testing.T) {
	t.Parallel()
	r := locked("/a", "127.0.0.1:1")
	r.Metered = true
	gw := gateWith(t, edge.Config{Quotas: spent()}, r)
	if resp, body := call(t, gw, "GET /a HTTP/1.1\r\nHost: a\r\nAuthorization: limited\r\n\r\n"); resp.StatusCode != 429 {
		t.Errorf("got %d %s", resp.StatusCode, body)
	}
}

func TestSlowClientsDoNotStopOthers(t *testing.T) {
	t.Parallel()
	gw := gate(t, open("/a", replica(t, echo)))
	const slow = 1000
	conns := make([]net.Conn, 0, slow)
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	for range slow {
		c, err := net.Dial("tcp", gw)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
		_, _ = io.WriteString(c, "GET /a HTTP/1.1\r\nHost: a\r\nX-Slow: ") // and nothing more
	}
	for range 20 {
		if resp, _ := call(t, gw, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"); resp.StatusCode != 200 {
			t.Errorf("got %d", resp.StatusCode)
		}
	}
}
