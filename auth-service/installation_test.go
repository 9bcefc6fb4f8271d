package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"tallygate/kit/apikey"
	"tallygate/kit/internalapi"
	"tallygate/kit/internalapi/internalapitest"
)

// installation is what people hold of an installation whose database has rows in every table, and what has to go on working with a
// copy of that database.
type installation struct {
	Access   string `json:"access"`  // ada's token
	Refresh  string `json:"refresh"` // ada's, not spent
	Spent    string `json:"spent"`   // ada's refresh token before
	Recovery string `json:"recovery"`
	Code     string `json:"code"` // of ada's second factor, spent
	Key      string `json:"key"`  // ada's
	Reset    string `json:"reset"`
	Invited  string `json:"invited"` // an invitation that nobody has used
	LastID   int64  `json:"last_id"` // the highest id of a user
	Requests int64  `json:"requests"`
}

// Passwords of the people in it.
const (
	ofRoot = `{"username":"root","password":"123456"}`
	ofBob  = `{"username":"bob","password":"123456"}`
)

// lasting are settings with which tokens outlive every test.
func lasting(vars map[string]string) map[string]string {
	for _, name := range []string{"JWT_TTL", "SESSION_IDLE", "SESSION_LIFETIME"} {
		vars[name] = "876000h"
	}
	return vars
}

// caller makes calls that have to succeed.
type caller struct {
	t *testing.T
	running

	internal string
}

func newCaller(t *testing.T, r running) caller {
	t.Helper()
	bearer, err := internalapi.NewBearer(otherSecret)
	if err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "ready", func() bool { return r.ready(t) })
	return caller{t: t, running: r, internal: bearer.Header()}
}

// call makes a call of the public API or, with a path below /internal, of the private one.
func (c caller) call(method, path, token, body string, want int, into any) {
	c.t.Helper()
	base := c.url
	if strings.HasPrefix(path, "/internal/") {
		base, token = c.private, c.internal
	}
	status, text := send(c.t, method, base+path, token, body)
	if status != want {
		c.t.Fatalf("%s %s: got %d %s, want %d", method, path, status, text, want)
	}
	if into != nil {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			c.t.Fatalf("%s: %v", text, err)
		}
	}
}

type tokenPair struct {
	Token   string
	Refresh string `json:"refresh_token"`
}

// install makes an installation over an empty database.
func install(t *testing.T, vars map[string]string) installation {
	t.Helper()
	in := installation{}
	if code, out := runWith(t, vars, "123456\n", "admin", "create", "root"); code != 0 {
		t.Fatal(out)
	}
	r := start(t, vars)
	c := newCaller(t, r)
	var root tokenPair
	c.call("POST", "/token", "", ofRoot, 200, &root)
	c.people(&in, root.Token)
	c.usage(&in, root.Token)
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	rollUp(t, vars)
	if code, out := runWith(t, vars, "", "ledger", "verify"); code != 0 {
		t.Fatal(out)
	}
	return in
}

func (c caller) people(in *installation, root string) {
	c.t.Helper()
	const ada, otp = `{"username":"Ada","password":"123456"}`, "/users/me/totp"
	for _, user := range []string{ada, ofBob, `{"username":"eve","password":"123456"}`} {
		var made struct {
			ID int64 `json:"user_id"`
		}
		c.call("POST", "/users/register", "", user, 201, &made)
		in.LastID = made.ID
	}
	c.call("POST", "/token", "", `{"username":"bob","password":"wrong"}`, 401, nil)
	var first, second tokenPair
	c.call("POST", "/token", "", ada, 200, &first)
	c.call("POST", "/token/refresh", "", `{"refresh_token":"`+first.Refresh+`"}`, 200, &second)
	in.Spent = first.Refresh
	var last tokenPair
	c.call("POST", "/token/refresh", "", `{"refresh_token":"`+second.Refresh+`"}`, 200, &last)
	in.Access, in.Refresh = last.Token, last.Refresh
	var begun struct{ Secret string }
	c.call("POST", otp, in.Access, `{"password":"123456"}`, 200, &begun)
	var confirmed struct {
		Codes []string `json:"recovery_codes"`
	}
	in.Code = appCode(c.t, begun.Secret)
	c.call("PUT", otp, in.Access, `{"otp":"`+in.Code+`"}`, 200, &confirmed)
	in.Recovery = confirmed.Codes[0]
	c.call("PUT", "/admin/plans/gold", root, `{"requests_per_month":1000000,"requests_per_day":50000,"rates":[{"route":"*","rate":"10/s","burst":20}],"in_flight":9}`, 201, nil)
	c.call("PUT", "/admin/plans/silver", root, `{"requests_per_month":10}`, 201, nil)
	c.call("DELETE", "/admin/plans/silver", root, "", 204, nil)
	c.call("PATCH", fmt.Sprintf("/admin/users/%d", in.LastID-2), root, `{"plan":"gold","roles":["analyst"],"monthly_quota":777}`, 200, nil)
	c.call("DELETE", fmt.Sprintf("/admin/users/%d", in.LastID), root, "", 204, nil)
	var reset struct {
		Token string `json:"reset_token"`
	}
	c.call("POST", fmt.Sprintf("/admin/users/%d/reset", in.LastID-1), root, "", 201, &reset)
	in.Reset = reset.Token
	var invitation struct{ Invitation string }
	c.call("POST", "/admin/invitations", root, `{"username":"zoë","plan":"gold","expires_in":2592000}`, 201, &invitation)
	in.Invited = invitation.Invitation
}

func (c caller) usage(in *installation, root string) {
	c.t.Helper()
	var key struct {
		Key string
		ID  string `json:"key_id"`
	}
	c.call("POST", "/users/me/keys", in.Access, `{"name":"ключ","routes":["root"],"monthly_quota":5000}`, 201, &key)
	in.Key = key.Key
	ada, now := in.LastID-2, time.Now().UTC()
	for sequence, hour := range map[int]time.Time{1: now.AddDate(0, 0, -40), 2: now.AddDate(0, 0, -3), 4: now} {
		c.call("PUT", "/internal/usage", "", fmt.Sprintf(`{"gateway":"g1","sequence":%d,"rows":[
			{"user_id":%d,"route":"root","hour":%q,"requests":7,"units":70,"client_errors":1,"server_errors":2,"rate_limited":1,"bytes_in":5,"bytes_out":9},
			{"user_id":%d,"route":"root","key_id":%q,"hour":%q,"requests":3,"client_errors":0,"server_errors":0,"rate_limited":0,"bytes_in":1,"bytes_out":2}]}`,
			sequence, ada, hour.Truncate(time.Hour).Format(time.RFC3339), ada, key.ID, hour.Truncate(time.Hour).Format(time.RFC3339)), 204, nil)
		in.Requests += 10
	}
	c.call("POST", "/internal/keys", "", fmt.Sprintf(`{"hash":%q}`, apikey.Hash(key.Key)), 200, nil)
	for _, scope := range []string{`"month":"` + now.Format("2006-01") + `"`, `"day":"` + now.Format(time.DateOnly) + `"`} {
		c.call("POST", "/internal/quota/leases", "", fmt.Sprintf(`{"gateway":"g1","user_id":%d,%s,"request":1,"want":5,"least":1}`, ada, scope), 200, nil)
	}
	c.call("POST", "/internal/rates", "", fmt.Sprintf(
		`{"gateway":"g1","calls":[{"user_id":%d,"limit":"plan root","calls":3,"step_ns":3600000000000,"bound_ns":36000000000000}]}`, ada), 200, nil)
	contract, err := internalapitest.Load()
	if err != nil {
		c.t.Fatal(err)
	}
	report, err := json.Marshal(contract.RequestExample("reportGateway"))
	if err != nil {
		c.t.Fatal(err)
	}
	c.call("PUT", "/internal/gateways/g1", "", string(report), 204, nil)
	c.call("GET", "/admin/users", root, "", 200, nil)
}

// rollUp sums the days that are over, which a service does a minute after its start.
func rollUp(t *testing.T, vars map[string]string) {
	t.Helper()
	cfg := databaseConfig{url: vars["DATABASE_URL"], maxConns: 4, timeout: time.Minute}
	db, err := openForCommand(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // what it did is looked at
	usage := newLedger(usageConfig{hoursKept: 30 * 24 * time.Hour, leaseTime: time.Minute}, db, slog.New(slog.DiscardHandler))
	if err := usage.RollUp(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// check looks whether an installation goes on over a database. It spends the refresh token and what else can be used once. A fresh
// installation was made a moment ago: nothing of it has expired.
func (in installation) check(t *testing.T, vars map[string]string, fresh bool) {
	t.Helper()
	if code, out := runWith(t, vars, "", "ledger", "verify"); code != 0 || !strings.Contains(out, "The ledger agrees") {
		t.Errorf("ledger verify: got %d %s", code, out)
	}
	r := start(t, vars)
	c := newCaller(t, r)
	c.call("GET", "/users/me", in.Access, "", 200, nil)
	var usage struct {
		Total struct{ Requests, Units int64 }
	}
	c.call("GET", "/users/me/usage?from=2020-01-01&to=2100-01-01&by=month", in.Access, "", 200, &usage)
	if usage.Total.Requests != in.Requests || usage.Total.Units != in.Requests+63*in.Requests/10 {
		t.Errorf("got %+v, want %d requests", usage.Total, in.Requests)
	}
	var key struct {
		User struct{ Plan string }
	}
	c.call("POST", "/internal/keys", "", fmt.Sprintf(`{"hash":%q}`, apikey.Hash(in.Key)), 200, &key)
	if key.User.Plan != "gold" {
		t.Errorf("the key's user has the plan %q", key.User.Plan)
	}
	credentials := func(otp string) string { return `{"username":"ada","password":"123456","otp":"` + otp + `"}` }
	c.call("POST", "/token", "", credentials(in.Code), 401, nil) // spent
	c.call("POST", "/token", "", credentials(in.Recovery), 200, nil)
	c.call("POST", "/token", "", credentials(in.Recovery), 401, nil)
	c.call("POST", "/token", "", ofBob, 200, nil)
	var root, next tokenPair
	c.call("POST", "/token", "", ofRoot, 200, &root)
	c.call("POST", "/token/refresh", "", `{"refresh_token":"`+in.Refresh+`"}`, 200, &next)
	c.call("GET", "/users/me", next.Token, "", 200, nil)
	newcomer := `{"username":"zoë","password":"123456"}`
	if fresh {
		newcomer = `{"username":"zoë","password":"123456","invitation":"` + in.Invited + `"}`
		c.call("POST", "/users/password", "", `{"reset_token":"`+in.Reset+`","new_password":"654321"}`, 204, nil)
	}
	var made, again struct {
		ID int64 `json:"user_id"`
	}
	c.call("POST", "/users/register", "", newcomer, 201, &made)
	c.call("POST", "/users/register", "", `{"username":"ADA","password":"x"}`, 200, &again)
	if made.ID <= in.LastID || again.ID != in.LastID-2 {
		t.Errorf("got the ids %d and %d, and the last one was %d", made.ID, again.ID, in.LastID)
	}
	var audit struct{ Entries []struct{ Action string } }
	c.call("GET", "/admin/audit", root.Token, "", 200, &audit)
	c.call("PATCH", fmt.Sprintf("/admin/users/%d", made.ID), root.Token, `{"roles":["new"]}`, 200, nil)
	if len(audit.Entries) < 4 {
		t.Errorf("the audit log has %+v", audit)
	}
	c.call("POST", "/token/refresh", "", `{"refresh_token":"`+in.Spent+`"}`, http.StatusUnauthorized, nil) // it was spent long ago: this ends the session
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
}
