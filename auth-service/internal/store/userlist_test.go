package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/store"
)

func TestUsersAreFoundByEachFilter(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	admin, user := account.RoleAdmin, account.RoleNone
	pro, ordinary := account.PlanName("pro"), account.PlanName("")
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		putPlan(t, db, "pro")
		for _, u := range []account.NewUser{
			{Name: "ada"}, {Name: "alan", Role: admin}, {Name: "grace", Plan: pro}, {Name: "root", Role: admin}, {Name: "x3"},
		} {
			u.PasswordHash, u.CreatedAt = "hash", noon()
			if _, err := db.InsertUser(t.Context(), u); err != nil {
				t.Fatal(err)
			}
		}
		editUser(t, db, 1, func(u account.User) account.User { u.Disabled = true; return u })
		for _, row := range []struct {
			search account.UserSearch
			after  string
			want   string
		}{
			{account.UserSearch{}, "", "ada alan grace root x3"},
			{account.UserSearch{}, "alan", "grace root x3"},
			{account.UserSearch{Query: "a"}, "", "ada alan grace"},
			{account.UserSearch{Query: "a"}, "ada", "alan grace"},
			{account.UserSearch{Query: "3"}, "", "grace x3"},
			{account.UserSearch{Query: "3"}, "grace", "x3"},
			{account.UserSearch{Query: "03"}, "", ""},
			{account.UserSearch{Role: &admin}, "", "alan root"},
			{account.UserSearch{Role: &user}, "", "ada grace x3"},
			{account.UserSearch{Disabled: &yes}, "", "ada"},
			{account.UserSearch{Disabled: &no}, "", "alan grace root x3"},
			{account.UserSearch{Plan: &pro}, "", "grace"},
			{account.UserSearch{Plan: &ordinary}, "", "ada alan root x3"},
			{account.UserSearch{Query: "a", Role: &user, Disabled: &no}, "", "grace"},
		} {
			users, err := db.Users(t.Context(), row.search, row.after, 10)
			var names []string
			for _, u := range users {
				names = append(names, u.Name)
			}
			if got := strings.Join(names, " "); err != nil || got != row.want {
				t.Errorf("%+v after %q: got %s, %v, want %s", row.search, row.after, got, err, row.want)
			}
		}
	})
}

func TestSearchTakesNoCharacterForAPattern(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		for _, name := range []string{"a%c", "a_c", `a\c`, "abc", "ac"} {
			insert(t, db, name)
		}
		for query, want := range map[string]string{"%": "a%c", "_": "a_c", `\`: `a\c`, "a%": "a%c", "_c": "a_c", `\c`: `a\c`, `\%`: "", "a%c": "a%c"} {
			users, err := db.Users(t.Context(), account.UserSearch{Query: query}, "", 10)
			if err != nil || len(users) > 1 || len(users) == 1 && users[0].Name != want || len(users) == 0 && want != "" {
				t.Errorf("%s: got %+v, %v, want %s", query, users, err, want)
			}
		}
	})
}

func editUser(t *testing.T, db *store.Store, id int64, change func(account.User) account.User) {
	t.Helper()
	_, err := db.UpdateUser(t.Context(), id, noon(), func(u account.User) (account.Change, error) {
		return account.Change{User: change(u)}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestPresenceCountsLiveSessionsAndTakesTheLatestUse(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		ada, alan, eve := insert(t, db, "ada"), insert(t, db, "alan"), insert(t, db, "eve")
		first := start(t, db, ada)
		second := session(ada, 2)
		if _, err := db.StartSession(t.Context(), begin(second, ada.Generation)); err != nil {
			t.Fatal(err)
		}
		if err := update(t, db, ada, first.ID, func(_ account.User, s account.Session) account.Session {
			s.LastUsedAt, s.EndedAt = noon().Add(time.Hour), noon().Add(time.Hour)
			return s
		}); err != nil {
			t.Fatal(err)
		}
		third := session(alan, 3)
		if _, err := db.StartSession(t.Context(), begin(third, alan.Generation)); err != nil {
			t.Fatal(err)
		}
		used := apiKey(alan, 1)
		used.LastUsedAt = noon().Add(2 * time.Hour)
		addKey(t, db, used)
		got, err := db.Presences(t.Context(), []int64{ada.ID, alan.ID, eve.ID}, noon(), noon().Add(-time.Hour))
		want := map[int64]account.Presence{
			ada.ID:  {Sessions: 1, LastSeenAt: noon().Add(time.Hour)},
			alan.ID: {Sessions: 1, LastSeenAt: noon().Add(2 * time.Hour)},
		}
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
		got, err = db.Presences(t.Context(), []int64{ada.ID}, noon(), noon().Add(time.Hour))
		if err != nil || got[ada.ID].Sessions != 0 {
			t.Errorf("an idle session counts: %v, %v", got, err)
		}
	})
}

func TestMonthTotalsAreOfTheUsersAskedFor(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		l := newLedger(open(t, url), noon())
		add(t, l, "a", 1, calls(7, "root", noon(), 6), calls(7, "files", midnight().AddDate(0, 0, -3), 3),
			calls(7, "root", noon().AddDate(0, -1, 0), 50), calls(8, "root", noon(), 2), calls(9, "root", noon(), 1))
		for range 40 { // before and after the days of the month are rolled
			got, err := l.MonthTotals(t.Context(), []int64{7, 8, 10})
			if err != nil || len(got) != 2 || got[7].Requests != 9 || got[7].RateLimited != 11 || got[8].Units != 2 {
				t.Fatalf("got %+v, %v", got, err)
			}
			if err := l.RollUp(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
}
