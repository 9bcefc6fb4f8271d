package gateway_test

import (
	"net/http"
	"testing"
)

// TestHosts: with HOSTS, requests for other hosts get 421 on every path but /healthz, and nothing reaches an upstream.
func TestHosts(t *testing.T) {
	t.Parallel()
	up := newRecorder(t, nil)
	g := startGateway(t, public("/c", up.addr), "HOSTS=Example.com, *.apps.example.com,[::1]")
	for host, want := range map[string]int{
		"example.com": 200, "EXAMPLE.COM:8000": 200, "example.com.": 200, "example.com:80": 200, "EXAMPLE.com.:443": 200, "example.com:": 200, "a_b.apps.example.com": 200, "a.b.apps.example.com": 200, "[::1]:8000": 200,
		"apps.example.com": 421, "www.example.com": 421, "example.com.evil.test": 421, "evil.test": 421, "127.0.0.1:8000": 421,
		"localhost": 421, "xexample.com": 421,
	} {
		for _, text := range []string{
			"GET /c HTTP/1.1\r\nHost: " + host + "\r\n\r\n",
			"GET http://" + host + "/c HTTP/1.1\r\nHost: " + host + "\r\n\r\n",
			"GET https://" + host + "/c HTTP/1.0\r\n\r\n",
			"GET /docs HTTP/1.1\r\nHost: " + host + "\r\nX-Forwarded-Host: example.com\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n",
			"GET /openapi.json HTTP/1.1\r\nHost: " + host + "\r\n\r\n",
		} {
			conn := dial(t, g.addr)
			conn.send(text)
			r := conn.must(t, "GET")
			if r.StatusCode != want {
				t.Errorf("%q: got %d, want %d", text, r.StatusCode, want)
			}
			if r.StatusCode == http.StatusMisdirectedRequest {
				if err := r.problem(); err != nil {
					t.Errorf("%q: %v", text, err)
				}
			}
		}
	}
	if body, err := fetch(newClient(t), g.url("/healthz")); err != nil || body != `{"status":"live"}` { // balancers ask by address
		t.Errorf("/healthz by address: got %q, %v", body, err)
	}
	for _, path := range []string{"/users/me", "/token", "/root", "/nothing", "/c/x"} {
		conn := dial(t, g.addr)
		conn.send("POST " + path + " HTTP/1.1\r\nHost: evil.test\r\nContent-Length: 2\r\n\r\n{}")
		if r := conn.must(t, "POST"); r.StatusCode != 421 {
			t.Errorf("%s: got %d, want 421", path, r.StatusCode)
		}
	}
	for _, m := range up.got("") {
		if host := m.values("Host")[0]; host == "evil.test" {
			t.Errorf("the upstream got %q", m.head)
		}
	}
	if _, err := fetch(newClient(t), "http://"+g.private+"/livez"); err != nil {
		t.Errorf("the private listener: %v", err)
	}
}
