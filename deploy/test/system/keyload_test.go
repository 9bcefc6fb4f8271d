package system_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

// script calls with a key, at one gateway after the other, until it is stopped.
type script struct {
	secret atomic.Pointer[string]
	calls  atomic.Int64

	mu     sync.Mutex
	tokens map[string]bool // that stood for the key
}

// run starts the script. Every call has to succeed, and to reach the upstream with a token that is good. stop waits for the last.
func (k *keyed) run(t *testing.T, key contract.Key) (s *script, stop func()) {
	t.Helper()
	s = &script{tokens: map[string]bool{}}
	s.secret.Store(&key.Secret)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for range 3 {
		running.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				got, err := with(k.clients[i%len(k.clients)], *s.secret.Load(), "/echo")
				if err != nil || got.Status != http.StatusOK {
					t.Errorf("a call with a good key: got %d %s (%v)", got.Status, got.Body, err)
					return
				}
				s.saw(t, k, got.Body)
			}
		})
	}
	stop = func() { cancel(); running.Wait() }
	t.Cleanup(stop)
	return s, stop
}

func (s *script) saw(t *testing.T, k *keyed, authorization string) {
	s.calls.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.tokens[authorization] {
		s.tokens[authorization] = true
		k.verify(t, authorization)
	}
}

// goesOn waits until the script has made so many more calls.
func (s *script) goesOn(t *testing.T, more int64) {
	t.Helper()
	until := s.calls.Load() + more
	testbed.Eventually(t, "more calls", func() error {
		if now := s.calls.Load(); now < until {
			return fmt.Errorf("%d of %d", now, until)
		}
		return nil
	})
}

// TestAKeyIsRotatedUnderLoad: with an overlap, no call fails. After it, the old secret is refused.
func TestAKeyIsRotatedUnderLoad(t *testing.T) {
	t.Parallel()
	k := startKeyed(t, cluster.Config{Gateways: 3, Auths: 2, Postgres: true})
	key := k.newKey(t, nil)
	s, stop := k.run(t, key)
	old := key.Secret
	for range 5 {
		s.goesOn(t, 50)
		next, err := k.clients[0].RotateKey(k.token, key.ID, 60)
		if err != nil {
			t.Fatal(err)
		}
		s.goesOn(t, 50) // still with the old secret
		old = *s.secret.Swap(&next.Secret)
	}
	s.goesOn(t, 50)
	if err := status(k.clients[0], old, "/echo", http.StatusOK); err != nil {
		t.Errorf("in the overlap: %v", err)
	}
	next, err := k.clients[0].RotateKey(k.token, key.ID, 1)
	if err != nil {
		t.Fatal(err)
	}
	replaced := *s.secret.Swap(&next.Secret)
	for _, client := range k.clients {
		for _, secret := range []string{old, replaced} {
			testbed.Eventually(t, "the end of the overlap", func() error { return status(client, secret, "/echo", http.StatusUnauthorized) })
		}
	}
	stop()
	t.Logf("figure: a key rotated 6 times under %d calls, none refused", s.calls.Load())
}

// TestTheTokenBehindAKeyIsRenewedUnderLoad: no call fails and none reaches the upstream with a token that is no longer good.
func TestTheTokenBehindAKeyIsRenewedUnderLoad(t *testing.T) {
	t.Parallel()
	k := startKeyed(t, cluster.Config{Gateways: 2, Auth: []string{"JWT_TTL=8s"}})
	before := k.questions(t)
	s, stop := k.run(t, k.newKey(t, nil))
	tokens := func() int {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.tokens)
	}
	testbed.Eventually(t, "the third token at each gateway", func() error {
		if n := tokens(); n < 6 {
			return fmt.Errorf("%d tokens", n)
		}
		return nil
	})
	stop()
	if asked := int(k.questions(t) - before); asked != tokens() {
		t.Errorf("%d questions for %d tokens", asked, tokens())
	}
	t.Logf("figure: %d calls with %d tokens that live 8 s, none refused", s.calls.Load(), tokens())
}

// TestKeysWithoutAuthService: known ones work, unknown ones are neither let through nor called bad.
func TestKeysWithoutAuthService(t *testing.T) {
	t.Parallel()
	k := startKeyed(t, cluster.Config{Auth: []string{"JWT_TTL=8s"}})
	known, unknown := k.newKey(t, nil), k.newKey(t, nil)
	k.everywhere(t, known.Secret, http.StatusOK)
	if err := k.Auths[0].Kill(); err != nil {
		t.Fatal(err)
	}
	k.everywhere(t, known.Secret, http.StatusOK)
	got, err := with(k.clients[0], unknown.Secret, "/echo")
	if err != nil || got.Status != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" {
		t.Errorf("an unknown key: got %d %s %v (%v), want 503 and Retry-After", got.Status, got.Body, got.Header, err)
	}
	// When the token behind the key has expired, it is missing only where tokens go.
	testbed.Eventually(t, "the token behind the key to expire", func() error { return status(k.clients[0], known.Secret, "/echo", http.StatusServiceUnavailable) })
	if err := status(k.clients[0], known.Secret, "/blind", http.StatusOK); err != nil {
		t.Error(err)
	}
	if err := k.Auths[0].Start(); err != nil {
		t.Fatal(err)
	}
	for _, key := range []contract.Key{known, unknown} {
		testbed.Eventually(t, "auth-service to answer again", func() error { return status(k.clients[0], key.Secret, "/echo", http.StatusOK) })
	}
}

// TestUsageByKeyAddsUpAfterAGatewayWasKilled calls with two keys and a token. Nothing that had a response is lost.
func TestUsageByKeyAddsUpAfterAGatewayWasKilled(t *testing.T) {
	t.Parallel()
	k := startKeyed(t, cluster.Config{Gateways: 2})
	first, second := k.newKey(t, nil), k.newKey(t, nil)
	want := map[string]int64{first.ID: 30, second.ID: 20, "": 10}
	k.callOften(t, k.clients[1], map[string]int64{first.Secret: 30, second.Secret: 20, k.token: 10})
	if err := k.Gateways[1].Kill(); err != nil {
		t.Fatal(err)
	}
	k.callOften(t, k.clients[0], map[string]int64{first.Secret: 5, second.Secret: 5, k.token: 5})
	for who := range want {
		want[who] += 5
	}
	if err := k.Gateways[1].Start(); err != nil {
		t.Fatal(err)
	}
	testbed.Eventually(t, "every call to be counted", func() error {
		got, err := with(k.clients[0], k.token, "/users/me/usage?group=key&by=month")
		if err != nil {
			return err
		}
		var usage struct {
			Total  struct{ Requests int64 }
			Series []struct {
				KeyID    string `json:"key_id"`
				Requests int64
			}
		}
		if err := json.Unmarshal([]byte(got.Body), &usage); err != nil {
			return err
		}
		sum, all := int64(0), map[string]int64{}
		for _, one := range usage.Series {
			all[one.KeyID], sum = all[one.KeyID]+one.Requests, sum+one.Requests
		}
		if sum != usage.Total.Requests {
			t.Fatalf("the sum is %d: %s", sum, got.Body)
		}
		if fmt.Sprint(all) != fmt.Sprint(want) {
			return fmt.Errorf("got %v, want %v", all, want)
		}
		return nil
	})
	if out, err := k.Run(t.Context(), "auth-service", "ledger", "verify"); err != nil {
		t.Errorf("ledger verify: %v\n%s", err, out)
	}
}

func (k *keyed) callOften(t *testing.T, client *contract.Client, calls map[string]int64) {
	t.Helper()
	for secret, n := range calls {
		for range n {
			if err := status(client, secret, "/echo", http.StatusOK); err != nil {
				t.Fatal(err)
			}
		}
	}
}
