package edge_test

import (
	"log/slog"
	"slices"
	"strings"
	"testing"

	"tallygate/gateway/internal/edge"
)

func TestARoutePassesSingleFieldsThatOthersDrop(t *testing.T) {
	t.Parallel()
	addr := replica(t, echo)
	passing, other, account := open("/passing", addr), open("/other", addr), locked("/account", addr)
	passing.PassFields = []string{"X-HTTP-Method-Override", "x-original-url", "X.Custom", "X-Plain", "X-Account"}
	account.IdentityHeader = "X-Account"
	gw := gate(t, passing, other, account)
	const fields = "X-HTTP-Method-Override: PUT\r\nX_HTTP_Method_Override: PUT\r\nx-http-method-override: POST\r\nX-Original-URL: /a\r\nX-Rewrite-URL: /b\r\n" +
		"X.Custom: c\r\nx.custom: d\r\nX!Custom: e\r\nX-Plain: f\r\nX-Account: 1\r\nX-User-Id: 1\r\nX-Original-Filename: a.txt\r\nX-Original-Forwarded-For: ::1\r\n"
	send := func(path, more string) (got []string) {
		for _, line := range arrived(t, gw, "GET "+path+" HTTP/1.1\r\nHost: a\r\n"+fields+more+"\r\n") {
			if strings.HasPrefix(line, "X") && !strings.HasPrefix(line, "X-Forwarded-") && !strings.HasPrefix(line, "X-Request-Id") {
				got = append(got, line)
			}
		}
		return got
	}
	for name, row := range map[string]struct {
		path, more string
		want       []string
	}{
		"a route that passes them": {"/passing", "", []string{
			"X-Http-Method-Override: PUT", "X-Http-Method-Override: POST", "X-Original-Filename: a.txt", "X-Original-Url: /a", "X-Plain: f", "X.custom: c", "X.custom: d",
		}},
		"another route":                        {"/other", "", []string{"X-Original-Filename: a.txt", "X-Plain: f"}},
		"fields that hold for this connection": {"/passing", "Connection: X-HTTP-Method-Override, x.custom, X-Plain, X-Original-Filename\r\n", []string{"X-Original-Url: /a"}},
	} {
		if got := send(row.path, row.more); !slices.Equal(got, row.want) {
			t.Errorf("%s: got %q, want %q", name, got, row.want)
		}
	}
}

func TestADebugLineNamesTheFieldsThatWereDropped(t *testing.T) {
	t.Parallel()
	const text = "GET /a HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine\r\nAuthorization: Bearer good\r\nX-HTTP-Method-Override: hidden\r\nx_user_id: hidden\r\nX-Forwarded-For: 192.0.2.7\r\n" +
		"X.Custom: hidden\r\nContent_Length: 7\r\nKeep-Alive: 5\r\nConnection: X-Mine, keep-alive\r\nX-Mine: hidden\r\nX-Passed: hidden\r\nAccept: */*\r\nUpgrade: h2c\r\n\r\n"
	for level, want := range map[slog.Level]string{
		slog.LevelDebug: `level=DEBUG msg="request fields were dropped" request_id=mine route=r-a fields="[Authorization X-HTTP-Method-Override x_user_id X-Forwarded-For X.Custom Content_Length Keep-Alive X-Mine Upgrade]"`,
		slog.LevelInfo:  "",
	} {
		var log lines
		gw := gateWith(t, edge.Config{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: level}))}, locked("/a", replica(t, echo)))
		arrived(t, gw, text)
		arrived(t, gw, "GET /a HTTP/1.1\r\nHost: a\r\nX-Request-Id: second\r\nAccept: */*\r\nVia: 1.1 b\r\nMax-Forwards: 1\r\nConnection: close\r\n"+
			"Authorization: Bearer good\r\n\r\n")
		got := log.String()
		if want == "" && strings.Contains(got, "dropped") || !strings.Contains(got, want) || strings.Contains(got, "hidden") || strings.Contains(got, "192.0.2.7") {
			t.Errorf("at %v the log has %s, want %s", level, got, want)
		}
		if want != "" && !strings.Contains(got, "request_id=second route=r-a fields=[Authorization]") {
			t.Errorf("the log has %s", got)
		}
	}
}
