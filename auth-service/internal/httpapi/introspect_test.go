package httpapi_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/routers/legacy"

	"tallygate/kit/ticket"
)

const (
	askersSecret = "a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4"
	askersNext   = "0f9e8d7c6b5a49382716f5e4d3c2b1a00f9e8d7c"
	inactive     = `{"active":false}`
)

func formField() http.Header {
	return http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
}

// asks calls as a service with the credential.
func asks(token string) call {
	return call{method: "POST", path: "/token/introspect", token: "Bearer " + askersSecret, header: formField(), body: "token=" + url.QueryEscape(token)}
}

func TestAnActiveTokenIsDescribed(t *testing.T) {
	t.Parallel()
	s := newService(t, options{askers: askersSecret + "," + askersNext})
	root, ada := s.root(t), s.user(t, "ada")
	for name, row := range map[string]struct{ token, sub, role string }{
		"a user":           {ada.Token, "2", ""},
		"an administrator": {root.Token, "1", "admin"},
	} {
		got := s.do(asks(row.token))
		claims := must(s.verifier.Verify(row.token))(t)
		said := read[map[string]any](t, got)
		want := map[string]any{
			"active": true, "token_type": "Bearer", "sub": row.sub, "iss": "tallygate", "aud": "tallygate", "jti": claims.ID, "sid": claims.SessionID,
			"exp": float64(claims.ExpiresAt.Unix()), "iat": float64(claims.IssuedAt.Unix()),
		}
		for member, value := range want {
			if said[member] != value {
				t.Errorf("%s: %s is %v, want %v", name, member, said[member], value)
			}
		}
		if role, _ := said["role"].(string); role != row.role || said["username"] == "" || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: got %s %v", name, got.body, got.header)
		}
	}
}

func TestWhatIsNotActiveIsNotDescribed(t *testing.T) {
	t.Parallel()
	s := newService(t, options{askers: askersSecret})
	root := s.root(t)
	user := func(name string, end func(signedIn)) string {
		who := s.user(t, name)
		if got := s.do(asks(who.Token)); !strings.HasPrefix(got.body, `{"active":true,`) {
			t.Fatalf("%s, before: got %d %s", name, got.status, got.body)
		}
		end(who)
		return who.Token
	}
	do := func(c call) {
		if got := s.do(c); got.status/100 != 2 {
			t.Fatalf("%s %s: got %d %s", c.method, c.path, got.status, got.body)
		}
	}
	tokens := map[string]string{
		"signed out": user("ada", func(w signedIn) { do(call{method: "POST", path: "/logout", token: w.Token}) }),
		"deleted": user("bob", func(w signedIn) {
			do(call{method: "DELETE", path: "/users/me", token: w.Token, body: `{"password":"123456"}`})
		}),
		"disabled": user("cid", func(signedIn) {
			do(call{method: "PATCH", path: "/admin/users/4", token: root.Token, body: `{"disabled":true}`})
		}),
		"new password": user("dan", func(w signedIn) {
			do(call{method: "PUT", path: "/users/me/password", token: w.Token, body: `{"current_password":"123456","new_password":"654321"}`})
		}),
		"refresh token": s.user(t, "eve").RefreshToken,
		"a ticket":      fetch[ticketGiven](t, s, call{method: "POST", path: "/token/ticket", token: root.Token}, 200).Ticket,
		"no token":      "x", "changed": root.Token[:len(root.Token)-2] + "xx", "with the scheme": "Bearer " + root.Token, "a space after it": root.Token + " ",
		"of a ticket's form": ticket.Prefix + "AAAA", "binary": "\x00\xff", "long": strings.Repeat("a", 60_000),
	}
	for name, token := range tokens {
		if got := s.do(asks(token)); got.status != http.StatusOK || got.body != inactive || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: got %d %s, want %s", name, got.status, got.body, inactive)
		}
	}
	s.clock.advance(time.Hour)
	if got := s.do(asks(root.Token)); got.status != http.StatusOK || got.body != inactive {
		t.Errorf("expired: got %d %s", got.status, got.body)
	}
}

func TestTheTokenOfAnAPIKeyIsActiveAsLongAsTheKey(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url, askers: askersSecret})
		ada := s.user(t, "ada")
		made := s.makeKey(t, ada.Token, `{"name":"a"}`)
		token := *read[opened](t, s.open(made.Key)).Token
		said := read[map[string]any](t, s.do(asks(token)))
		if said["active"] != true || said["key"] != made.KeyID || said["username"] != "ada" {
			t.Errorf("got %v, want the key %s of ada", said, made.KeyID)
		}
		if got := s.do(asks(ada.Token)); strings.Contains(got.body, `"key"`) {
			t.Errorf("the token of a sign-in: got %s", got.body)
		}
		if got := s.do(asks(made.Key)); got.body != inactive { // the key itself is the gateway's business
			t.Errorf("the key: got %s", got.body)
		}
		if got := s.do(call{method: "DELETE", path: keysPath + "/" + made.KeyID, token: ada.Token}); got.status != 204 {
			t.Fatalf("got %d %s", got.status, got.body)
		}
		if got := s.do(asks(token)); got.status != http.StatusOK || got.body != inactive {
			t.Errorf("revoked: got %d %s", got.status, got.body)
		}
	})
}

func TestOnlyServicesWithTheCredentialMayAsk(t *testing.T) {
	t.Parallel()
	s := newService(t, options{askers: askersSecret + "," + askersNext})
	ada := s.user(t, "ada")
	basic := func(id, secret string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
	}
	for name, row := range map[string]struct {
		fields []string
		status int
	}{
		"bearer":                    {[]string{"Bearer " + askersSecret}, 200},
		"bearer in lower case":      {[]string{"bearer " + askersSecret}, 200},
		"the next secret":           {[]string{"Bearer " + askersNext}, 200},
		"Basic":                     {[]string{basic("notes", askersSecret)}, 200},
		"Basic without a client id": {[]string{basic("", askersSecret)}, 200},
		"Basic, encoded":            {[]string{basic("notes", "%61"+askersSecret[1:])}, 200},
		"nothing":                   {nil, 401},
		"another secret":            {[]string{"Bearer " + jwtSecret}, 401},
		"gateways' secret":          {[]string{"Bearer " + internalSecret}, 401},
		"gateways' bearer":          {[]string{s.internal}, 401},
		"both secrets":              {[]string{"Bearer " + askersSecret + "," + askersNext}, 401},
		"bare":                      {[]string{askersSecret}, 401},
		"as the client id":          {[]string{basic(askersSecret, "")}, 401},
		"a user's token":            {[]string{"Bearer " + ada.Token}, 401},
		"empty":                     {[]string{"Bearer "}, 401},
		"twice":                     {[]string{"Bearer " + askersSecret, "Bearer " + askersSecret}, 401},
	} {
		c := asks(ada.Token)
		c.token, c.header["Authorization"] = "", row.fields
		got := s.do(c)
		if got.status != row.status {
			t.Errorf("%s: got %d %s, want %d", name, got.status, got.body, row.status)
		}
		if challenge := got.header.Get("Www-Authenticate"); row.status == 401 && (!strings.HasPrefix(challenge, "Bearer, Basic realm=") ||
			!strings.Contains(got.body, "/problems/wrong-credential") || strings.Contains(got.body, "sub")) {
			t.Errorf("%s: got %s, challenge %q", name, got.body, challenge)
		}
	}
}

func TestWhoeverMayNotAskIsNotTold(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	for _, secret := range []string{"", askersSecret, jwtSecret} {
		c := asks("x")
		c.token = "Bearer " + secret
		if got := s.do(c); got.status != http.StatusNotFound || !strings.Contains(got.body, "not-found") {
			t.Errorf("%q: got %d %s, want 404", secret, got.status, got.body)
		}
	}
}

func TestQuestionsAreFormsAsDescribed(t *testing.T) {
	t.Parallel()
	router := must(legacy.NewRouter(description(t)))(t)
	s := newService(t, options{askers: askersSecret})
	ada := s.user(t, "ada")
	for name, row := range map[string]struct {
		contentType, body string
		status            int
	}{
		"a token":           {formType, "token=" + ada.Token, 200},
		"with a hint":       {formType, "token=" + ada.Token + "&token_type_hint=refresh_token&x=y", 200},
		"with a charset":    {formType + ";charset=UTF-8", "token=" + ada.Token, 200},
		"not active":        {formType, "token=x", 200},
		"no token":          {formType, "hint=x", 422},
		"an empty token":    {formType, "token=", 422},
		"two tokens":        {formType, "token=x&token=y", 422},
		"nothing":           {formType, "", 422},
		"not a form":        {formType, "token=%zz", 400},
		"a semicolon":       {formType, "token=x;y", 400},
		"JSON":              {"application/json", `{"token":"x"}`, 415},
		"no type":           {"", "token=x", 415},
		"a multipart form":  {"multipart/form-data; boundary=x", "--x--", 415},
		"more than 64 KiB":  {formType, "token=" + strings.Repeat("a", 65<<10), 413},
		"compressed":        {formType, "", 415},
		"only in the query": {formType, "", 422},
	} {
		c := call{method: "POST", path: "/token/introspect", token: "Bearer " + askersSecret, body: row.body, header: http.Header{"Content-Type": {row.contentType}}}
		switch name {
		case "compressed":
			c.header.Set("Content-Encoding", "gzip")
		case "only in the query":
			c.path += "?token=" + ada.Token
		}
		got := s.do(c)
		if got.status != row.status {
			t.Errorf("%s: got %d %s, want %d", name, got.status, got.body, row.status)
		}
		if err := validate(router, c, got); err != nil {
			t.Errorf("%s: %d %s: %v", name, got.status, got.body, err)
		}
	}
}

const formType = "application/x-www-form-urlencoded"

// While the database is held up, two questions have their turn, two wait and the others are refused. Nobody's sign-in waits for
// them: they hold no connection.
func TestQuestionsWaitForTheirTurnAndAreBounded(t *testing.T) {
	t.Parallel()
	s := newService(t, options{askers: askersSecret})
	ada := s.user(t, "ada")
	for range 2 {
		if err := s.asks.Take(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var waiting sync.WaitGroup
	for range 2 {
		waiting.Go(func() {
			if got := s.do(asks(ada.Token)); got.status != http.StatusOK || !strings.HasPrefix(got.body, `{"active":true,`) {
				t.Errorf("one that waits: got %d %s", got.status, got.body)
			}
		})
	}
	for s.asks.Waiting() < 2 && ctx.Err() == nil {
		if got := s.do(call{path: "/users/me", token: ada.Token}); got.status != http.StatusOK {
			t.Errorf("another call meanwhile: got %d %s", got.status, got.body)
		}
	}
	if got := s.do(asks(ada.Token)); got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" || !strings.Contains(got.body, "busy") {
		t.Errorf("one too many: got %d %s", got.status, got.body)
	}
	if got := s.do(asks("x")); got.status != http.StatusOK || got.body != inactive {
		t.Errorf("one that needs no database: got %d %s", got.status, got.body)
	}
	s.asks.Leave()
	s.asks.Leave()
	waiting.Wait()
}
