package gateway_test

import (
	"slices"
	"strings"
	"testing"
)

// TestStrictTransportSecurity: responses over TLS have the field once, those over plain HTTP never get it from the gateway.
func TestStrictTransportSecurity(t *testing.T) {
	t.Parallel()
	up := newRecorder(t, func(m message) string {
		if strings.HasSuffix(m.target, "/own") {
			return "HTTP/1.1 200 OK\r\nstrict-transport-security: max-age=5\r\nContent-Length: 0\r\n\r\n"
		}
		return okResponse
	})
	cert, key := certify(t, t.TempDir(), 1)
	files := []string{"TLS_CERT_FILE=" + cert, "TLS_KEY_FILE=" + key}
	secure := startGateway(t, public("/c", up.addr), files...)
	chosen := startGateway(t, public("/c", up.addr), append(files, "HSTS=max-age=60; includeSubDomains; preload")...)
	off := startGateway(t, public("/c", up.addr), append(files, "HSTS=off")...)
	plain := startGateway(t, public("/c", up.addr))
	const year = "max-age=31536000"
	for _, row := range []struct {
		conn       *rawConn
		path, want string
	}{
		{dialTLS(t, secure.addr), "/c", year},
		{dialTLS(t, secure.addr), "/c/own", "max-age=5"},
		{dialTLS(t, secure.addr), "/", year},
		{dialTLS(t, secure.addr), "/healthz", year},
		{dialTLS(t, secure.addr), "/nothing", year},
		{dialTLS(t, secure.addr), "/root", year},
		{dialTLS(t, secure.addr), "/c//malformed", year},
		{dialTLS(t, chosen.addr), "/c", "max-age=60; includeSubDomains; preload"},
		{dialTLS(t, off.addr), "/c", ""},
		{dialTLS(t, off.addr), "/", ""},
		{dialTLS(t, off.addr), "/c/own", "max-age=5"},
		{dial(t, plain.addr), "/c", ""},
		{dial(t, plain.addr), "/", ""},
		{dial(t, plain.addr), "/nothing", ""},
	} {
		row.conn.send("GET " + row.path + " HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-Proto: https\r\n\r\n")
		r := row.conn.must(t, "GET")
		var want []string
		if row.want != "" {
			want = []string{row.want}
		}
		if got := r.Header.Values("Strict-Transport-Security"); !slices.Equal(got, want) {
			t.Errorf("%s (%d): got %q, want %q", row.path, r.StatusCode, got, want)
		}
	}
}
