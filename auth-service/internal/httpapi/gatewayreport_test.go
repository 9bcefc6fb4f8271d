package httpapi_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tallygate/kit/internalapi/internalapitest"
)

// gatewaysAnswer is what GET /admin/system says of gateways.
type gatewaysAnswer struct {
	Gateways []struct {
		ID          string
		Name        string
		ReportedAt  time.Time `json:"reported_at"`
		Age         float64   `json:"age_seconds"`
		Seen        bool
		Connections *int64
		LastError   *struct{ Code, Message string } `json:"last_error"`
	}
	Upstreams []struct {
		Gateway, Route string
		Replicas       []struct {
			Address, State string
			Reason         *struct{ Code, Message string }
		}
	}
	Ledger struct {
		Lag *float64 `json:"lag_seconds"`
	}
}

// report puts a gateway's report: the described example with other members.
func (s *service) report(t *testing.T, gateway string, members internalapitest.Members) response {
	t.Helper()
	body := with(internalAPI(t).RequestExample("reportGateway"), members)
	return s.do(call{method: "PUT", path: "/internal/gateways/" + gateway, body: body, token: s.internal})
}

func TestAdministratorsSeeWhatGatewaysReport(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		root := s.root(t)
		system := func() gatewaysAnswer {
			got := s.do(call{path: "/admin/system", token: root.Token})
			if got.status != 200 {
				t.Fatalf("got %d %s", got.status, got.body)
			}
			return read[gatewaysAnswer](t, got)
		}
		if none := system(); len(none.Gateways) != 0 || len(none.Upstreams) != 0 || none.Ledger.Lag != nil {
			t.Errorf("before the first report: got %+v", none)
		}
		for gateway, lag := range map[string]float64{"g1": 0.5, "g2": 7} {
			if got := s.report(t, gateway, internalapitest.Members{"undelivered_seconds": lag, "last_error": nil}); got.status != 204 {
				t.Fatalf("got %d %s", got.status, got.body)
			}
		}
		both := system()
		if len(both.Gateways) != 2 || !both.Gateways[0].Seen || !both.Gateways[1].Seen || both.Gateways[0].LastError != nil || *both.Gateways[0].Connections != 412 {
			t.Errorf("got %+v, want two gateways that are seen", both.Gateways)
		}
		if len(both.Upstreams) != 2 || both.Upstreams[0].Replicas[0].State != "unhealthy" || both.Upstreams[0].Replicas[0].Reason.Code != "check-status" {
			t.Errorf("got %+v, want the upstream of each", both.Upstreams)
		}
		if lag := both.Ledger.Lag; lag == nil || *lag != 7 {
			t.Errorf("the lag is %v, want that of the slower one", lag)
		}
		s.clock.advance(16 * time.Second)
		s.report(t, "g1", internalapitest.Members{"undelivered_seconds": 0, "connections": 3})
		one := system()
		if first, second := one.Gateways[0], one.Gateways[1]; first.ID != "g1" || !first.Seen || *first.Connections != 3 || first.LastError == nil ||
			second.Seen || second.Age != 16 || !second.ReportedAt.Equal(s.clock.Now().Add(-16*time.Second)) {
			t.Errorf("got %+v, want g1 with its new report and g2 not seen", one.Gateways)
		}
		if len(one.Upstreams) != 1 || one.Upstreams[0].Gateway != "g1" || one.Ledger.Lag == nil || *one.Ledger.Lag != 0 {
			t.Errorf("got %+v, want nothing of g2, which is not seen", one)
		}
		s.clock.advance(24*time.Hour - 15*time.Second)
		root = s.signIn(t, "root", "123456")
		if got := system(); len(got.Gateways) != 1 || got.Gateways[0].ID != "g1" {
			t.Errorf("after 24 hours: got %+v, want g1 alone", got.Gateways)
		}
	})
}

func TestReportsThatNoGatewaySendsAreRefused(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	s.root(t)
	long := strings.Repeat("x", 254)
	upstream := func(members internalapitest.Members) internalapitest.Members {
		return internalapitest.Members{"upstreams": []any{members}}
	}
	for name, members := range map[string]internalapitest.Members{
		"no name":             {"name": ""},
		"a long name":         {"name": long},
		"no version":          {"version": ""},
		"no start":            {"started_at": nil},
		"no time":             {"started_at": "yesterday"},
		"a negative number":   {"connections": -1},
		"a number in a text":  {"connections": "1"},
		"a fraction":          {"connections": 1.5},
		"a negative age":      {"feed_age_seconds": -0.1},
		"a negative minute":   {"last_minute": internalapitest.Members{"requests": -1, "rate_limited": 0, "server_errors": 0}},
		"too many names":      {"tls": make([]struct{}, 101)},
		"no route":            upstream(internalapitest.Members{"route": "", "replicas": []any{}}),
		"no address":          upstream(internalapitest.Members{"route": "a", "replicas": []any{internalapitest.Members{"state": "healthy"}}}),
		"a share of 2":        upstream(internalapitest.Members{"route": "a", "replicas": []any{}, "server_error_share": 2}),
		"a negative duration": upstream(internalapitest.Members{"route": "a", "replicas": []any{}, "p50_seconds": -1}),
	} {
		if got := s.report(t, "g1", members); got.status != 422 {
			t.Errorf("%s: got %d %s, want 422", name, got.status, got.body)
		}
	}
	for _, id := range []string{strings.Repeat("g", 65), "a%20b", "a%00"} {
		if got := s.report(t, id, nil); got.status != 422 {
			t.Errorf("the gateway %q: got %d %s, want 422", id, got.status, got.body)
		}
	}
}

// An upstream writes part of a reason, and so does whoever can reach a gateway's host name.
func TestTextsOfReportsAreBounded(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	root := s.root(t)
	reason := internalapitest.Members{"code": "other", "message": "line\x00one\nline two " + strings.Repeat("é", 200)}
	replica := internalapitest.Members{"address": "127.0.0.1:80", "state": "unhealthy", "reason": reason}
	got := s.report(t, "g1", internalapitest.Members{"upstreams": []any{internalapitest.Members{"route": "a", "replicas": []any{replica}}}})
	if got.status != 204 {
		t.Fatalf("got %d %s", got.status, got.body)
	}
	answer := read[gatewaysAnswer](t, s.do(call{path: "/admin/system", token: root.Token}))
	text := answer.Upstreams[0].Replicas[0].Reason.Message
	if want := fmt.Sprint("line one line two ", strings.Repeat("é", 91)); text != want {
		t.Errorf("got %q, want %q", text, want)
	}
}
