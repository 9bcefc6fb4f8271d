package httpapi

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"tallygate/auth-service/internal/account"
	"tallygate/kit/ginapi"
)

// apiKey is account.APIKey in JSON, for its user and for administrators.
type apiKey struct {
	KeyID        string     `json:"key_id"`
	Name         string     `json:"name"`
	Key          string     `json:"key,omitempty"` // shown once
	CreatedAt    time.Time  `json:"created_at"`
	ExpiresAt    *time.Time `json:"expires_at"`
	LastUsedAt   *time.Time `json:"last_used_at"`
	Routes       []string   `json:"routes"` // null: every route
	MonthlyQuota *int64     `json:"monthly_quota"`
}

type apiKeyList struct {
	Keys []apiKey `json:"keys"`
}

// newAPIKey shows a key. secret is empty unless it is new.
func newAPIKey(k account.APIKey, secret string) apiKey {
	return apiKey{
		KeyID: keyIDText(k.ID), Name: k.Name, Key: secret, CreatedAt: k.CreatedAt, ExpiresAt: orNull(k.ExpiresAt),
		LastUsedAt: orNull(k.LastUsedAt), Routes: k.Routes, MonthlyQuota: k.MonthlyQuota,
	}
}

func newAPIKeyList(keys []account.APIKey) apiKeyList {
	list := apiKeyList{Keys: make([]apiKey, len(keys))}
	for i, k := range keys {
		list.Keys[i] = newAPIKey(k, "")
	}
	return list
}

func (s *server) listKeys(c *gin.Context) error {
	keys, err := s.Accounts.Keys(c.Request.Context(), caller(c).User.ID)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, newAPIKeyList(keys))
	return nil
}

func (s *server) createKey(c *gin.Context) error {
	body, err := ginapi.Bind[keySettings](c)
	if err != nil {
		return err
	}
	if body.Name == nil {
		return required("name", nil)
	}
	edit, err := body.edit()
	if err != nil {
		return err
	}
	key, secret, err := s.Accounts.CreateKey(c.Request.Context(), caller(c), edit)
	if err != nil {
		return err
	}
	s.logKey(c, "API key made", key.ID)
	c.JSON(http.StatusCreated, newAPIKey(key, secret))
	return nil
}

func (s *server) editKey(c *gin.Context) error {
	id, err := s.ownKey(c)
	if err != nil {
		return err
	}
	body, err := ginapi.Bind[keySettings](c)
	if err != nil {
		return err
	}
	edit, err := body.edit()
	if err != nil {
		return err
	}
	key, err := s.Accounts.EditKey(c.Request.Context(), caller(c), id, edit)
	if err != nil {
		return err
	}
	s.logKey(c, "API key changed", id)
	c.JSON(http.StatusOK, newAPIKey(key, ""))
	return nil
}

type rotation struct {
	OverlapSeconds *int64 `json:"overlap_seconds"`
}

func (s *server) rotateKey(c *gin.Context) error {
	id, err := s.ownKey(c)
	if err != nil {
		return err
	}
	body, err := ginapi.BindOptional[rotation](c)
	if err != nil {
		return err
	}
	var overlap time.Duration
	if n := body.OverlapSeconds; n != nil {
		if *n < 0 || *n > int64(account.MaxKeyOverlap/time.Second) {
			return invalid("overlap_seconds", "The overlap has to be 0 to 604800 seconds, which is a week.")
		}
		overlap = time.Duration(*n) * time.Second
	}
	key, secret, err := s.Accounts.RotateKey(c.Request.Context(), caller(c), id, overlap)
	if err != nil {
		return err
	}
	s.logKey(c, "API key rotated", id)
	c.JSON(http.StatusOK, newAPIKey(key, secret))
	return nil
}

func (s *server) revokeKey(c *gin.Context) error {
	id, err := pathKeyID(c)
	if err != nil {
		return err
	}
	if err := s.Accounts.RevokeKey(c.Request.Context(), caller(c), id); err != nil {
		return err
	}
	s.logKey(c, "API key revoked", id)
	c.Status(http.StatusNoContent)
	return nil
}

func (s *server) listUserKeys(c *gin.Context) error {
	id, err := userID(c)
	if err != nil {
		return err
	}
	keys, err := s.Accounts.KeysOf(c.Request.Context(), id)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, newAPIKeyList(keys))
	return nil
}

func (s *server) revokeUserKey(c *gin.Context) error {
	user, err := userID(c)
	if err != nil {
		return err
	}
	id, err := pathKeyID(c)
	if err != nil {
		return err
	}
	if err := s.Accounts.RevokeKeyOf(c.Request.Context(), s.actor(c), user, id); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

func (s *server) logKey(c *gin.Context, event string, id int64) {
	s.logEvent(c, event, caller(c).User.ID, s.origin(c), "key_id", keyIDText(id))
}

// pathKeyID reads the id in the path. What is no id of a key names none.
func pathKeyID(c *gin.Context) (int64, error) {
	id, ok := account.ParseID(c.Param("key_id"))
	if !ok {
		return 0, account.ErrNoKey
	}
	return id, nil
}

// ownKey returns the id in the path, of one of the caller's keys. It is called before the body is read: what is wrong with that
// says nothing about a key that is not there.
func (s *server) ownKey(c *gin.Context) (int64, error) {
	id, err := pathKeyID(c)
	if err != nil {
		return 0, err
	}
	_, err = s.Accounts.FindKey(c.Request.Context(), caller(c).User.ID, id)
	return id, err
}
