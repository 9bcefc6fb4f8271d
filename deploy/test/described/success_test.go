package described_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"
)

const (
	password            = "correct horse battery"
	introspectionSecret = "0123456789abcdef0123456789abcdef"
)

// tokens are the members of a sign-in that the test uses.
type tokens struct {
	Token   string `json:"token"`
	Refresh string `json:"refresh_token"`
}

func (d *driver) signIn(t *testing.T, name, secret string) (out tokens) {
	t.Helper()
	d.call(t, "", "POST", "/token", members{"username": name, "password": secret}, 200).read(t, &out)
	return out
}

// register makes a user and signs in.
func (d *driver) register(t *testing.T, name string) tokens {
	t.Helper()
	d.call(t, "", "POST", "/users/register", members{"username": name, "password": password}, 201)
	return d.signIn(t, name, password)
}

// account drives what users do with their account, but for its end.
func (d *driver) account(t *testing.T) {
	t.Helper()
	ada := d.register(t, "ada")
	d.call(t, "", "POST", "/users/register", members{"username": "ada", "password": password}, 200)
	d.call(t, "", "POST", "/token/refresh", members{"refresh_token": ada.Refresh}, 200).read(t, &ada)
	d.call(t, ada.Token, "POST", "/token/ticket", members{"path": "/root"}, 200)
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Authorization": {"Bearer " + introspectionSecret}}
	d.send(t, form, "POST", "/token/introspect", url.Values{"token": {ada.Token}}.Encode(), 200)
	d.call(t, ada.Token, "GET", "/users/me", nil, 200)
	d.signIn(t, "ada", password)
	var list struct {
		Sessions []struct {
			ID      string `json:"id"`
			Current bool   `json:"current"`
		} `json:"sessions"`
	}
	d.call(t, ada.Token, "GET", "/users/me/sessions", nil, 200).read(t, &list)
	for _, one := range list.Sessions {
		if !one.Current {
			d.call(t, ada.Token, "DELETE", "/users/me/sessions/"+one.ID, nil, 204)
		}
	}
	d.call(t, ada.Token, "DELETE", "/users/me/sessions", nil, 204)
	d.call(t, ada.Token, "GET", "/root?number=9&n=0.5", nil, 200)
	d.call(t, ada.Token, "GET", "/users/me/usage?by=day", nil, 200)
	d.call(t, ada.Token, "GET", "/users/me/usage?by=day&format=csv", nil, 200)
	d.call(t, ada.Token, "GET", "/users/me/limits", nil, 200)
	d.call(t, ada.Token, "PUT", "/users/me/password", members{"current_password": password, "new_password": password + "!"}, 204)
	d.call(t, d.signIn(t, "ada", password+"!").Token, "POST", "/logout", nil, 204)
	d.call(t, d.signIn(t, "ada", password+"!").Token, "DELETE", "/users/me", members{"password": password + "!"}, 204)
	d.call(t, "", "GET", "/.well-known/jwks.json", nil, 200)
}

// keys drives what users do with API keys.
func (d *driver) keys(t *testing.T) {
	t.Helper()
	owner := d.register(t, "grace").Token
	var key struct {
		ID string `json:"key_id"`
	}
	d.call(t, owner, "POST", "/users/me/keys", members{"name": "nightly import", "monthly_quota": 1000}, 201).read(t, &key)
	d.call(t, owner, "GET", "/users/me/keys", nil, 200)
	at := "/users/me/keys/" + key.ID
	d.call(t, owner, "PATCH", at, members{"routes": []string{"root"}}, 200)
	d.call(t, owner, "POST", at+"/rotate", members{"overlap_seconds": 60}, 200)
	d.call(t, owner, "DELETE", at, nil, 204)
}

// factor drives the second factor.
func (d *driver) factor(t *testing.T) {
	t.Helper()
	user := d.register(t, "edith").Token
	const at = "/users/me/totp"
	d.call(t, user, "PUT", at, members{"otp": "123456"}, 409)
	d.call(t, user, "DELETE", at, members{"password": password}, 404)
	d.call(t, user, "POST", at+"/recovery-codes", members{"password": password}, 404)
	var begun struct{ Secret string }
	d.call(t, user, "POST", at, members{"password": password}, 200).read(t, &begun)
	var codes struct {
		Codes []string `json:"recovery_codes"`
	}
	d.call(t, user, "PUT", at, members{"otp": appCode(t, begun.Secret)}, 200).read(t, &codes)
	d.call(t, "", "POST", "/token", members{"username": "edith", "password": password}, 401)
	d.call(t, user, "POST", at+"/recovery-codes", members{"password": password, "otp": codes.Codes[0]}, 200).read(t, &codes)
	d.call(t, user, "POST", at, members{"password": password, "otp": "no code"}, 401)
	d.call(t, user, "DELETE", at, members{"password": password, "otp": codes.Codes[0]}, 204)
}

// appCode is the code that an authenticator app shows now.
func appCode(t *testing.T, key string) string {
	t.Helper()
	secret, err := base32.StdEncoding.DecodeString(key)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha1.New, secret)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(time.Now().Unix()/30)))
	sum := mac.Sum(nil)
	at := sum[19] & 15
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[at:])&0x7fffffff%1000000)
}

// administration drives what administrators do.
func (d *driver) administration(t *testing.T, root string) {
	t.Helper()
	var made struct {
		ID    int64  `json:"user_id"`
		Reset string `json:"reset_token"`
	}
	d.call(t, root, "PUT", "/admin/plans/team", members{"requests_per_month": 5000, "rates": []members{{"route": "*", "rate": "10/s"}}}, 201)
	d.call(t, root, "PUT", "/admin/plans/team", members{"requests_per_month": 6000}, 200)
	d.call(t, root, "GET", "/admin/plans", nil, 200)
	d.call(t, root, "GET", "/admin/plans/team", nil, 200)
	d.call(t, root, "POST", "/admin/users", members{"username": "linus", "plan": "team"}, 201).read(t, &made)
	d.call(t, root, "DELETE", "/admin/plans/team", nil, 409)
	d.call(t, root, "POST", "/admin/users", members{"username": "linus"}, 409)
	d.call(t, "", "POST", "/users/password", members{"reset_token": made.Reset, "new_password": password}, 204)
	at := fmt.Sprintf("/admin/users/%d", made.ID)
	d.call(t, root, "GET", "/admin/users?limit=10", nil, 200)
	d.call(t, root, "GET", at, nil, 200)
	d.call(t, root, "PATCH", at, members{"plan": nil, "monthly_quota": 100, "roles": []string{"reports"}, "must_change_password": true}, 200)
	d.call(t, "", "POST", "/token", members{"username": "linus", "password": password}, 403)
	var user tokens
	d.call(t, "", "POST", "/token", members{"username": "linus", "password": password, "new_password": password + "!"}, 200).read(t, &user)
	d.call(t, root, "POST", at+"/reset", nil, 201)
	var key struct {
		ID string `json:"key_id"`
	}
	d.call(t, user.Token, "POST", "/users/me/keys", members{"name": "old script"}, 201).read(t, &key)
	d.call(t, root, "GET", at+"/keys", nil, 200)
	d.call(t, root, "DELETE", at+"/keys/"+key.ID, nil, 204)
	var begun struct{ Secret string }
	d.call(t, user.Token, "POST", "/users/me/totp", members{"password": password + "!"}, 200).read(t, &begun)
	d.call(t, user.Token, "PUT", "/users/me/totp", members{"otp": appCode(t, begun.Secret)}, 200)
	d.call(t, root, "DELETE", at+"/totp", nil, 204)
	d.call(t, root, "GET", at+"/sessions", nil, 200)
	d.call(t, root, "DELETE", at+"/sessions", nil, 204)
	d.preconditions(t, root, at)
	d.call(t, root, "GET", at+"/usage", nil, 200)
	d.call(t, root, "GET", at+"/usage?format=csv", nil, 200)
	d.call(t, root, "GET", "/admin/usage", nil, 200)
	d.call(t, root, "GET", "/admin/usage?format=csv", nil, 200)
	d.call(t, root, "GET", "/admin/usage/series?group=user&by=month", nil, 200)
	d.call(t, root, "DELETE", at, nil, 204)
	d.call(t, root, "DELETE", "/admin/plans/team", nil, 204)
	d.invitations(t, root)
	d.call(t, root, "GET", "/admin/audit?actor=root&target=team&action=put+plan&from=2026-01-01", nil, 200)
	d.call(t, root, "GET", "/admin/audit?format=csv&limit=10", nil, 200)
	d.call(t, root, "GET", "/admin/system", nil, 200)
}

// preconditions drives changes of what somebody else has changed meanwhile.
func (d *driver) preconditions(t *testing.T, root, user string) {
	t.Helper()
	const plan = "/admin/plans/team"
	with := func(field, value string) http.Header {
		return http.Header{"Authorization": {"Bearer " + root}, "Content-Type": {"application/json"}, field: {value}}
	}
	read := d.call(t, root, "GET", user, nil, 200).header.Get("ETag")
	d.send(t, with("If-Match", read), "PATCH", user, `{"monthly_quota":200}`, 200)
	d.send(t, with("If-Match", read), "PATCH", user, `{"monthly_quota":300}`, 412)
	d.send(t, with("If-Match", read), "DELETE", user, "", 412)
	read = d.call(t, root, "GET", plan, nil, 200).header.Get("ETag")
	d.send(t, with("If-None-Match", read), "GET", plan, "", 304)
	d.send(t, with("If-None-Match", "*"), "PUT", plan, `{}`, 412)
	d.send(t, with("If-Match", read), "PUT", plan, `{"requests_per_month":7000}`, 200)
	d.send(t, with("If-Match", read), "GET", plan, "", 412)
	d.send(t, with("If-Match", read), "DELETE", plan, "", 412)
	d.send(t, with("If-Match", "without quotes"), "DELETE", plan, "", 400)
}

func (d *driver) invitations(t *testing.T, root string) {
	t.Helper()
	var made, used struct {
		ID         string `json:"invitation_id"`
		Invitation string `json:"invitation"`
	}
	d.call(t, root, "POST", "/admin/invitations", members{"username": "margaret"}, 201).read(t, &made)
	d.call(t, root, "GET", "/admin/invitations", nil, 200)
	d.call(t, root, "DELETE", "/admin/invitations/"+made.ID, nil, 204)
	d.call(t, root, "POST", "/admin/invitations", members{}, 201).read(t, &used)
	d.call(t, "", "POST", "/users/register", members{"username": "barbara", "password": password, "invitation": used.Invitation}, 201)
	d.call(t, root, "DELETE", "/admin/invitations/"+used.ID, nil, 409)
	d.call(t, "", "POST", "/users/register", members{"username": "frances", "password": password, "invitation": used.Invitation}, 403)
}
