package internalapitest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// SetUser sets a user's record: the description's example, without its API keys, with these members replaced. It is a new change of the feed.
// It panics at a member that the example does not have.
func (s *AuthService) SetUser(id int64, members Members) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	s.users[id] = set(s.planned(members), Members{"user_id": id, "version": s.version})
	close(s.changed)
	s.changed = make(chan struct{})
}

// planned is the example of a record with these members replaced. Unless they say otherwise, the user has the plan default, no
// roles, and the monthly quota for an own one.
func (s *AuthService) planned(members Members) Members {
	record := set(s.contract.ResponseExample("readRecord", http.StatusOK), Members{"plan": "default", "roles": []any{}})
	record = set(record, noKeys())
	record = set(record, members)
	if _, given := members["own_quota"]; !given {
		record["own_quota"] = record["monthly_quota"]
	}
	return record
}

// SetEveryone is SetUser for all users who are not set one by one. It is no change of the feed.
func (s *AuthService) SetEveryone(members Members) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.everyone = s.planned(members)
	set(s.everyone, Members{"version": 0})
}

func noKeys() Members { return Members{"keys": []any{}} }

// ForgetChanges makes the feed respond 410 to every cursor that it has sent so far.
func (s *AuthService) ForgetChanges() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	s.oldest = s.version
	close(s.changed)
	s.changed = make(chan struct{})
}

// Lookups is how many records were read one by one.
func (s *AuthService) Lookups() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lookups
}

// set puts members into a record and returns it.
func set(record, members Members) Members {
	for name, value := range members {
		if _, described := record[name]; !described {
			panic(fmt.Sprintf("the description's example has no member %q", name))
		}
		record[name] = value
	}
	return record
}

func (s *AuthService) record(id string) Members {
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		panic(err) // FindRoute and CheckRequest let only numbers through
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lookups++
	if record, known := s.users[number]; known {
		return s.withPlan(copyOf(record))
	}
	return s.withPlan(set(copyOf(s.everyone), Members{"user_id": number}))
}

// changes waits for a change after the cursor, as the feed does.
func (s *AuthService) changes(ctx context.Context, query url.Values) (int, Members) {
	if !query.Has("after") {
		s.mu.Lock()
		defer s.mu.Unlock()
		return http.StatusOK, s.page(nil, s.plansSince(-1))
	}
	after, err := strconv.ParseInt(query.Get("after"), 10, 64)
	if err != nil {
		return http.StatusUnprocessableEntity, s.contract.ResponseExample("readChanges", http.StatusUnprocessableEntity)
	}
	wait, err := time.ParseDuration(query.Get("wait"))
	if err != nil && query.Has("wait") {
		return http.StatusUnprocessableEntity, s.contract.ResponseExample("readChanges", http.StatusUnprocessableEntity)
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for ended := false; ; {
		s.mu.Lock()
		if after < s.oldest || after > s.version {
			s.mu.Unlock()
			return http.StatusGone, s.contract.ResponseExample("readChanges", http.StatusGone)
		}
		users, plans, page, changed := s.since(after), s.plansSince(after), Members(nil), s.changed
		if len(users)+len(plans) > 0 || ended {
			page = s.page(users, plans)
		}
		s.mu.Unlock()
		if page != nil {
			return http.StatusOK, page
		}
		ended = await(ctx, changed)
	}
}

// since returns the users who have changed after a version, in the order of their versions.
func (s *AuthService) since(after int64) []any {
	var users []any
	for _, record := range s.users {
		if version(record) > after {
			users = append(users, s.withoutPlan(copyOf(record)))
		}
	}
	slices.SortFunc(users, func(a, b any) int { return cmp.Compare(version(a), version(b)) })
	return users
}

func version(record any) int64 {
	members, _ := record.(Members)
	switch v := members["version"].(type) {
	case int64:
		return v
	case json.Number:
		n, _ := v.Int64() // encoded from an int64
		return n
	}
	return 0
}

func (s *AuthService) page(users, plans []any) Members {
	if users == nil {
		users = []any{}
	}
	page := set(s.contract.ResponseExample("readChanges", http.StatusOK), Members{
		"cursor": strconv.FormatInt(s.version, 10), "users": users, "plans": plans,
	})
	if s.older {
		delete(page, "plans")
	}
	return page
}
