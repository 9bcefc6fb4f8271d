package account

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"tallygate/auth-service/internal/fault"
)

// UserSearch says which users are wanted. The zero value means all of them.
type UserSearch struct {
	Query    string // a part of the name, or the id; empty: any
	Role     *Role
	Disabled *bool
	Plan     *PlanName
}

// ID returns the id that the query may be; 0 for none.
func (s UserSearch) ID() int64 {
	if id, ok := ParseID(s.Query); ok {
		return id
	}
	return 0
}

// Users returns users who are searched for and come after the name after, in the order of names. Errors:
// *fault.InvalidError, fault.ErrUnavailable.
func (s *Service) Users(ctx context.Context, search UserSearch, after string, limit int) ([]User, error) {
	for field, text := range map[string]string{"query": search.Query, "cursor": after} {
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return nil, fault.Invalid(field, "This holds characters that no user name has.")
		}
	}
	if prepared, err := PrepareName(search.Query); err == nil {
		search.Query = prepared
	} else {
		search.Query = strings.ToLower(search.Query) // a part of a name need not be a name
	}
	return s.cfg.Store.Users(ctx, search, after, limit)
}

// Presence is when and where a user was last active.
type Presence struct {
	Sessions   int       // that live now
	LastSeenAt time.Time // latest use of a session or an API key; zero for none
}

// Presences returns the presence of each of some users. Errors: fault.ErrUnavailable.
func (s *Service) Presences(ctx context.Context, userIDs []int64) (map[int64]Presence, error) {
	now := s.now()
	return s.cfg.Store.Presences(ctx, userIDs, now, now.Add(-s.cfg.Lifetimes.SessionIdle))
}

// PlansOf returns the plans that users have, by name. Errors: fault.ErrUnavailable.
func (s *Service) PlansOf(ctx context.Context, users []User) (map[PlanName]Plan, error) {
	plans := map[PlanName]Plan{}
	var names []string
	for i := range users {
		if _, noted := plans[users[i].Plan]; !noted {
			plans[users[i].Plan] = Plan{Name: users[i].Plan}
			names = append(names, users[i].Plan.String())
		}
	}
	if names == nil {
		return plans, nil
	}
	found, err := s.cfg.Store.PlansOf(ctx, names)
	for i := range found {
		plans[found[i].Name] = found[i]
	}
	return plans, err
}
