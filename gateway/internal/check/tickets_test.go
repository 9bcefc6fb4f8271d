package check_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tallygate/gateway/internal/authclient"
	"tallygate/gateway/internal/check"
	"tallygate/kit/ticket"
	"tallygate/kit/token"
	"tallygate/kit/token/tokentest"
)

// sealing are the keys that tickets of these tests are sealed with.
func sealing(t testing.TB) *ticket.Keys {
	t.Helper()
	k, err := ticket.NewKeys([]string{"internal-" + secret})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// withTickets runs a test with a checker that opens tickets, and a function that makes one now.
func withTickets(t *testing.T, s *service, test func(t *testing.T, f *fixture, seal func(ticket.Ticket) string)) {
	t.Helper()
	k := sealing(t)
	inBubble(t, s, func(cfg *check.Config) { cfg.Tickets = k }, func(t *testing.T, f *fixture) {
		test(t, f, func(made ticket.Ticket) string {
			if made.ExpiresAt.IsZero() {
				made.ExpiresAt = time.Now().Add(ticket.Life)
			}
			raw, err := k.Seal(made)
			if err != nil {
				t.Fatal(err)
			}
			return raw
		})
	})
}

// use uses a ticket for /a.
func (f *fixture) use(raw string) (check.Identity, error) {
	who, _, err := f.Ticket(context.Background(), raw, func(path string) bool { return path == "/a" })
	return who, err
}

func TestATicketPassesOnceAndAsItsToken(t *testing.T) {
	t.Parallel()
	withTickets(t, newService(7), func(t *testing.T, f *fixture, seal func(ticket.Ticket) string) {
		raw := params(7, time.Now()).Token()
		for _, made := range []ticket.Ticket{{Token: raw}, {Token: raw, Path: "/a"}} {
			one := seal(made)
			who, sent, err := f.Ticket(t.Context(), one, func(path string) bool { return path == "/a" })
			if err != nil || who.UserID != 7 || who.SessionID != "session-1" || sent != raw {
				t.Fatalf("got %+v, %q, %v", who, sent, err)
			}
			for range 3 {
				if _, err := f.use(one); !errors.Is(err, token.ErrInvalid) {
					t.Errorf("used: got %v", err)
				}
			}
		}
		if got := f.service.lookedUp(); got != 1 {
			t.Errorf("%d lookups, want one: a ticket leads to the token's entry", got)
		}
	})
}

func TestBadTicketsAreRefusedAndCounted(t *testing.T) {
	t.Parallel()
	withTickets(t, newService(7), func(t *testing.T, f *fixture, seal func(ticket.Ticket) string) {
		p := params(7, time.Now())
		other, err := ticket.NewKeys([]string{secret}) // tokens are signed with it
		if err != nil {
			t.Fatal(err)
		}
		forged, err := other.Seal(ticket.Ticket{Token: p.Token(), ExpiresAt: time.Now().Add(ticket.Life)})
		if err != nil {
			t.Fatal(err)
		}
		rows := map[string]struct {
			raw  string
			want error
		}{
			"nothing":                     {"", token.ErrInvalid},
			"an access token":             {p.Token(), token.ErrInvalid},
			"a prefix and a token":        {ticket.Prefix + p.Token(), token.ErrInvalid},
			"sealed with another secret":  {forged, token.ErrInvalid},
			"for another path":            {seal(ticket.Ticket{Token: p.Token(), Path: "/b"}), token.ErrInvalid},
			"expired":                     {seal(ticket.Ticket{Token: p.Token(), ExpiresAt: time.Now()}), token.ErrExpired},
			"good for too long":           {seal(ticket.Ticket{Token: p.Token(), ExpiresAt: time.Now().Add(time.Minute)}), token.ErrInvalid},
			"of an expired token":         {seal(ticket.Ticket{Token: p.TokenWith(map[string]any{"iat": time.Now().Unix() - 60, "exp": time.Now().Unix() - 1})}), token.ErrExpired},
			"of a user who is not there":  {seal(ticket.Ticket{Token: params(9, time.Now()).Token()}), token.ErrInvalid},
			"of a ticket":                 {seal(ticket.Ticket{Token: seal(ticket.Ticket{Token: p.Token()})}), token.ErrInvalid},
			"of a token with its scheme":  {seal(ticket.Ticket{Token: "Bearer Bearer " + p.Token()}), token.ErrInvalid},
			"of a token of an old change": {seal(ticket.Ticket{Token: p.TokenWith(map[string]any{"gen": 2})}), token.ErrInvalid},
		}
		for name, row := range rows {
			if _, err := f.use(row.raw); !errors.Is(err, row.want) {
				t.Errorf("%s: got %v, want %v", name, err, row.want)
			}
		}
		if got := refusals(t, f); got != len(rows) {
			t.Errorf("%d refusals are counted, want %d", got, len(rows))
		}
		// Whatever an attacker has sealed into a ticket is verified as if it had come by itself.
		for _, v := range append(tokentest.Vectors(p), tokentest.SessionVectors(p, false)...) {
			if len(v.Authorization) == 1 && !v.Accept {
				if _, err := f.use(seal(ticket.Ticket{Token: v.Authorization[0]})); err == nil {
					t.Errorf("a ticket with the token %q passes", v.Name)
				}
			}
		}
	})
}

// refusals are all that tallygate_check_refused_total counts.
func refusals(t *testing.T, f *fixture) (n int) {
	t.Helper()
	reg := prometheus.NewRegistry()
	reg.MustRegister(f.Collectors()...)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == "tallygate_check_refused_total" {
			for _, one := range family.GetMetric() {
				n += int(one.GetCounter().GetValue())
			}
		}
	}
	return n
}

// A ticket is no access token, in whatever form.
func TestATicketIsRefusedAsAToken(t *testing.T) {
	t.Parallel()
	withTickets(t, newService(7), func(t *testing.T, f *fixture, seal func(ticket.Ticket) string) {
		raw := seal(ticket.Ticket{Token: params(7, time.Now()).Token()})
		for _, fields := range [][]string{{raw}, {"Bearer " + raw}, {"Bearer " + strings.TrimPrefix(raw, ticket.Prefix)}} {
			if _, err := f.Check(t.Context(), fields); !errors.Is(err, token.ErrInvalid) {
				t.Errorf("%.20s: got %v", fields, err)
			}
		}
		if _, err := f.use(raw); err != nil {
			t.Errorf("it is used up: %v", err)
		}
	})
}

func TestWithoutKeysNoTicketPasses(t *testing.T) {
	t.Parallel()
	k := sealing(t)
	inBubble(t, newService(7), nil, func(t *testing.T, f *fixture) {
		raw, err := k.Seal(ticket.Ticket{Token: params(7, time.Now()).Token(), ExpiresAt: time.Now().Add(ticket.Life)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.use(raw); !errors.Is(err, token.ErrInvalid) {
			t.Errorf("got %v", err)
		}
	})
}

func TestOfManyAtOnceOneUsesTheTicket(t *testing.T) {
	t.Parallel()
	withTickets(t, newService(7), func(t *testing.T, f *fixture, seal func(ticket.Ticket) string) {
		raw := seal(ticket.Ticket{Token: params(7, time.Now()).Token()})
		var passed atomic.Int64
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if _, err := f.use(raw); err == nil {
					passed.Add(1)
				}
			})
		}
		all.Wait()
		if got := passed.Load(); got != 1 {
			t.Errorf("%d passed", got)
		}
	})
}

func TestATicketIsNotLostWhileItsUserCannotBeLookedUp(t *testing.T) {
	t.Parallel()
	s := newService(7)
	withTickets(t, s, func(t *testing.T, f *fixture, seal func(ticket.Ticket) string) {
		raw := seal(ticket.Ticket{Token: params(7, time.Now()).Token()})
		s.outage(true)
		if _, err := f.use(raw); !errors.Is(err, check.ErrLookup) {
			t.Errorf("got %v", err)
		}
		s.outage(false)
		time.Sleep(5 * time.Second)
		if _, err := f.use(raw); err != nil {
			t.Errorf("got %v", err)
		}
	})
}

func TestWhoCameByATicketIsValidAsLongAsItsTokenIs(t *testing.T) {
	t.Parallel()
	withTickets(t, newService(7, 8), func(t *testing.T, f *fixture, seal func(ticket.Ticket) string) {
		who, err := f.use(seal(ticket.Ticket{Token: params(7, time.Now()).Token()}))
		if err != nil {
			t.Fatal(err)
		}
		other, err := f.use(seal(ticket.Ticket{Token: params(8, time.Now()).Token()}))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(59 * time.Minute)
		f.valid(t, "long after the ticket has expired", who, "")
		f.service.change(8, func(r *authclient.Record) {
			r.EndedSessions = []authclient.EndedSession{{ID: "session-1", Until: time.Now().Add(time.Hour)}}
		})
		synctest.Wait()
		f.valid(t, "its session has ended", other, "revoked")
		time.Sleep(time.Minute)
		f.valid(t, "its token has expired", who, "expired")
	})
}

// TestNoUsedTicketIsForgottenWhileItIsGood uses tickets over several windows, each as late as it is good, and again.
func TestNoUsedTicketIsForgottenWhileItIsGood(t *testing.T) {
	t.Parallel()
	withTickets(t, newService(7), func(t *testing.T, f *fixture, seal func(ticket.Ticket) string) {
		var used []string
		for i := range 200 {
			raw := seal(ticket.Ticket{Token: params(7, time.Now()).Token(), ExpiresAt: time.Now().Add(check.TicketWindow)})
			if _, err := f.use(raw); err != nil {
				t.Fatalf("ticket %d: %v", i, err)
			}
			used = append(used, raw)
			time.Sleep(time.Second)
			for _, before := range used {
				if _, err := f.use(before); err == nil {
					t.Fatal("a used ticket passes again")
				}
			}
		}
	})
}

func TestAUsersShareOfUsedTicketsIsBounded(t *testing.T) {
	t.Parallel()
	withTickets(t, newService(7, 8), func(t *testing.T, f *fixture, seal func(ticket.Ticket) string) {
		flood, other := params(7, time.Now()).Token(), params(8, time.Now()).Token()
		for i := range check.MaxUserTickets {
			if _, err := f.use(seal(ticket.Ticket{Token: flood})); err != nil {
				t.Fatalf("ticket %d: %v", i, err)
			}
		}
		late := seal(ticket.Ticket{Token: flood})
		if _, err := f.use(late); !errors.Is(err, check.ErrUserTickets) {
			t.Errorf("one more: got %v", err)
		}
		if _, err := f.use(seal(ticket.Ticket{Token: other})); err != nil {
			t.Errorf("another user: %v", err)
		}
		time.Sleep(2 * check.TicketWindow)
		if _, err := f.use(seal(ticket.Ticket{Token: flood})); err != nil {
			t.Errorf("after two windows: %v", err)
		}
	})
}
