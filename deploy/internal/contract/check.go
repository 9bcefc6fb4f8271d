package contract

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// tokenNotValid is the one body of every refused token.
const tokenNotValid = `{"message":"Token is not valid"}`

// Check runs the contract against the Tallygate at base, whose database may hold other users, but none whose name begins with prefix.
func Check(t *testing.T, base, prefix string) {
	t.Helper()
	NewClient(base).Check(t, prefix)
}

// Check is the function of this name with a client of the caller's.
func (c *Client) Check(t *testing.T, prefix string) {
	t.Run("registering a name twice makes one user", c.checkRegistration(prefix+"-once"))
	t.Run("a hundred registrations of one name at once make one user", c.checkRace(prefix+"-race"))
	t.Run("a wrong password and an unknown user get the same response", c.checkRefusedSignIn(prefix+"-refused"))
	t.Run("the token opens root for an hour", c.checkToken(prefix+"-token"))
	t.Run("a bad token or none gets the one refusal", c.checkRefusedToken(prefix+"-bad"))
}

type registered struct {
	Message string `json:"message"`
	UserID  int64  `json:"user_id"`
}

func (c *Client) checkRegistration(name string) func(*testing.T) {
	return func(t *testing.T) {
		t.Parallel()
		first := c.register(t, Credentials{name, "123456"}, http.StatusCreated, "User created successfully")
		again := c.register(t, Credentials{name, "another password"}, http.StatusOK, "User already exists")
		if first != again || first <= 0 {
			t.Errorf("got ids %d and %d, want the same, above 0", first, again)
		}
		c.Token(t, Credentials{name, "123456"}) // the second registration has changed nothing
	}
}

func (c *Client) register(t *testing.T, who Credentials, status int, message string) int64 {
	t.Helper()
	got, err := c.Register(who)
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]any
	var body registered
	if json.Unmarshal([]byte(got.Body), &members) != nil || json.Unmarshal([]byte(got.Body), &body) != nil ||
		got.Status != status || body.Message != message || len(members) != 2 {
		t.Fatalf("register %q: got %d %s, want %d, %q and the id alone", who.Username, got.Status, got.Body, status, message)
	}
	return body.UserID
}

func (c *Client) checkRace(name string) func(*testing.T) {
	return func(t *testing.T) {
		t.Parallel()
		const clients = 100
		var (
			wg       sync.WaitGroup
			mu       sync.Mutex
			statuses = map[int]int{}
			ids      = map[int64]int{}
		)
		for range clients {
			wg.Go(func() {
				got, err := c.Register(Credentials{name, "123456"})
				if err != nil {
					t.Error(err)
					return
				}
				var body registered
				if err := json.Unmarshal([]byte(got.Body), &body); err != nil {
					t.Errorf("got %d %s: %v", got.Status, got.Body, err)
				}
				mu.Lock()
				defer mu.Unlock()
				statuses[got.Status]++
				ids[body.UserID]++
			})
		}
		wg.Wait()
		if statuses[http.StatusCreated] != 1 || statuses[http.StatusOK] != clients-1 || len(ids) != 1 {
			t.Errorf("got statuses %v and ids %v, want one 201, %d times 200, one id", statuses, ids, clients-1)
		}
	}
}

func (c *Client) checkRefusedSignIn(name string) func(*testing.T) {
	return func(t *testing.T) {
		t.Parallel()
		c.register(t, Credentials{name, "123456"}, http.StatusCreated, "User created successfully")
		wrong, err := c.Post("/token", Credentials{name, "654321"})
		if err != nil {
			t.Fatal(err)
		}
		unknown, err := c.Post("/token", Credentials{name + "-unknown", "123456"})
		if err != nil {
			t.Fatal(err)
		}
		for _, own := range []string{"X-Request-Id", "Date"} {
			wrong.Header.Del(own)
			unknown.Header.Del(own)
		}
		if wrong.Status != http.StatusUnauthorized || wrong.Status != unknown.Status || wrong.Body != unknown.Body {
			t.Errorf("got %d %s and %d %s, want the same 401", wrong.Status, wrong.Body, unknown.Status, unknown.Body)
		}
		if got, want := fields(wrong.Header), fields(unknown.Header); got != want {
			t.Errorf("got headers\n%s\nand\n%s\nwant the same", got, want)
		}
	}
}

func fields(h http.Header) string {
	var b strings.Builder
	if err := h.Write(&b); err != nil {
		return err.Error()
	}
	return b.String()
}

func (c *Client) checkToken(name string) func(*testing.T) {
	return func(t *testing.T) {
		t.Parallel()
		c.register(t, Credentials{name, "123456"}, http.StatusCreated, "User created successfully")
		token := c.Token(t, Credentials{name, "123456"})
		for _, authorization := range []string{token, "Bearer " + token, "bearer " + token} {
			got, err := c.Root(authorization, "88", "0.88")
			if err != nil {
				t.Fatal(err)
			}
			if want := `{"root":51.42150122383022}`; got.Status != http.StatusOK || got.Body != want {
				t.Errorf("got %d %s, want 200 %s", got.Status, got.Body, want)
			}
			if got.Header.Get("X-Request-Id") == "" {
				t.Error("got no X-Request-Id")
			}
		}

		var claims struct{ Iat, Exp int64 }
		parts := strings.Split(token, ".")
		if len(parts) != 3 {
			t.Fatalf("got a token of %d parts, want 3", len(parts))
		}
		payload, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(payload, &claims); err != nil || claims.Exp-claims.Iat != 3600 {
			t.Errorf("got a life of %d s (%v), want 3600", claims.Exp-claims.Iat, err)
		}
	}
}

func (c *Client) checkRefusedToken(name string) func(*testing.T) {
	return func(t *testing.T) {
		t.Parallel()
		c.register(t, Credentials{name, "123456"}, http.StatusCreated, "User created successfully")
		token := c.Token(t, Credentials{name, "123456"})
		for what, authorization := range map[string]string{
			"none":                      "",
			"the clients' example":      "Hello I am a really legit token",
			"a token without its end":   token[:len(token)-1],
			"a token with another head": "x" + token[1:],
			"another scheme":            "Basic " + token,
		} {
			got, err := c.Root(authorization, "88", "0.88")
			if err != nil {
				t.Fatal(err)
			}
			challenge := got.Header.Get("WWW-Authenticate")
			if got.Status != http.StatusUnauthorized || got.Body != tokenNotValid || !strings.HasPrefix(challenge, "Bearer") {
				t.Errorf("%s: got %d %s with challenge %q, want 401 %s with Bearer", what, got.Status, got.Body, challenge, tokenNotValid)
			}
		}
	}
}
