//go:build chaos && unix

package chaos_test

import (
	"encoding/json"
	"fmt"
	"net/http"

	"tallygate/deploy/internal/contract"
)

// person is somebody with an account and what they were told about it.
type person struct {
	contract.Credentials
	id int64

	// What was sent but never answered may have been done or not.
	maybePassword string
	maybeDeleted  bool

	deleted     bool
	oldPassword string
	refresh     string   // the newest refresh token, if the session has to live
	deadTokens  []string // access tokens that must not open anything
	deadRefresh []string
}

type pair struct {
	Token   string
	Refresh string `json:"refresh_token"`
}

// promisesNothing reports whether a call has no answer, or the gateway's or auth-service's word that something is away.
func promisesNothing(got contract.Answer, err error) bool {
	if err != nil {
		return true
	}
	switch got.Status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// register reports whether the person was told that they have an account.
func (p *person) register(client *contract.Client) (bool, error) {
	got, err := client.Register(p.Credentials)
	if promisesNothing(got, err) {
		return false, nil
	}
	if got.Status != http.StatusCreated {
		return false, fmt.Errorf("register %s: got %d %s, want 201", p.Username, got.Status, got.Body)
	}
	p.id, err = userID(got)
	return true, err
}

// signIn returns the new session's tokens, none if there was no answer.
func (p *person) signIn(client *contract.Client) (pair, error) {
	got, err := client.Post("/token", p.Credentials)
	if promisesNothing(got, err) {
		return pair{}, nil
	}
	if got.Status != http.StatusOK {
		return pair{}, fmt.Errorf("sign in as %s: got %d %s, want 200", p.Username, got.Status, got.Body)
	}
	var tokens pair
	return tokens, json.Unmarshal([]byte(got.Body), &tokens)
}

// The things that a person does once, with the session's tokens. Each returns an error if the answer is none of those
// that are allowed while processes die.

func (p *person) changePassword(client *contract.Client, s pair) error {
	const next = "654321"
	status, err := p.do(client, http.MethodPut, "/users/me/password", s, fmt.Sprintf(`{"current_password":%q,"new_password":%q}`, p.Password, next))
	if status != http.StatusNoContent {
		p.maybePassword = next
		return err
	}
	p.oldPassword, p.Password = p.Password, next
	p.deadTokens, p.deadRefresh = append(p.deadTokens, s.Token), append(p.deadRefresh, s.Refresh)
	return nil
}

func (p *person) logout(client *contract.Client, s pair) error {
	status, err := p.do(client, http.MethodPost, "/logout", s, "")
	if status == http.StatusNoContent {
		p.deadTokens, p.deadRefresh = append(p.deadTokens, s.Token), append(p.deadRefresh, s.Refresh)
	}
	return err
}

func (p *person) remove(client *contract.Client, s pair) error {
	status, err := p.do(client, http.MethodDelete, "/users/me", s, fmt.Sprintf(`{"password":%q}`, p.Password))
	if p.deleted = status == http.StatusNoContent; p.deleted {
		p.deadTokens, p.deadRefresh = append(p.deadTokens, s.Token), append(p.deadRefresh, s.Refresh)
	}
	p.maybeDeleted = !p.deleted
	return err
}

func (p *person) renew(client *contract.Client, s pair) error {
	got, err := client.Post("/token/refresh", map[string]string{"refresh_token": s.Refresh})
	if promisesNothing(got, err) {
		return nil
	}
	if got.Status != http.StatusOK {
		return fmt.Errorf("refresh for %s: got %d %s, want 200", p.Username, got.Status, got.Body)
	}
	var next pair
	err = json.Unmarshal([]byte(got.Body), &next)
	p.refresh = next.Refresh
	return err
}

// do sends a request of a signed-in person that is answered with 204.
func (p *person) do(client *contract.Client, method, path string, s pair, body string) (int, error) {
	header := http.Header{"Authorization": {s.Token}}
	if body != "" {
		header.Set("Content-Type", "application/json")
	}
	got, err := client.Do(method, path, header, []byte(body))
	if promisesNothing(got, err) || got.Status == http.StatusNoContent {
		return got.Status, nil
	}
	return got.Status, fmt.Errorf("%s %s for %s: got %d %s, want 204", method, path, p.Username, got.Status, got.Body)
}
