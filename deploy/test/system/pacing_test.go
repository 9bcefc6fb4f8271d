package system_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

// pacers are the scripts of docs/examples/pacing.
func pacers() []exampleScript {
	return []exampleScript{
		{"sh", []string{"sh", "-c", "curl --version && awk 1 /dev/null"}, []string{"sh", "pacing.sh"}, "curl and awk"},
		{"Python", []string{"python3", "-c", "import requests"}, []string{"python3", "pacing.py"}, "python3 with requests"},
		{"JavaScript", []string{"node", "-e", "fetch"}, []string{"node", "pacing.mjs"}, "Node 18 or later"},
		{"Go", []string{"go", "version"}, []string{"go", "run", "pacing.go"}, "Go"},
	}
}

// pace makes calls with a key, and returns what the script has printed.
func (s exampleScript) pace(t *testing.T, key, url string, calls int) (out, errs string, err error) {
	t.Helper()
	return s.run(t, "pacing", "TALLYGATE_KEY="+key, url, fmt.Sprint(calls))
}

// TestScriptsThatPaceThemselvesAreNeverRefused: the RateLimit field tells them when to wait. 12 calls under a rate of 4 a second take
// more than one wait.
func TestScriptsThatPaceThemselvesAreNeverRefused(t *testing.T) {
	t.Parallel()
	r := startRunner(t, t.TempDir())
	r.waitReady(t)
	r.command(t, "plan", "set", "paced", "-rates", "*=4/s:4", "-month", "100000")
	client := contract.NewClient(r.base)
	eachScript(t, pacers(), func(t *testing.T, p exampleScript) {
		who := contract.Credentials{Username: strings.ToLower(p.name), Password: "correct horse"}
		register(t, client, who)
		r.command(t, "admin", "edit", who.Username, "-plan", "paced")
		key := makeKey(t, client, client.Token(t, who), `{"name":"pacing"}`)
		testbed.Eventually(t, "the plan at the gateway", func() error {
			got, err := client.Do(http.MethodGet, "/root?number=9&n=0.5", http.Header{"X-Api-Key": {key}}, nil)
			if err == nil && !strings.Contains(got.Header.Get("RateLimit"), ";r=") {
				err = fmt.Errorf("got %d %v", got.Status, got.Header)
			}
			return err
		})
		out, errs, err := p.pace(t, key, r.base+"/root?number=9&n=0.5", 12)
		if want := strings.Repeat("200\n", 12); err != nil || out != want {
			t.Errorf("got %q %q, %v", out, errs, err)
		}
		testbed.Eventually(t, "the calls in the usage, none refused", func() error {
			got, err := client.Do(http.MethodGet, "/users/me/usage", http.Header{"X-Api-Key": {key}}, nil)
			var usage struct {
				Total struct {
					Requests    int64 `json:"requests"`
					RateLimited int64 `json:"rate_limited"`
				} `json:"total"`
			}
			if err == nil {
				err = json.Unmarshal([]byte(got.Body), &usage)
			}
			if err == nil && (usage.Total.Requests < 13 || usage.Total.RateLimited != 0) {
				err = fmt.Errorf("got %s", got.Body)
			}
			return err
		})
	})
}

// limited is a service that gives these responses, one after the other, to calls with the key.
type limited struct {
	mu        sync.Mutex
	responses []func(http.ResponseWriter)
	calls     []time.Time
}

func (l *limited) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer tg_test" || len(l.calls) == len(l.responses) {
		http.Error(w, "not expected", http.StatusTeapot)
		return
	}
	l.calls = append(l.calls, time.Now())
	l.responses[len(l.calls)-1](w)
}

func tooMany(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "1")
	w.Header().Set("RateLimit", `"month";r=0;t=86400`) // what Retry-After says goes before it
	w.WriteHeader(http.StatusTooManyRequests)
}

// passed has these RateLimit fields, with " + " between them: an upstream may have sent one of its own.
func passed(fields string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { w.Header()["Ratelimit"] = strings.Split(fields, " + ") }
}

// TestScriptsThatPaceThemselvesWait: one second for each of two reasons, and not at all until the next day.
func TestScriptsThatPaceThemselvesWait(t *testing.T) {
	t.Parallel()
	eachScript(t, pacers(), func(t *testing.T, p exampleScript) {
		service := &limited{responses: []func(http.ResponseWriter){
			tooMany, passed(`"root";r=3;t=9, "month";r=100;t=86400`), passed(`"own";r=0;other;t=1 + "root";r=3;t=7, "month";r=10;t=86400`),
			passed(`"own";r=1;t=1 + "root";r=5;t=1, "month";r=0;t=86400`),
		}}
		server := httptest.NewServer(service)
		defer server.Close()
		out, errs, err := p.pace(t, "tg_test", server.URL, 9)
		if err == nil || out != "429\n200\n200\n200\n" || !strings.Contains(errs, "The next call is allowed in ") {
			t.Errorf("got %q %q, %v", out, errs, err)
		}
		if len(service.calls) != 4 {
			t.Fatalf("got %d calls", len(service.calls))
		}
		for i, least := range []time.Duration{time.Second, 0, time.Second} {
			if waited := service.calls[i+1].Sub(service.calls[i]); waited < least {
				t.Errorf("the script waited %v after the response %d, want %v", waited, i+1, least)
			}
		}
	})
}

// command runs a command of auth-service beside the running one, on its database.
func (r *runner) command(t *testing.T, words ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), testbed.Program("auth-service"), words...)
	cmd.Env = append(os.Environ(), "DATABASE_URL=sqlite:"+filepath.Join(r.data, "tallygate.db"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", words, err, out)
	}
}
