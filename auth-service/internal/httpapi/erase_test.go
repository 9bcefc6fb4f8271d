package httpapi_test

import (
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/store/pgtest"
)

// telltale is a person who leaves traces that nothing else leaves.
type telltale struct {
	id                  int64
	name, v4, v6, agent string
	keyName             string // of API keys
	key                 []byte // under which the audit log has what it knows of the person
}

// spellings are all the ways in which the traces might be written down. Hashes of addresses are used while guesses from there
// count, those of the name only as long as somebody has it.
func (p *telltale) spellings(hashes bool) (all []string) {
	addresses := []string{p.v4, p.v6, strings.TrimSuffix(p.v6, "::77")}
	for _, text := range addresses {
		if a, err := netip.ParseAddr(text); err == nil {
			all = append(all, a.StringExpanded(), hex.EncodeToString(a.AsSlice()[:min(8, len(a.AsSlice()))]))
		}
	}
	for _, text := range append(addresses, p.name, strings.ToLower(p.name), p.agent, p.keyName) {
		all = append(all, text, strings.ToLower(text), strings.ToUpper(text), hex.EncodeToString([]byte(text)))
		for _, hashed := range []string{text, "anywhere\x00" + text, "of\x00" + text} {
			if !hashes && text != strings.ToLower(p.name) {
				break
			}
			sum := sha256.Sum256([]byte(hashed))
			all = append(all, string(sum[:]), hex.EncodeToString(sum[:]), base64.StdEncoding.EncodeToString(sum[:]))
		}
		// In base64 a text looks different behind 0, 1 or 2 others of three bytes. Its first and last characters also depend on
		// what stands beside it.
		for before := range 3 {
			encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", before) + text))
			all = append(all, encoded[before*2:len(encoded)-2])
		}
	}
	if len(p.key) > 0 {
		all = append(all, string(p.key), hex.EncodeToString(p.key))
	}
	return all
}

// in returns the traces that a text has.
func (p *telltale) in(text string, hashes bool) (found []string) {
	for _, s := range p.spellings(hashes) {
		if strings.Contains(text, s) || strings.Contains(text, strings.ToUpper(s)) {
			found = append(found, fmt.Sprintf("%q", s))
		}
	}
	return found
}

// lives does everything that leaves traces. root is an administrator, bob anybody else.
func (p *telltale) lives(t *testing.T, s *service, root signedIn, bob int64) (last signedIn) {
	t.Helper()
	agent := http.Header{"User-Agent": {p.agent}}
	at := func(c call, address string, status int) response {
		t.Helper()
		c.address, c.header = address, agent
		got := s.do(c)
		if got.status != status {
			t.Fatalf("%s %s: got %d %s, want %d", c.method, c.path, got.status, got.body, status)
		}
		return got
	}
	signIn := func(address string) signedIn {
		t.Helper()
		return read[signedIn](t, at(call{method: "POST", path: "/token", body: credentials(p.name, "123456")}, address, 200))
	}
	invite := call{
		method: "POST", path: "/admin/invitations", token: root.Token,
		body: fmt.Sprintf(`{"username":%q,"plan":"pro","roles":["analyst"]}`, p.name),
	}
	invitation := fetch[struct{ Invitation string }](t, s, invite, 201).Invitation
	register := call{method: "POST", path: "/users/register", body: fmt.Sprintf(`{"username":%q,"password":"123456","invitation":%q}`,
		p.name, invitation)}
	p.id = read[struct {
		ID int64 `json:"user_id"`
	}](t, at(register, p.v4, 201)).ID
	register.body = credentials(p.name, "123456")
	at(register, p.v4, 200)
	first := signIn(p.v4)
	second := signIn(p.v6)
	for _, address := range []string{p.v4, p.v6, "198.51.100.9"} {
		at(call{method: "POST", path: "/token", body: credentials(p.name, "wrong")}, address, 401)
	}
	at(call{method: "POST", path: "/token/refresh", body: fmt.Sprintf(`{"refresh_token":%q}`, second.RefreshToken)}, p.v6, 200)
	at(call{path: "/users/me/sessions", token: first.Token}, p.v4, 200)
	at(call{method: "POST", path: "/token/ticket", token: first.Token}, p.v4, 200)
	at(call{method: "POST", path: "/logout", token: first.Token}, p.v4, 204)
	s.deliver(int(p.id), p.id, "root", "", 5)
	user := fmt.Sprint("/admin/users/", p.id)
	for _, edit := range []string{
		`{"role":"admin"}`, `{"monthly_quota":1000}`, `{"plan":"pro","roles":["analyst","ops"]}`, `{"must_change_password":true}`,
	} {
		if got := s.do(call{method: "PATCH", path: user, token: root.Token, body: edit}); got.status != 200 {
			t.Fatalf("%s: got %d %s", edit, got.status, got.body)
		}
	}
	at(call{method: "POST", path: "/token", body: credentials(p.name, "123456")}, p.v6, 403)
	at(signInWith(p.name, "123456", "correct horse"), p.v6, 200)
	use := `{"reset_token":%q,"new_password":"123456"}`
	at(call{method: "POST", path: "/users/password", body: fmt.Sprintf(use, "tgr_wrong")}, p.v6, 403)
	at(call{method: "POST", path: "/users/password", body: fmt.Sprintf(use, s.reset(t, root, p.id).Token)}, p.v6, 204)
	s.reset(t, root, p.id) // it is never used
	last = signIn(p.v4)
	at(call{method: "POST", path: "/token", body: credentials(p.name, "wrong")}, p.v6, 401)
	p.makesKeys(t, s, root, last)
	p.administers(t, s, at, last, bob)
	return last
}

// plainAudit adds an entry to the audit log as the version before does.
func plainAudit(t *testing.T, url string, actor any, actorName string, target int64, targetName, address string) {
	t.Helper()
	change(t, url, fmt.Sprintf("insert into audit_log (at, actor_id, actor_name, action, target_id, target_name, detail, address)"+
		" values (%s, %v, '%s', 'edit', %d, '%s', 'disabled=true', '%s')",
		map[bool]string{true: "now()", false: "1"}[strings.HasPrefix(url, "postgres")], actor, actorName, target, targetName, address))
}

func openSQL(t *testing.T, url string) *sql.DB {
	t.Helper()
	driver := "sqlite"
	if strings.HasPrefix(url, "postgres") {
		driver = "pgx"
	}
	return must(sql.Open(driver, strings.TrimPrefix(url, "sqlite:")))(t)
}

// change runs a statement, past everything that the store does.
func change(t *testing.T, url, statement string) {
	t.Helper()
	db := openSQL(t, url)
	defer db.Close() //nolint:errcheck // the statement has run
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func keyOf(t *testing.T, url string, user int64) (key []byte) {
	t.Helper()
	db := openSQL(t, url)
	defer db.Close() //nolint:errcheck // the statement has run
	if err := db.QueryRowContext(t.Context(), "select key from person_keys where user_id = $1", user).Scan(&key); err != nil {
		t.Fatal(err)
	}
	return key
}

// files are the bytes of the files of an SQLite database; nothing for PostgreSQL.
func files(t *testing.T, url string) (all string) {
	t.Helper()
	path, ok := strings.CutPrefix(url, "sqlite:")
	if !ok {
		return ""
	}
	for _, end := range []string{"", "-wal", "-shm"} {
		raw, err := os.ReadFile(path + end)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		all += string(raw)
	}
	return all
}

// TestErasedPersonsLeaveNoTrace finds the tables in the database's own catalogue, so that one that is added later is not
// forgotten. Whoever adds a way to leave traces adds it to lives.
func TestErasedPersonsLeaveNoTrace(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url, guesses: defaultGuesses()})
		root := s.root(t)
		bob := s.register(t, "bob", "123456")
		fetch[struct{}](t, s, call{method: "PUT", path: "/admin/plans/pro", token: root.Token, body: "{}"}, 201)
		people := []telltale{
			{name: "Zelda-Quuxfield", v4: "203.0.113.71", v6: "2001:db8:7e11:7a1e::77", agent: "Zeldas-Browser/7", keyName: "Zeldas-Heating"},
			{name: "Yorick-Plugh-Gravedigger", v4: "203.0.113.72", v6: "2001:db8:7e12:7a1e::77", agent: "Yoricks-Browser/7", keyName: "Yoricks-Doorbell"},
			{name: "Xanthippe-Frobnitz", v4: "203.0.113.73", v6: "2001:db8:7e13:7a1e::77", agent: "Xanthippes-Browser/7", keyName: "Xanthippes-Greenhouse"},
		}
		var last []signedIn
		for i := range people {
			p := &people[i]
			last = append(last, p.lives(t, s, root, bob))
			plainAudit(t, url, p.id, strings.ToLower(p.name), bob, "bob", p.v4)
			plainAudit(t, url, 1, "root", p.id, strings.ToLower(p.name), "192.0.2.1")
			p.key = keyOf(t, url, p.id)
		}
		if strings.HasPrefix(url, "postgres") {
			change(t, url, "analyze")
		}
		before := auditLog(t, s, root)
		for i := range people {
			p := &people[i]
			if !strings.Contains(strings.Join(before, "\n"), strings.ToLower(p.name)+"@"+p.v6) {
				t.Errorf("the audit log does not name %s: %q", p.name, before)
			}
			if dump, raw := pgtest.Dump(t, url), files(t, url); len(p.in(dump, true)) < 6 || raw != "" && len(p.in(raw, true)) < 6 {
				t.Fatalf("%s has left no traces to look for: %v", p.name, p.in(dump, true))
			}
		}

		// The three ways.
		own := call{method: "DELETE", path: "/users/me", token: last[0].Token, body: `{"password":"123456"}`, address: people[0].v4}
		fetch[struct{}](t, s, own, 204)
		fetch[struct{}](t, s, call{method: "DELETE", path: fmt.Sprint("/admin/users/", people[1].id), token: root.Token}, 204)
		if err := s.accounts.RemoveUser(t.Context(), account.Actor{Name: "command line"}, people[2].id, nil); err != nil {
			t.Fatal(err)
		}

		wantNoTrace(t, people, false, "at once", pgtest.Dump(t, url))
		s.clock.advance(46 * time.Minute) // GUESS_WINDOW after the longest delay, and a sweep
		if err := s.accounts.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantNoTrace(t, people, true, "after the sweep", pgtest.Dump(t, url))
		wantNoTrace(t, people, true, "in the file", files(t, url))
		if strings.Contains(pgtest.Dump(t, url), "guess_counters:") {
			t.Error("hashes of names are left in the counters of guesses")
		}

		root = s.signIn(t, "root", "123456")
		wantSameEntries(t, before, auditLog(t, s, root))
		got := s.do(call{path: fmt.Sprintf("/admin/users/%d/usage?from=2026-11-01&to=2026-12-01", people[0].id), token: root.Token})
		if got.status != 200 || !strings.Contains(got.body, `"requests":5`) {
			t.Errorf("the tally is %d %s", got.status, got.body)
		}
	})
}

func wantNoTrace(t *testing.T, people []telltale, hashes bool, where, text string) {
	t.Helper()
	for i := range people {
		p := &people[i]
		found := p.in(text, hashes)
		if len(found) == 0 {
			continue
		}
		t.Errorf("%s, %s is still there: %s", where, p.name, strings.Join(found, ", "))
		for line := range strings.Lines(text) {
			if len(p.in(line, hashes)) > 0 && len(line) < 2000 {
				t.Logf("%q", line)
			}
		}
	}
}

// wantSameEntries wants the entries that there were, without names, behind two that are newer.
func wantSameEntries(t *testing.T, before, after []string) {
	t.Helper()
	if len(after) != len(before)+2 {
		t.Fatalf("there were %d entries, and now there are %d: %q", len(before), len(after), after)
	}
	names := regexp.MustCompile(`^.*@\S* (?:(create|edit|reset|invite|revoke-key) \S*|(put plan pro)) `)
	for i, was := range before {
		if got, want := names.ReplaceAllString(after[i+2], "$1$2 "), names.ReplaceAllString(was, "$1$2 "); got != want || want == was {
			t.Errorf("%q became %q", was, after[i+2])
		}
	}
}
