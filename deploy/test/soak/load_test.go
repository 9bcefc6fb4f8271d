//go:build soak && linux

package soak_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/contract"
)

// load is what the clients do.
type load struct {
	gateways []string
	ada      []contract.Credentials
	keys     []string
	calls    atomic.Int64
	signIns  atomic.Int64

	mu     sync.Mutex
	wrong  []string
	faults int
}

// newLoad registers the clients' users.
func newLoad(t *testing.T, c *cluster.Cluster) *load {
	t.Helper()
	l := new(load)
	for _, g := range c.Gateways {
		l.gateways = append(l.gateways, g.URL)
	}
	client := contract.NewClient(l.gateways[0])
	for i := range clients {
		who := contract.Credentials{Username: fmt.Sprintf("client-%d", i), Password: "a long passphrase"}
		if got, err := client.Register(who); err != nil || got.Status != http.StatusCreated {
			t.Fatal(got, err)
		}
		key, err := client.NewKey(client.Token(t, who), map[string]any{"name": "soak"})
		if err != nil {
			t.Fatal(err)
		}
		l.ada, l.keys = append(l.ada, who), append(l.keys, key.Secret)
	}
	return l
}

// startEcho is an upstream that sends bodies back.
func startEcho(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// net/http drops the rest of a body once a response has begun. A client may leave.
		if body, err := io.ReadAll(r.Body); err == nil {
			_, _ = w.Write(body)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// run is one client, until ctx ends.
func (l *load) run(ctx context.Context, number int) {
	for round := number; ctx.Err() == nil; round++ {
		base := l.gateways[round%len(l.gateways)]
		client := contract.NewClient(base)
		l.session(client, number)
		l.strangers(client)
		l.leaves(ctx, base)
		client.HTTP.CloseIdleConnections()
	}
}

// session is what a client does between signing in and signing out.
func (l *load) session(client *contract.Client, number int) {
	got, err := client.Post("/token", l.ada[number])
	var grant struct {
		Token   string `json:"token"`
		Refresh string `json:"refresh_token"`
	}
	if !l.expect("POST /token", got, err, http.StatusOK) || json.Unmarshal([]byte(got.Body), &grant) != nil {
		return
	}
	l.signIns.Add(1)
	token := http.Header{"Authorization": {"Bearer " + grant.Token}}
	key := http.Header{"X-Api-Key": {l.keys[number]}}
	body := bytes.Repeat([]byte("soak"), 64<<10)
	for i := range 200 {
		header := token
		if i%4 == 0 {
			header = key
		}
		got, err := client.Do(http.MethodGet, "/root?number=9&n=0.5", header, nil)
		l.expect("GET /root", got, err, http.StatusOK)
	}
	for range 5 {
		got, err := client.Do(http.MethodPost, "/echo/x", token, body)
		if l.expect("POST /echo", got, err, http.StatusOK) && got.Body != string(body) {
			l.fault("POST /echo: the body came back changed")
		}
	}
	for _, path := range []string{"/users/me", "/users/me/usage", "/users/me/sessions", "/users/me/keys"} {
		got, err := client.Do(http.MethodGet, path, token, nil)
		l.expect("GET "+path, got, err, http.StatusOK)
	}
	got, err = client.Post("/token/refresh", map[string]string{"refresh_token": grant.Refresh})
	if l.expect("POST /token/refresh", got, err, http.StatusOK) && json.Unmarshal([]byte(got.Body), &grant) == nil {
		token = http.Header{"Authorization": {"Bearer " + grant.Token}}
	}
	got, err = client.Do(http.MethodPost, "/logout", token, nil)
	l.expect("POST /logout", got, err, http.StatusNoContent)
	got, err = client.Do(http.MethodGet, "/users/me", token, nil)
	l.expect("GET /users/me after signing out", got, err, http.StatusUnauthorized)
}

// strangers are those who send what is refused.
func (l *load) strangers(client *contract.Client) {
	got, err := client.Post("/token", contract.Credentials{Username: "nobody", Password: "wrong"})
	if got.Status != http.StatusTooManyRequests { // after many tries
		l.expect("POST /token of nobody", got, err, http.StatusUnauthorized)
	}
	got, err = client.Do(http.MethodGet, "/root?number=9&n=0.5", http.Header{"Authorization": {"Bearer x.y.z"}}, nil)
	l.expect("GET /root with rubbish", got, err, http.StatusUnauthorized)
	got, err = client.Do(http.MethodGet, "/no/such/path", nil, nil)
	l.expect("GET of nothing", got, err, http.StatusNotFound)
	got, err = client.Do(http.MethodPost, "/token", http.Header{"Content-Type": {"application/json"}}, []byte("{"))
	l.expect("POST /token with half a body", got, err, http.StatusBadRequest)
}

// leaves opens connections whose clients go away: before a request, within its head, within its body.
func (l *load) leaves(ctx context.Context, base string) {
	for _, text := range []string{"", "GET /root HTTP/1.1\r\nHo", "POST /token HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"} {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", strings.TrimPrefix(base, "http://"))
		if err != nil {
			if ctx.Err() == nil {
				l.fault(err.Error())
			}
			return
		}
		_, err = io.WriteString(conn, text)
		if closeErr := conn.Close(); err != nil || closeErr != nil {
			l.fault(fmt.Sprint(err, closeErr))
		}
	}
}

// expect notes a response that is not as it should be.
func (l *load) expect(what string, got contract.Response, err error, status int) bool {
	l.calls.Add(1)
	if err != nil || got.Status != status {
		l.fault(fmt.Sprintf("%s: got %d %.200s (%v), want %d", what, got.Status, got.Body, err, status))
		return false
	}
	return true
}

func (l *load) fault(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.faults++; l.faults <= 10 {
		l.wrong = append(l.wrong, what)
	}
}

// report fails the test if a response was wrong.
func (l *load) report(t *testing.T) {
	t.Helper()
	if l.faults > 0 {
		t.Errorf("%d of %d responses were wrong. The first:\n%s", l.faults, l.calls.Load(), strings.Join(l.wrong, "\n"))
	}
}
