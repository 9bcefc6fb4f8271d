package edge_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"tallygate/gateway/internal/edge"
)

const (
	introduction = "PROXY TCP4 192.0.2.1 127.0.0.1 4711 80\r\n"
	binary       = "\r\n\r\n\x00\r\nQUIT\n"
	get          = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
)

// onlyFirst trusts the address that tests dial from, and none of the other ones of this machine.
func onlyFirst() []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")} }

func TestAProxyIntroducesItsClients(t *testing.T) {
	t.Parallel()
	gw := gateWith(t, edge.Config{Trusted: onlyFirst(), ProxyProtocol: true}, open("/a", replica(t, echo)))
	six := "\x20\x01\x0d\xb8" + strings.Repeat("\x00", 11) + "\x05"
	for header, want := range map[string]string{
		introduction:                             "192.0.2.1",
		"PROXY TCP6 2001:db8::5 ::1 4711 80\r\n": "2001:db8::5",
		"PROXY UNKNOWN\r\n":                      "127.0.0.1",
		binary + "\x21\x11\x00\x0c\xc0\x00\x02\x01\x7f\x00\x00\x01\x12\x34\x00\x50":                      "192.0.2.1",
		binary + "\x21\x21\x00\x28" + six + strings.Repeat("\x00", 16) + "\x12\x34\x00\x50\x04\x00\x01x": "2001:db8::5",
		binary + "\x20\x00\x00\x00": "127.0.0.1", // a check of the proxy itself
	} {
		c, r := dial(t, gw)
		send(t, c, header+get)
		for range 2 { // the connection is kept
			_, body := response(t, r, "GET")
			if want := "X-Forwarded-For: " + want + "\r"; !slices.Contains(strings.Split(body, "\n"), want) {
				t.Errorf("%q: got\n%s\nwithout %s", header, body, want)
			}
			send(t, c, get)
		}
	}
}

// TestWhomTheIntroducedMayNotSpeakFor: fields are believed if the introduced client is a trusted proxy, not because the peer is one.
func TestWhomTheIntroducedMayNotSpeakFor(t *testing.T) {
	t.Parallel()
	gw := gateWith(t, edge.Config{Trusted: onlyFirst(), ProxyProtocol: true}, open("/a", replica(t, echo)))
	for header, want := range map[string]string{introduction: "192.0.2.1", "PROXY UNKNOWN\r\n": "203.0.113.5"} {
		got := arrived(t, gw, header+"GET /a HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.5\r\n\r\n")
		if !slices.Contains(got, "X-Forwarded-For: "+want) {
			t.Errorf("%q: got %q, want %s", header, got, want)
		}
	}
}

func TestOthersAreServedAsTheyAre(t *testing.T) {
	t.Parallel()
	gw := gateWith(t, edge.Config{Trusted: onlyFirst(), ProxyProtocol: true}, open("/a", replica(t, echo)))
	c, r := dialFrom(t, "127.0.0.2", gw)
	send(t, c, get)
	if _, body := response(t, r, "GET"); !strings.Contains(body, "X-Forwarded-For: 127.0.0.2\r\n") {
		t.Errorf("got %s", body)
	}
	for _, header := range []string{introduction, binary + "\x20\x00\x00\x00"} {
		c, r := dialFrom(t, "127.0.0.2", gw)
		send(t, c, header+get)
		if resp, _ := response(t, r, "GET"); resp.StatusCode != 400 {
			t.Errorf("%q of one who may not send it: got %d", header, resp.StatusCode)
		}
	}
	off := gateWith(t, edge.Config{Trusted: onlyFirst()}, open("/a", replica(t, echo)))
	if resp, _ := call(t, off, introduction+get); resp.StatusCode != 400 {
		t.Errorf("without the setting: got %d", resp.StatusCode)
	}
}

func TestAProxyThatIntroducesNobodyIsCutOff(t *testing.T) {
	t.Parallel()
	var log lines
	gw := gateWith(t, edge.Config{
		Trusted: onlyFirst(), ProxyProtocol: true, Log: slog.New(slog.NewTextHandler(&log, nil)),
	}, open("/a", replica(t, echo)))
	for _, text := range []string{get, "PROXY TCP4 x\r\n" + get, binary + "\x31\x11\x00\x00" + get, "PROXY TCP4 192.0.2.1 ", "", "P"} {
		c, r := dial(t, gw)
		send(t, c, text)
		if strings.HasSuffix(text, " ") || len(text) < 2 {
			_ = c.(*net.TCPConn).CloseWrite()
		}
		if more, _ := io.ReadAll(r); len(more) > 0 {
			t.Errorf("%q: got %q", text, more)
		}
	}
	if got := strings.Count(log.String(), "a trusted proxy has sent no valid PROXY header"); got != 1 {
		t.Errorf("got %d lines, want one in ten seconds:\n%s", got, log.String())
	}
	if !strings.Contains(log.String(), "proxy=127.0.0.1") {
		t.Errorf("got %s", log.String())
	}
}

func TestAHeaderThatDoesNotComeIsWaitedForOnlyALittle(t *testing.T) {
	t.Parallel()
	gw := gateWith(t, edge.Config{Trusted: onlyFirst(), ProxyProtocol: true}, open("/a", replica(t, echo)))
	begun := []string{"", introduction[:30]}
	var ins []*bufio.Reader
	for _, text := range begun {
		c, r := dial(t, gw)
		send(t, c, text)
		ins = append(ins, r)
	}
	for i, r := range ins {
		if !closed(r) {
			t.Errorf("after %q: not closed", begun[i])
		}
	}
}

func TestSharesAreThoseOfTheIntroduced(t *testing.T) {
	t.Parallel()
	gw := gateWith(t, edge.Config{Trusted: onlyFirst(), ProxyProtocol: true, ConnectionsPerAddress: 2}, open("/a", replica(t, echo)))
	for _, row := range []struct {
		client string
		want   int
	}{{"192.0.2.1", 200}, {"192.0.2.1", 200}, {"192.0.2.1", 503}, {"192.0.2.2", 200}, {"192.0.2.1", 503}} {
		c, r := dial(t, gw)
		send(t, c, "PROXY TCP4 "+row.client+" 127.0.0.1 1 2\r\n"+get)
		if resp, _ := response(t, r, "GET"); resp.StatusCode != row.want {
			t.Errorf("%s: got %d, want %d", row.client, resp.StatusCode, row.want)
		}
	}
	for range 4 { // what the proxy does for itself has no share
		c, r := dial(t, gw)
		send(t, c, "PROXY UNKNOWN\r\n"+get)
		if resp, _ := response(t, r, "GET"); resp.StatusCode != 200 {
			t.Errorf("the proxy itself: got %d", resp.StatusCode)
		}
	}
}

func TestTheIntroductionComesBeforeTLS(t *testing.T) {
	t.Parallel()
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	secure.Close()
	gw := gateWith(t, edge.Config{
		Trusted: onlyFirst(), ProxyProtocol: true, TLS: &tls.Config{Certificates: secure.TLS.Certificates, MinVersion: tls.VersionTLS12},
	}, open("/a", replica(t, echo)))
	c, _ := dial(t, gw)
	send(t, c, introduction)
	within := tls.Client(c, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12})
	send(t, within, get)
	_, body := response(t, bufio.NewReader(within), "GET")
	for _, want := range []string{"X-Forwarded-For: 192.0.2.1\r\n", "X-Forwarded-Proto: https\r\n"} {
		if !strings.Contains(body, want) {
			t.Errorf("got\n%s\nwithout %s", body, want)
		}
	}
}

func TestARedirectorKnowsTheIntroduced(t *testing.T) {
	t.Parallel()
	var log lines
	r := edge.NewRedirector(edge.RedirectConfig{
		ProxyProtocol: onlyFirst(), Requests: slog.New(slog.NewTextHandler(&log, nil)), Errors: slog.New(slog.NewTextHandler(&log, nil)),
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go r.Serve(l) //nolint:errcheck // ends with the test
	t.Cleanup(func() { _ = r.Shutdown(t.Context()) })
	if resp, _ := call(t, l.Addr().String(), introduction+get); resp.StatusCode != 308 {
		t.Errorf("got %d", resp.StatusCode)
	}
	c, in := dial(t, l.Addr().String())
	send(t, c, get)
	if more, _ := io.ReadAll(in); len(more) > 0 {
		t.Errorf("without a header: got %q", more)
	}
	if got := log.String(); !strings.Contains(got, "client=192.0.2.1\n") || !strings.Contains(got, "no valid PROXY header") {
		t.Errorf("the log has %s", got)
	}
}
