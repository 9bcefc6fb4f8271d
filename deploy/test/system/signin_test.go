package system_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/contract"
)

// signInScripts are the clients of docs/examples/signin.
func signInScripts() []exampleScript {
	return []exampleScript{
		{"sh", []string{"sh", "-c", "curl --version && jq --version"}, []string{"sh", "signin.sh"}, "curl and jq"},
		{"Python", []string{"python3", "-c", "import requests"}, []string{"python3", "signin.py"}, "python3 with requests"},
		{"JavaScript", []string{"node", "-e", "fetch"}, []string{"node", "signin.mjs"}, "Node 18 or later"},
		{"Go", []string{"go", "version"}, []string{"go", "run", "signin.go"}, "Go"},
	}
}

// signInAndCall signs in and makes calls, and returns what the script has printed.
func (s exampleScript) signInAndCall(t *testing.T, base string, who contract.Credentials, path string, calls int) (out, errs string, err error) {
	t.Helper()
	return s.run(t, "signin", "TALLYGATE_PASSWORD="+who.Password, base, who.Username, path, fmt.Sprint(calls))
}

// TestScriptsSignInAndRefresh: an access token ends within the time in which scripts refresh it, so each call takes a refresh. The
// password has what JSON and shells treat in ways of their own.
func TestScriptsSignInAndRefresh(t *testing.T) {
	t.Parallel()
	c := cluster.Start(t, cluster.Config{Auth: append(cluster.CheapPasswords(), "JWT_TTL=20s")})
	client := contract.NewClient(c.Gateways[0].URL)
	eachScript(t, signInScripts(), func(t *testing.T, s exampleScript) {
		who := contract.Credentials{Username: strings.ToLower(s.name), Password: `a "quoted" $HOME \ 'word'`}
		register(t, client, who)
		if out, errs, err := s.signInAndCall(t, client.Base, who, "/root?number=9&n=0.5", 3); err != nil || out != "200\n200\n200\n" {
			t.Errorf("got %q %q, %v", out, errs, err)
		}
		who.Password = "wrong"
		if out, errs, err := s.signInAndCall(t, client.Base, who, "/root?number=9&n=0.5", 1); err == nil || out != "" || !strings.Contains(errs, "The user name or the password is wrong.") {
			t.Errorf("a wrong password: got %q %q, %v", out, errs, err)
		}
	})
}

// exchange is a request that a script makes, and what it gets.
type exchange struct {
	request    string // the method, the path, and the token or the refresh token, if there is one
	status     int
	retryAfter string
	number     int // of the tokens in the response; 0: none
	lifetime   int // seconds
}

// played is a service that expects these requests in this order.
type played struct {
	mu       sync.Mutex
	expected []exchange
	got      []string
	at       []time.Time
}

func (p *played) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	text, _ := io.ReadAll(r.Body) // a script that goes fails the test by itself
	var body struct {
		Refresh string `json:"refresh_token"`
	}
	_ = json.Unmarshal(text, &body) // a GET has none
	request := strings.TrimSpace(r.Method + " " + r.URL.Path + " " + strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ") + body.Refresh)
	p.got, p.at = append(p.got, request), append(p.at, time.Now())
	if len(p.got) > len(p.expected) || p.expected[len(p.got)-1].request != request {
		http.Error(w, "not expected", http.StatusTeapot)
		return
	}
	now := p.expected[len(p.got)-1]
	if now.retryAfter != "" {
		w.Header().Set("Retry-After", now.retryAfter)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(now.status)
	if now.number > 0 {
		fmt.Fprintf(w, `{"token":"t%d","refresh_token":"r%d","expires_in":%d}`, now.number, now.number, now.lifetime)
		return
	}
	_, _ = io.WriteString(w, `{"message":"Token is not valid"}`)
}

// TestScriptsKeepTheirSession replays what can happen to a session.
func TestScriptsKeepTheirSession(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name     string
		expected []exchange
		calls    int
		out, err string
	}{
		{"refresh, 401, 429 and the end of the session", []exchange{
			{"POST /token", 429, "1", 0, 0},
			{"POST /token", 200, "", 1, 10}, // ends soon
			{"POST /token/refresh r1", 200, "", 2, 3600},
			{"GET /x t2", 200, "", 0, 0},
			{"GET /x t2", 401, "", 0, 0}, // revoked
			{"POST /token/refresh r2", 200, "", 3, 3600},
			{"GET /x t3", 200, "", 0, 0},
			{"GET /x t3", 429, "1", 0, 0},
			{"GET /x t3", 200, "", 0, 0},
			{"GET /x t3", 401, "", 0, 0}, // the session has ended
			{"POST /token/refresh r3", 401, "", 0, 0},
			{"POST /token", 200, "", 4, 3600},
			{"GET /x t4", 200, "", 0, 0},
		}, 4, "200\n200\n200\n200\n", ""},
		{"a new token is refused, and not refreshed again", []exchange{
			{"POST /token", 200, "", 1, 3600},
			{"GET /x t1", 401, "", 0, 0},
			{"POST /token/refresh r1", 200, "", 2, 3600},
			{"GET /x t2", 401, "", 0, 0},
		}, 1, "", "A new token is refused."},
		{"nobody waits until tomorrow", []exchange{
			{"POST /token", 200, "", 1, 3600},
			{"GET /x t1", 429, "86400", 0, 0},
		}, 1, "", "The next call is allowed in 86400 seconds."},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			eachScript(t, signInScripts(), func(t *testing.T, s exampleScript) {
				service := &played{expected: row.expected}
				server := httptest.NewServer(service)
				defer server.Close()
				out, errs, err := s.signInAndCall(t, server.URL, contract.Credentials{Username: "ada", Password: "right"}, "/x", row.calls)
				if (err != nil) != (row.err != "") || out != row.out || !strings.Contains(errs, row.err) {
					t.Errorf("got %q %q, %v", out, errs, err)
				}
				if len(service.got) != len(row.expected) {
					t.Errorf("got %q", service.got)
				}
				for i := range min(len(service.got), len(row.expected)-1) {
					if row.expected[i].retryAfter == "1" && i+1 < len(service.at) && service.at[i+1].Sub(service.at[i]) < time.Second {
						t.Errorf("the script did not wait after the request %d", i+1)
					}
				}
			})
		})
	}
}
