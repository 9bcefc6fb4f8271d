package httpapi_test

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

func TestRefreshRotates(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		first := s.user(t, "ada")
		second := read[signedIn](t, s.refresh(first))
		third := read[signedIn](t, s.refresh(second))
		if first.RefreshToken == second.RefreshToken || second.RefreshToken == third.RefreshToken {
			t.Error("a refresh token was given twice")
		}
		for i, tokens := range []signedIn{first, second, third} {
			if !s.works(tokens.Token) {
				t.Errorf("access token %d does not work", i)
			}
		}
	})
}

func TestALostResponseIsGivenAgainUntilTheGraceIsOver(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		// Two replicas on one database.
		here := newService(t, options{url: url})
		there := newService(t, options{url: url, clock: here.clock})
		parent := here.user(t, "ada")
		child := read[signedIn](t, here.refresh(parent))
		for range 4 {
			here.clock.advance(15 * time.Minute)
			again := read[signedIn](t, there.refresh(parent))
			if again.RefreshToken != child.RefreshToken {
				t.Error("the replay got another child")
			}
		}
		here.clock.advance(time.Microsecond)
		wantRefused(t, there.refresh(parent))
		wantRefused(t, here.refresh(child)) // the session is over
		if here.works(child.Token) {
			t.Error("an access token outlives its session")
		}
	})
}

func TestAReplayKeepsNoSessionAlive(t *testing.T) {
	t.Parallel()
	s := newService(t, options{grace: 1000 * time.Hour})
	parent := s.user(t, "ada")
	child := read[signedIn](t, s.refresh(parent))
	s.clock.advance(30*24*time.Hour - time.Microsecond)
	if again := read[signedIn](t, s.refresh(parent)); again.RefreshToken != child.RefreshToken {
		t.Error("the replay got another child")
	}
	s.clock.advance(time.Microsecond)
	wantRefused(t, s.refresh(parent))
	wantRefused(t, s.refresh(child))
}

// TestAParentIsSpentForGoodOnceItsChildIsInUse: somebody received the child. So a parent that comes later is not a client's
// that lost the response.
func TestAParentIsSpentForGoodOnceItsChildIsInUse(t *testing.T) {
	t.Parallel()
	for name, use := range map[string]func(t *testing.T, s *service, child signedIn){
		"its access token calls auth-service": func(t *testing.T, s *service, child signedIn) {
			t.Helper()
			if !s.works(child.Token) {
				t.Error("the access token does not work")
			}
		},
		"its access token comes to a gateway": func(t *testing.T, s *service, child signedIn) {
			t.Helper()
			s.presented(t, child.Token)
		},
		"an access token of a replay comes to a gateway": func(t *testing.T, s *service, child signedIn) {
			t.Helper()
			_ = child
			s.presented(t, read[signedIn](t, s.refresh(s.parent)).Token)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEachDatabase(t, func(t *testing.T, url string) {
				s := newService(t, options{url: url})
				s.parent = s.user(t, "ada")
				child := read[signedIn](t, s.refresh(s.parent))
				use(t, s, child)
				s.clock.advance(10 * time.Second)
				if again := read[signedIn](t, s.refresh(s.parent)); again.RefreshToken != child.RefreshToken {
					t.Error("a second tab got another child")
				}
				s.clock.advance(time.Microsecond)
				wantRefused(t, s.refresh(s.parent))
				wantRefused(t, s.refresh(child)) // the session is over
			})
		})
	}
}

// TestUsesOfOtherTokensDoNotSpendAParent: they do not show that anybody received the child.
func TestUsesOfOtherTokensDoNotSpendAParent(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		first := s.user(t, "ada")
		other := s.signIn(t, "ada", "123456")
		second := read[signedIn](t, s.refresh(first))
		third := read[signedIn](t, s.refresh(second))
		for _, token := range []string{first.Token, second.Token, other.Token} {
			s.presented(t, token)
			if !s.works(token) {
				t.Error("an access token does not work")
			}
		}
		s.clock.advance(time.Hour)
		if again := read[signedIn](t, s.refresh(second)); again.RefreshToken != third.RefreshToken {
			t.Error("the replay got another child")
		}
	})
}

func TestReplayAfterTheChildWasUsedEndsTheSession(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		parent := s.user(t, "ada")
		other := s.signIn(t, "ada", "123456")
		child := read[signedIn](t, s.refresh(parent))
		grandchild := read[signedIn](t, s.refresh(child))
		wantRefused(t, s.refresh(parent))
		wantRefused(t, s.refresh(grandchild))
		if !s.works(other.Token) || s.refresh(other).status != 200 {
			t.Error("another session of the user ended too")
		}
	})
}

func TestTokensThatWereNeverIssuedSignNobodyOut(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	ada := s.user(t, "ada")
	flipped := []byte(ada.RefreshToken)
	flipped[10] ^= 1
	for _, guess := range []string{
		"", "tgr_", string(flipped), ada.RefreshToken + "A", ada.RefreshToken[4:], "TGR_" + ada.RefreshToken[4:],
		ada.RefreshToken + " ", ada.Token,
	} {
		wantRefused(t, s.refresh(signedIn{RefreshToken: guess}))
	}
	if !s.works(ada.Token) || s.refresh(ada).status != 200 {
		t.Error("the session has ended")
	}
}

func TestFiftyRefreshesAtOnceLeaveOneLiveChain(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		// Two replicas on one database.
		replicas := []*service{newService(t, options{url: url}), newService(t, options{url: url})}
		parent := replicas[0].user(t, "ada")
		var mu sync.Mutex
		children := map[string]int{}
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				got := replicas[i%2].refresh(parent)
				mu.Lock()
				defer mu.Unlock()
				if got.status != 200 {
					t.Errorf("got %d %s", got.status, got.body)
					return
				}
				children[read[signedIn](t, got).RefreshToken]++
			})
		}
		all.Wait()
		if len(children) != 1 {
			t.Fatalf("got %d different children, want 1", len(children))
		}
		for child := range children {
			if got := replicas[1].refresh(signedIn{RefreshToken: child}); got.status != 200 {
				t.Errorf("the child: got %d %s", got.status, got.body)
			}
		}
	})
}

func TestChildIsGivenAgainOverARotationOfTheKey(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	parent := s.user(t, "ada")
	child := read[signedIn](t, s.refresh(parent))
	const next = "fedcba9876543210fedcba9876543210-int"
	if err := s.keys.Replace([]string{next, internalSecret}); err != nil {
		t.Fatal(err)
	}
	if again := read[signedIn](t, s.refresh(parent)); again.RefreshToken != child.RefreshToken {
		t.Error("the replay got another child")
	}
	if err := s.keys.Replace([]string{next}); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, s.refresh(parent)) // the child cannot be derived any more, but the session goes on
	if got := s.refresh(child); got.status != 200 {
		t.Errorf("the child: got %d", got.status)
	}
}

func TestSessionEndsByIdlenessAndByAge(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	idle := s.user(t, "ada")
	s.clock.advance(30 * 24 * time.Hour)
	wantRefused(t, s.refresh(idle))

	used := s.signIn(t, "ada", "123456")
	for range 3 {
		s.clock.advance(29 * 24 * time.Hour)
		used = read[signedIn](t, s.refresh(used))
	}
	s.clock.advance(3 * 24 * time.Hour)
	wantRefused(t, s.refresh(used))
}

// presented asks about a token as a gateway does that sees it for the first time.
func (s *service) presented(t *testing.T, raw string) {
	t.Helper()
	claims := must(s.verifier.Verify(raw))(t)
	fetch[record](t, s, call{
		path:  fmt.Sprintf("/internal/users/%d?session=%s&token=%s", claims.UserID, claims.SessionID, claims.ID),
		token: s.internal,
	}, 200)
}
