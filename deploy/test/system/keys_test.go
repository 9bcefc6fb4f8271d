package system_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/contract"
	"tallygate/kit/token"
)

const badToken = `{"message":"Token is not valid"}`

// keyed is a cluster in front of an upstream that remembers every byte that it gets, and a user with API keys.
type keyed struct {
	*cluster.Cluster

	clients  []*contract.Client // of the gateways
	upstream *recorder
	who      contract.Credentials
	userID   int64
	token    string
}

func startKeyed(t *testing.T, cfg cluster.Config) *keyed {
	t.Helper()
	k := &keyed{upstream: record(t), who: contract.Credentials{Username: "ada", Password: "correct horse"}}
	cfg.Auth = append(cfg.Auth, cluster.CheapPasswords()...)
	cfg.Routes = func(string) string {
		return fmt.Sprintf("routes:\n"+
			"  - {name: echo, path: /echo, upstream: %[1]q, forward_token: true}\n"+
			"  - {name: blind, path: /blind, upstream: %[1]q}\n", k.upstream.url)
	}
	k.Cluster = cluster.Start(t, cfg)
	for _, p := range k.Gateways {
		k.clients = append(k.clients, contract.NewClient(p.URL))
	}
	got, err := k.clients[0].Register(k.who)
	if err != nil || got.Status != http.StatusCreated {
		t.Fatalf("register: got %d %s (%v)", got.Status, got.Body, err)
	}
	var body struct {
		UserID int64 `json:"user_id"`
	}
	if err := json.Unmarshal([]byte(got.Body), &body); err != nil {
		t.Fatal(err)
	}
	k.userID, k.token = body.UserID, k.clients[0].Token(t, k.who)
	return k
}

// newKey makes a key with these members beside its name.
func (k *keyed) newKey(t *testing.T, members map[string]any) contract.Key {
	t.Helper()
	all := map[string]any{"name": "a script"}
	maps.Copy(all, members)
	key, err := k.clients[0].NewKey(k.token, all)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// with calls with the key as a script does.
func with(client *contract.Client, key, path string) (contract.Response, error) {
	return client.Do(http.MethodGet, path, http.Header{"Authorization": {"Bearer " + key}}, nil)
}

// status is nil if a call with the key gets this status, and the one body of a 401.
func status(client *contract.Client, key, path string, want int) error {
	got, err := with(client, key, path)
	if err == nil && (got.Status != want || want == http.StatusUnauthorized && got.Body != badToken) {
		err = fmt.Errorf("%s at %s: got %d %s, want %d", path, client.Base, got.Status, got.Body, want)
	}
	return err
}

// everywhere checks that every gateway responds to the key with this status.
func (k *keyed) everywhere(t *testing.T, key string, want int) {
	t.Helper()
	for _, client := range k.clients {
		if err := status(client, key, "/echo", want); err != nil {
			t.Error(err)
		}
	}
}

// questions is how often gateways have asked about keys.
func (k *keyed) questions(t *testing.T) (n float64) {
	t.Helper()
	for _, p := range k.Auths {
		n += p.Metric(t, "http_server_request_duration_seconds_count", `http_route="/internal/keys"`)
	}
	return n
}

// verify returns the claims of the token in an Authorization field, as a service that has the secret verifies it.
func (k *keyed) verify(t *testing.T, authorization string) token.Claims {
	t.Helper()
	secret, err := os.ReadFile(filepath.Join(k.Secrets, "jwt_secret"))
	if err != nil {
		t.Fatal(err)
	}
	ring, err := token.NewKeyring(string(secret), nil)
	if err != nil {
		t.Fatal(err)
	}
	v := token.NewVerifier(token.Config{Keys: ring, Issuer: "tallygate", Audience: "tallygate", MaxLife: time.Hour})
	raw, bearer := strings.CutPrefix(authorization, "Bearer ")
	claims, err := v.Verify(raw)
	if err != nil || !bearer {
		t.Fatalf("the upstream got %q: %v", authorization, err)
	}
	return claims
}

// recorder is an upstream that remembers every byte that it gets.
type recorder struct {
	url string

	mu   sync.Mutex
	text bytes.Buffer
}

// record starts a recorder. It responds with the Authorization field that it got, or with an event stream or a WebSocket that
// does not end.
func record(t *testing.T) *recorder {
	t.Helper()
	r := &recorder{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch {
		case strings.HasSuffix(req.URL.Path, "/events"):
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprint(w, "data: 1\n\n")
			w.(http.Flusher).Flush()
			<-req.Context().Done()
		case strings.HasSuffix(req.URL.Path, "/websocket"):
			if conn, err := websocket.Accept(w, req, nil); err == nil {
				_, _, _ = conn.Read(req.Context()) // until the gateway ends it
				_ = conn.CloseNow()
			}
		default:
			fmt.Fprint(w, req.Header.Get("Authorization"))
		}
	}))
	server.Listener = listener{server.Listener, r}
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections() // the gateways go on holding theirs
		server.Close()
	})
	r.url = server.URL
	return r
}

// got reports whether the upstream got the text, wherever it stood.
func (r *recorder) got(text string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Contains(r.text.Bytes(), []byte(text))
}

type listener struct {
	net.Listener

	to *recorder
}

// Accept returns a connection whose bytes are recorded.
func (l listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return tapped{conn, l.to}, err
}

type tapped struct {
	net.Conn

	to *recorder
}

// Read records what it reads.
func (c tapped) Read(into []byte) (int, error) {
	n, err := c.Conn.Read(into)
	c.to.mu.Lock()
	defer c.to.mu.Unlock()
	c.to.text.Write(into[:n])
	return n, err
}
