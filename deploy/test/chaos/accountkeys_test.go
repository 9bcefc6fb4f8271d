//go:build chaos && unix

package chaos_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"tallygate/deploy/internal/contract"
)

// scriptKey is an account's API key, as far as is known of it.
type scriptKey struct {
	contract.Key // without a secret: nothing is known

	dead []string // secrets that must be refused
}

// lose is for a change without a response: the secret may be good or not.
func (k *scriptKey) lose() { k.Secret = "" }

// end is for an acknowledged change after which the secret must be refused.
func (k *scriptKey) end() {
	if k.Secret != "" {
		k.dead = append(k.dead, k.Secret)
	}
	k.lose()
}

// makeKey makes an API key, and calls with it, so that a gateway knows it.
func (a *account) makeKey(client *contract.Client, s pair) error {
	acknowledged, err := a.changeKey(client, s, http.MethodPost, "/users/me/keys", `{"name":"a script"}`, http.StatusCreated)
	if !acknowledged || err != nil {
		return err
	}
	got, err := client.Root(a.key.Secret, "9", "0.5")
	if !promisesNothing(got, err) && got.Status != http.StatusOK {
		return fmt.Errorf("the new key of %s: got %d %s, want 200", a.Username, got.Status, got.Body)
	}
	return nil
}

func (a *account) rotateKey(client *contract.Client, s pair) error {
	if a.key.Secret == "" {
		return nil
	}
	_, err := a.changeKey(client, s, http.MethodPost, "/users/me/keys/"+a.key.ID+"/rotate", "{}", http.StatusOK)
	return err
}

func (a *account) revokeKey(client *contract.Client, s pair) error {
	if a.key.Secret == "" {
		return nil
	}
	status, err := a.do(client, http.MethodDelete, "/users/me/keys/"+a.key.ID, s, "")
	if status == http.StatusNoContent {
		a.key.end()
	}
	a.key.lose()
	return err
}

// changeKey sends a request that the account's key comes out of with another secret.
func (a *account) changeKey(client *contract.Client, s pair, method, path, body string, want int) (acknowledged bool, err error) {
	got, err := client.Do(method, path, http.Header{"Authorization": {s.Token}, "Content-Type": {"application/json"}}, []byte(body))
	if promisesNothing(got, err) {
		a.key.lose()
		return false, nil
	}
	if got.Status != want {
		return false, fmt.Errorf("%s %s for %s: got %d %s, want %d", method, path, a.Username, got.Status, got.Body, want)
	}
	a.key.end()
	return true, json.Unmarshal([]byte(got.Body), &a.key.Key)
}

// recheckKey calls with the account's secrets at every gateway, from an address of the account's own: a gateway asks about a few dead
// keys of an address only.
func (l *accountLoad) recheckKey(t *testing.T, a *account) {
	t.Helper()
	from := fmt.Sprintf("10.%d.%d.%d", a.id>>16&255, a.id>>8&255, a.id&255)
	for _, client := range l.clients {
		root := func(secret string) func() (contract.Response, error) {
			return func() (contract.Response, error) {
				return client.Do(http.MethodGet, "/root?number=9&n=0.5", http.Header{"Authorization": {secret}, "X-Forwarded-For": {from}}, nil)
			}
		}
		for _, secret := range a.key.dead {
			expect(t, a, "a dead key", root(secret), http.StatusUnauthorized)
		}
		if a.key.Secret != "" {
			expect(t, a, "a live key", root(a.key.Secret), http.StatusOK)
		}
	}
}
