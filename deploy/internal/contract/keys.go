package contract

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// Key is an API key, as the calls that make and rotate one return it.
type Key struct {
	ID     string `json:"key_id"`
	Secret string `json:"key"`
}

// Call sends a value as JSON with an access token, or nothing if it is nil, and reads the response into into unless that is nil. A
// response of another status than want is an error.
func (c *Client) Call(token, method, path string, value, into any, want int) error {
	header := http.Header{"Authorization": {"Bearer " + token}}
	var body []byte
	if value != nil {
		header.Set("Content-Type", "application/json")
		var err error
		if body, err = json.Marshal(value); err != nil {
			return err
		}
	}
	got, err := c.Do(method, path, header, body)
	if err != nil {
		return err
	}
	if got.Status != want {
		return fmt.Errorf("%s %s: got %d %s, want %d", method, path, got.Status, got.Body, want)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal([]byte(got.Body), into)
}

// NewKey makes an API key with these members.
func (c *Client) NewKey(token string, members map[string]any) (key Key, err error) {
	return key, c.Call(token, http.MethodPost, "/users/me/keys", members, &key, http.StatusCreated)
}

// RotateKey gives a key a new secret. The old one works for the overlap.
func (c *Client) RotateKey(token, id string, overlapSeconds int) (key Key, err error) {
	body := map[string]int{"overlap_seconds": overlapSeconds}
	return key, c.Call(token, http.MethodPost, "/users/me/keys/"+id+"/rotate", body, &key, http.StatusOK)
}

// EditKey changes members of a key.
func (c *Client) EditKey(token, id string, members map[string]any) error {
	return c.Call(token, http.MethodPatch, "/users/me/keys/"+id, members, nil, http.StatusOK)
}

// RevokeKey revokes a key.
func (c *Client) RevokeKey(token, id string) error {
	return c.Call(token, http.MethodDelete, "/users/me/keys/"+id, nil, nil, http.StatusNoContent)
}
