//go:build chaos && unix

package chaos_test

import (
	"encoding/json"
	"fmt"
	"net/http"

	"tallygate/deploy/internal/contract"
)

// account is a user, and the changes of it that were acknowledged.
type account struct {
	contract.Credentials
	id int64

	// A request without a response may have taken effect or not.
	maybePassword string
	maybeDeleted  bool

	deleted     bool
	oldPassword string
	refresh     string   // the newest refresh token, if the session must still be valid
	deadTokens  []string // access tokens that must be refused
	deadRefresh []string
	key         scriptKey
}

type pair struct {
	Token   string
	Refresh string `json:"refresh_token"`
}

// promisesNothing reports whether a call has no response, or a response that says that a service is unavailable.
func promisesNothing(got contract.Response, err error) bool {
	if err != nil {
		return true
	}
	switch got.Status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// register reports whether the registration was acknowledged.
func (a *account) register(client *contract.Client) (bool, error) {
	got, err := client.Register(a.Credentials)
	if promisesNothing(got, err) {
		return false, nil
	}
	if got.Status != http.StatusCreated {
		return false, fmt.Errorf("register %s: got %d %s, want 201", a.Username, got.Status, got.Body)
	}
	a.id, err = userID(got)
	return true, err
}

// signIn returns the new session's tokens, none if there was no response.
func (a *account) signIn(client *contract.Client) (pair, error) {
	got, err := client.Post("/token", a.Credentials)
	if promisesNothing(got, err) {
		return pair{}, nil
	}
	if got.Status != http.StatusOK {
		return pair{}, fmt.Errorf("sign in as %s: got %d %s, want 200", a.Username, got.Status, got.Body)
	}
	var tokens pair
	return tokens, json.Unmarshal([]byte(got.Body), &tokens)
}

// Each of the following changes is made at most once, with the session's tokens. It returns an error if the response is not
// allowed, even while processes are killed.

func (a *account) changePassword(client *contract.Client, s pair) error {
	const next = "654321"
	status, err := a.do(client, http.MethodPut, "/users/me/password", s, fmt.Sprintf(`{"current_password":%q,"new_password":%q}`, a.Password, next))
	if status != http.StatusNoContent {
		a.maybePassword = next
		return err
	}
	a.oldPassword, a.Password = a.Password, next
	a.deadTokens, a.deadRefresh = append(a.deadTokens, s.Token), append(a.deadRefresh, s.Refresh)
	return nil
}

func (a *account) logout(client *contract.Client, s pair) error {
	status, err := a.do(client, http.MethodPost, "/logout", s, "")
	if status == http.StatusNoContent {
		a.deadTokens, a.deadRefresh = append(a.deadTokens, s.Token), append(a.deadRefresh, s.Refresh)
	}
	return err
}

func (a *account) remove(client *contract.Client, s pair) error {
	status, err := a.do(client, http.MethodDelete, "/users/me", s, fmt.Sprintf(`{"password":%q}`, a.Password))
	if a.deleted = status == http.StatusNoContent; a.deleted {
		a.key.end()
		a.deadTokens, a.deadRefresh = append(a.deadTokens, s.Token), append(a.deadRefresh, s.Refresh)
	}
	a.maybeDeleted = !a.deleted
	a.key.lose()
	return err
}

func (a *account) renew(client *contract.Client, s pair) error {
	got, err := client.Post("/token/refresh", map[string]string{"refresh_token": s.Refresh})
	if promisesNothing(got, err) {
		return nil
	}
	if got.Status != http.StatusOK {
		return fmt.Errorf("refresh for %s: got %d %s, want 200", a.Username, got.Status, got.Body)
	}
	var next pair
	err = json.Unmarshal([]byte(got.Body), &next)
	a.refresh = next.Refresh
	return err
}

// do sends a request with a session's token. The right response is 204.
func (a *account) do(client *contract.Client, method, path string, s pair, body string) (int, error) {
	header := http.Header{"Authorization": {s.Token}}
	if body != "" {
		header.Set("Content-Type", "application/json")
	}
	got, err := client.Do(method, path, header, []byte(body))
	if promisesNothing(got, err) || got.Status == http.StatusNoContent {
		return got.Status, nil
	}
	return got.Status, fmt.Errorf("%s %s for %s: got %d %s, want 204", method, path, a.Username, got.Status, got.Body)
}
