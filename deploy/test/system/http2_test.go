package system_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
	"tallygate/kit/tlstest"
)

// secured is a cluster whose gateway speaks TLS.
type secured struct {
	*cluster.Cluster

	trusted *x509.CertPool
}

func startSecured(t *testing.T) *secured {
	t.Helper()
	authority := tlstest.New(t)
	pair, err := authority.Issue(time.Now().Add(time.Hour), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if err := tlstest.Save(pair, cert, key); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(authority.File)
	if err != nil {
		t.Fatal(err)
	}
	s := &secured{trusted: x509.NewCertPool()}
	s.trusted.AppendCertsFromPEM(text)
	s.Cluster = cluster.Start(t, cluster.Config{Auth: cluster.CheapPasswords(), Gateway: []string{"TLS_CERT_FILE=" + cert, "TLS_KEY_FILE=" + key}})
	return s
}

// client speaks HTTP/2 or HTTP/1.1 with the gateway, and nothing else.
func (s *secured) client(t *testing.T, http2 bool) *contract.Client {
	t.Helper()
	c := contract.NewClient(strings.Replace(s.Gateways[0].URL, "http://", "https://", 1))
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.trusted}, Protocols: new(http.Protocols), MaxIdleConnsPerHost: 128}
	transport.Protocols.SetHTTP2(http2)
	transport.Protocols.SetHTTP1(!http2)
	t.Cleanup(transport.CloseIdleConnections)
	c.HTTP.Transport = transport
	return c
}

// TestEveryProtocol: what never changes holds for clients of HTTP/1.1 and HTTP/2 over TLS, and calls are counted and limited alike.
func TestEveryProtocol(t *testing.T) {
	t.Parallel()
	s := startSecured(t)
	const password = "an administrator's"
	s.CreateAdmin(t, "boss", password)
	for name, http2 := range map[string]bool{"http1": false, "http2": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := s.client(t, http2)
			c.Check(t, name)
			t.Run("calls are counted, and a quota is exact", func(t *testing.T) {
				s.checkQuota(t, c, name, c.Token(t, contract.Credentials{Username: "boss", Password: password}))
			})
			t.Run("a session that ends ends its token", func(t *testing.T) { s.checkLogout(t, c, name) })
		})
	}
}

// checkQuota has a user call more often than allowed, all at once.
func (s *secured) checkQuota(t *testing.T, c *contract.Client, name, admin string) {
	t.Helper()
	who := contract.Credentials{Username: name + "-quota", Password: "a long password"}
	got, err := c.Register(who)
	if err != nil {
		t.Fatal(err)
	}
	var registered struct {
		UserID int64 `json:"user_id"`
	}
	if err := json.Unmarshal([]byte(got.Body), &registered); err != nil {
		t.Fatal(err)
	}
	const quota, calls = 50, 200
	path := fmt.Sprintf("/admin/users/%d", registered.UserID)
	if err := c.Call(admin, http.MethodPatch, path, map[string]any{"monthly_quota": quota}, nil, http.StatusOK); err != nil {
		t.Fatal(err)
	}
	token := c.Token(t, who) // the gateway learns of the user and the quota together
	statuses := callAtOnce(t, c, token, calls)
	if statuses[http.StatusOK] != quota || statuses[http.StatusTooManyRequests] != calls-quota {
		t.Errorf("got %v, want %d times 200", statuses, quota)
	}
	testbed.Eventually(t, "the calls to be counted", func() error {
		var usage struct {
			Total struct {
				Requests     int `json:"requests"`
				RateLimited  int `json:"rate_limited"`
				ServerErrors int `json:"server_errors"`
			}
		}
		if err := c.Call(token, http.MethodGet, "/users/me/usage", nil, &usage, http.StatusOK); err != nil {
			return err
		}
		if usage.Total.Requests != quota || usage.Total.ServerErrors != 0 {
			return fmt.Errorf("got %+v, want %d requests", usage.Total, quota)
		}
		return nil
	})
}

// callAtOnce calls /root so many times, and returns how often each status came.
func callAtOnce(t *testing.T, c *contract.Client, token string, calls int) map[int]int {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	statuses := map[int]int{}
	for range 20 {
		all.Go(func() {
			for range calls / 20 {
				got, err := c.Root("Bearer "+token, "9", "0.5")
				mu.Lock()
				if statuses[got.Status]++; err != nil {
					t.Error(err)
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return statuses
}

// checkLogout has a user sign out: the token is dead at once.
func (s *secured) checkLogout(t *testing.T, c *contract.Client, name string) {
	t.Helper()
	who := contract.Credentials{Username: name + "-logout", Password: "a long password"}
	if _, err := c.Register(who); err != nil {
		t.Fatal(err)
	}
	token := c.Token(t, who)
	if got, err := c.Root(token, "9", "0.5"); err != nil || got.Body != `{"root":3}` {
		t.Fatalf("got %s, %v", got.Body, err)
	}
	if err := c.Call(token, http.MethodPost, "/logout", nil, nil, http.StatusNoContent); err != nil {
		t.Fatal(err)
	}
	testbed.Eventually(t, "the token to be dead", func() error {
		got, err := c.Root(token, "9", "0.5")
		if err == nil && (got.Status != http.StatusUnauthorized || got.Body != `{"message":"Token is not valid"}`) {
			err = fmt.Errorf("got %d %s", got.Status, got.Body)
		}
		return err
	})
}
