//go:build chaos

package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tallygate/auth-service/internal/store/pgtest"
)

// childVariable makes this test binary the service itself, so that it can be killed.
const childVariable = "TALLYGATE_TEST_IS_SERVICE"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// rounds is how often each test kills.
const rounds = 10

// TestChaosNothingAcknowledgedIsLost kills the service, or the database under it, again and again while users register,
// change passwords, sign out and delete themselves. What was acknowledged has to be true afterwards.
func TestChaosNothingAcknowledgedIsLost(t *testing.T) {
	t.Parallel()
	t.Run("service on sqlite", func(t *testing.T) {
		t.Parallel()
		c := &chaos{url: "sqlite:" + filepath.Join(t.TempDir(), "chaos.db")}
		c.run(t, func(service *exec.Cmd) { kill(t, service) })
	})
	t.Run("service and server on postgres", func(t *testing.T) {
		t.Parallel()
		server, err := pgtest.Start(t.Context(), true)
		if err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal(err)
			}
			t.Skip("SKIPPED: " + err.Error())
		}
		t.Cleanup(func() { _ = server.Stop() })
		c := &chaos{url: server.NewDatabase(t.Context(), t)}
		round := 0
		c.run(t, func(service *exec.Cmd) {
			if round++; round%2 == 0 {
				kill(t, service)
				return
			}
			if err := server.Kill(); err != nil {
				t.Fatal(err)
			}
			if err := server.Launch(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	})
}

// fact is what a user has been told.
type fact struct {
	name, password string
	maybe          string // a password that may be the right one: the answer to its change never came
	id             string // the whole answer of the registration
	deleted        bool
	unsure         bool     // the answer to the deletion never came
	dead           []string // tokens of sessions that were ended
}

type chaos struct {
	url     string
	address string
	mu      sync.Mutex
	facts   []*fact
}

func (c *chaos) run(t *testing.T, disaster func(service *exec.Cmd)) {
	t.Helper()
	service := c.start(t)
	for round := range rounds {
		ctx, stop := context.WithCancel(t.Context())
		var load sync.WaitGroup
		for worker := range 4 {
			load.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					c.live(ctx, fmt.Sprintf("user-%d-%d-%d", round, worker, i))
				}
			})
		}
		select {
		case <-time.After(time.Duration(300+rand.IntN(1000)) * time.Millisecond):
		case <-ctx.Done():
		}
		began := time.Now()
		disaster(service)
		stop()
		load.Wait()
		if service.ProcessState != nil { // it was the service that died
			service = c.start(t)
		}
		c.waitReady(t)
		t.Logf("round %d: %d users so far, ready %v after the kill", round, len(c.facts), time.Since(began).Round(time.Millisecond))
	}
	for _, f := range c.facts {
		c.check(t, f)
	}
	t.Logf("%d registrations were acknowledged, and everything that followed them was checked", len(c.facts))
	kill(t, service)
}

// start starts the service on a port that stays the same.
func (c *chaos) start(t *testing.T) *exec.Cmd {
	t.Helper()
	if c.address == "" {
		c.address = freeAddress(t)
	}
	service := exec.CommandContext(t.Context(), os.Args[0])
	service.Env = append(os.Environ(), childVariable+"=1", "ADDR="+c.address, "PRIVATE_ADDR=127.0.0.1:0", "DATABASE_URL="+c.url,
		"JWT_SECRET="+goodSecret, "INTERNAL_SECRET="+otherSecret, "ARGON2_MEMORY_KIB=7168", "ARGON2_PASSES=1", "LOG_LEVEL=error",
		"GUESS_FREE_PER_NAME=1000000", "GUESS_FREE_PER_ADDRESS=1000000")
	service.Stderr = os.Stderr
	if err := service.Start(); err != nil {
		t.Fatal(err)
	}
	c.waitReady(t)
	return service
}

func (c *chaos) waitReady(t *testing.T) {
	t.Helper()
	waitUntil(t, "ready", func() bool { return c.call(t.Context(), http.MethodGet, "/readyz", "", "").status == http.StatusOK })
}

func kill(t *testing.T, service *exec.Cmd) {
	t.Helper()
	if err := service.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = service.Wait() // says that it was killed
}

type reply struct {
	status int // 0 if none came
	body   string
}

func (c *chaos) call(ctx context.Context, method, path, authorization, body string) reply {
	// The test's end must not cut an answer short: what was acknowledged would not be known.
	req, err := http.NewRequestWithContext(context.WithoutCancel(ctx), method, "http://"+c.address+path, strings.NewReader(body))
	if err != nil {
		return reply{}
	}
	req.Header.Set("Authorization", authorization)
	resp, err := (&http.Client{Timeout: 10 * time.Second}).Do(req)
	if err != nil {
		return reply{}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{}
	}
	return reply{status: resp.StatusCode, body: string(text)}
}

func credentials(name, password string) string {
	return fmt.Sprintf(`{"username":%q,"password":%q}`, name, password)
}

func (c *chaos) signIn(ctx context.Context, name, password string) (string, int) {
	got := c.call(ctx, http.MethodPost, "/token", "", credentials(name, password))
	_, rest, _ := strings.Cut(got.body, `"token":"`)
	token, _, _ := strings.Cut(rest, `"`)
	return token, got.status
}

// live is a user's short life: register, sign in, and one thing more.
func (c *chaos) live(ctx context.Context, name string) {
	f := &fact{name: name, password: "123456"}
	registered := c.call(ctx, http.MethodPost, "/users/register", "", credentials(f.name, f.password))
	if registered.status != http.StatusCreated {
		return
	}
	f.id = idOf(registered.body)
	c.mu.Lock()
	c.facts = append(c.facts, f)
	c.mu.Unlock()
	token, status := c.signIn(ctx, f.name, f.password)
	if status != http.StatusOK {
		return
	}
	switch rand.IntN(4) {
	case 0:
		got := c.call(ctx, http.MethodPut, "/users/me/password", token, `{"current_password":"123456","new_password":"654321"}`)
		if got.status == http.StatusNoContent {
			f.password, f.dead = "654321", append(f.dead, token)
		} else {
			f.maybe = "654321"
		}
	case 1:
		if c.call(ctx, http.MethodPost, "/logout", token, "").status == http.StatusNoContent {
			f.dead = append(f.dead, token)
		}
	case 2:
		got := c.call(ctx, http.MethodDelete, "/users/me", token, `{"password":"123456"}`)
		if f.deleted = got.status == http.StatusNoContent; f.deleted {
			f.dead = append(f.dead, token)
		}
		f.unsure = !f.deleted
	}
}

func idOf(body string) string {
	_, id, _ := strings.Cut(body, `"user_id":`)
	return id
}

func (c *chaos) check(t *testing.T, f *fact) {
	t.Helper()
	for _, token := range f.dead {
		if got := c.call(t.Context(), http.MethodGet, "/users/me", token, ""); got.status != http.StatusUnauthorized {
			t.Errorf("%s: a dead token lives: %d", f.name, got.status)
		}
	}
	_, status := c.signIn(t.Context(), f.name, f.password)
	if status != http.StatusOK && f.maybe != "" {
		_, status = c.signIn(t.Context(), f.name, f.maybe)
	}
	switch {
	case f.unsure:
	case f.deleted && status != http.StatusUnauthorized:
		t.Errorf("%s was deleted, yet signs in: %d", f.name, status)
	case !f.deleted && status != http.StatusOK:
		t.Errorf("%s cannot sign in: %d", f.name, status)
	case !f.deleted:
		again := c.call(t.Context(), http.MethodPost, "/users/register", "", credentials(f.name, "x"))
		if again.status != http.StatusOK || idOf(again.body) != f.id {
			t.Errorf("%s: registered as %s, is now %d %s", f.name, f.id, again.status, again.body)
		}
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
