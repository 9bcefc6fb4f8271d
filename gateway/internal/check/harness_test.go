package check_test

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/gateway/internal/check"
	"tallygate/kit/token"
	"tallygate/kit/token/tokentest"
)

const secret = "b1946ac92492d2347c6235b4d2611184aa0d8f7e"

// service is auth-service as a gateway sees it: users, and a feed of their changes in the order of versions.
type service struct {
	mu          sync.Mutex
	users       map[int64]authclient.Record
	version     int64
	pruned      int64
	changed     chan struct{}
	unavailable bool
	epoch       string
	plans       map[string]authclient.Plan
	sessions    []string // that exist; nil: it does not say
	lookups     int
	keysAsked   int
	questions   []authclient.Question // those that got a response
	polls       int
	// hangs, if set, makes a poll by its number never get a response.
	hangs func(poll int) bool
	// holding, if set, holds back a response about a user after it was made.
	holding func(userID int64)
}

func newService(users ...int64) *service {
	s := &service{users: map[int64]authclient.Record{}, changed: make(chan struct{})}
	for _, id := range users {
		s.users[id] = authclient.Record{UserID: id, Exists: true, Generation: 3}
	}
	return s
}

func (s *service) Record(_ context.Context, q authclient.Question) (authclient.Record, error) {
	userID := q.UserID
	s.mu.Lock()
	s.lookups++
	r, unavailable, hold := s.record(userID), s.unavailable, s.holding
	if s.sessions != nil {
		r.SessionKnown = new(slices.Contains(s.sessions, q.SessionID))
	}
	if !unavailable {
		s.questions = append(s.questions, q)
	}
	s.mu.Unlock()
	if unavailable {
		return authclient.Record{}, authclient.ErrUnavailable
	}
	if hold != nil {
		hold(userID)
	}
	return r, nil
}

func (s *service) record(userID int64) authclient.Record {
	r := s.users[userID]
	r.UserID = userID
	if p, planned := s.plans[r.Plan]; planned {
		r.PlanLimits = &p
	}
	return r
}

func (s *service) Start(context.Context) (authclient.Page, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unavailable {
		return authclient.Page{}, authclient.ErrUnavailable
	}
	return authclient.Page{Cursor: strconv.FormatInt(s.version, 10), Epoch: s.epoch, Plans: s.plansAfter(-1)}, nil
}

func (s *service) Changes(ctx context.Context, cursor string, wait time.Duration) (authclient.Page, error) {
	after, err := strconv.ParseInt(cursor, 10, 64)
	if err != nil {
		return authclient.Page{}, err
	}
	s.mu.Lock()
	s.polls++
	epoch := s.epoch
	hung := s.hangs != nil && s.hangs(s.polls)
	s.mu.Unlock()
	if hung {
		<-ctx.Done()
		return authclient.Page{}, authclient.ErrUnavailable
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for over := false; ; {
		page, changed, err := s.page(after)
		if err != nil || len(page.Users)+len(page.Plans) > 0 || over || page.Epoch != epoch {
			return page, err
		}
		select {
		case <-changed:
		case <-timer.C:
			over = true
		case <-ctx.Done():
			return authclient.Page{}, authclient.ErrUnavailable
		}
	}
}

func (s *service) page(after int64) (authclient.Page, chan struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unavailable {
		return authclient.Page{}, nil, authclient.ErrUnavailable
	}
	if after < s.pruned {
		return authclient.Page{}, nil, authclient.ErrCursorGone
	}
	page := authclient.Page{Cursor: strconv.FormatInt(s.version, 10), Epoch: s.epoch, Plans: s.plansAfter(after)}
	for _, r := range s.users {
		if r.Version > after {
			page.Users = append(page.Users, r)
		}
	}
	slices.SortFunc(page.Users, func(a, b authclient.Record) int { return int(a.Version - b.Version) })
	return page, s.changed, nil
}

// change changes a user, and the feed has it at once.
func (s *service) change(userID int64, change func(*authclient.Record)) {
	s.changeBeforeFeed(userID, change)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wake()
}

// outage makes the service unavailable, or available again.
func (s *service) outage(unavailable bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unavailable = unavailable
	s.wake()
}

func (s *service) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *service) lookedUp() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lookups
}

// params are for tokens of one user at the moment.
func params(userID int64, now time.Time) tokentest.Params {
	return tokentest.Params{
		Secret: secret, Issuer: "tallygate", Audience: "tallygate", MaxLife: time.Hour, Now: now,
		UserID: strconv.FormatInt(userID, 10), SessionID: "session-1", Generation: 3, TrapURL: "http://127.0.0.1:1/",
	}
}

// fixture is a checker that runs in front of a service.
type fixture struct {
	*check.Checker
	service *service
	keys    *token.Keyring
	stop    func()
}

func start(t testing.TB, s *service, change func(*check.Config)) *fixture {
	t.Helper()
	keys, err := token.NewKeyring(secret, nil)
	if err != nil {
		t.Fatal(err)
	}
	cfg := check.Config{
		Verifier:    token.NewVerifier(token.Config{Keys: keys, Issuer: "tallygate", Audience: "tallygate", MaxLife: time.Hour}),
		AuthService: s, Log: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&cfg)
	}
	f := &fixture{Checker: check.New(cfg), service: s, keys: keys}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := f.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	f.stop = func() { cancel(); wg.Wait() }
	return f
}

// as checks a token of the user as it is issued now.
func (f *fixture) as(userID int64) error {
	_, err := f.Check(context.Background(), []string{params(userID, time.Now()).Token()})
	return err
}
