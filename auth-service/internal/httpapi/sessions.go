package httpapi

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"tallygate/auth-service/internal/account"
)

// session is one place where the caller is signed in.
type session struct {
	ID        string    `json:"id"`
	Created   time.Time `json:"created"`
	LastUsed  time.Time `json:"last_used"`
	ExpiresAt time.Time `json:"expires_at"`
	Client    string    `json:"client"`
	Address   string    `json:"address"`
	Current   bool      `json:"current"` // the session of the token in this request
}

type sessionList struct {
	Sessions []session `json:"sessions"`
}

func (s *server) listSessions(c *gin.Context) error {
	found, err := s.Accounts.Sessions(c.Request.Context(), caller(c).User.ID)
	if err != nil {
		return err
	}
	sendSessions(c, found)
	return nil
}

func (s *server) listUserSessions(c *gin.Context) error {
	id, err := userID(c)
	if err != nil {
		return err
	}
	found, err := s.Accounts.SessionsOf(c.Request.Context(), id)
	if err != nil {
		return err
	}
	sendSessions(c, found)
	return nil
}

func sendSessions(c *gin.Context, found []account.Session) {
	current := caller(c).SessionID
	list := sessionList{Sessions: make([]session, len(found))}
	for i, f := range found {
		list.Sessions[i] = session{
			ID: f.ID, Created: f.CreatedAt, LastUsed: f.LastUsedAt, ExpiresAt: f.ExpiresAt,
			Client: f.Client, Address: f.Address, Current: f.ID == current,
		}
	}
	c.JSON(http.StatusOK, list)
}

func (s *server) endOtherSessions(c *gin.Context) error {
	who := caller(c)
	if err := s.Accounts.EndOtherSessions(c.Request.Context(), who); err != nil {
		return err
	}
	s.logEvent(c, "other sessions ended", who.User.ID, s.origin(c))
	c.Status(http.StatusNoContent)
	return nil
}

func (s *server) endUserSessions(c *gin.Context) error {
	id, err := userID(c)
	if err != nil {
		return err
	}
	by := s.actor(c)
	if err := s.Accounts.EndSessionsOf(c.Request.Context(), by, id); err != nil {
		return err
	}
	s.logEvent(c, "all sessions ended", id, s.origin(c), "by_user_id", by.ID)
	c.Status(http.StatusNoContent)
	return nil
}

func (s *server) endSession(c *gin.Context) error {
	return s.end(c, c.Param("id"))
}

func (s *server) logout(c *gin.Context) error {
	err := s.end(c, caller(c).SessionID)
	if errors.Is(err, account.ErrNoSession) { // another sign-out was faster, with the same effect
		c.Status(http.StatusNoContent)
		return nil
	}
	return err
}

func (s *server) end(c *gin.Context, sessionID string) error {
	who := caller(c)
	if err := s.Accounts.EndSession(c.Request.Context(), who.User.ID, sessionID); err != nil {
		return err
	}
	s.logEvent(c, "session ended", who.User.ID, s.origin(c))
	c.Status(http.StatusNoContent)
	return nil
}
