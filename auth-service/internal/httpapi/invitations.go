package httpapi

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json/jsontext"

	"tallygate/auth-service/internal/account"
	"tallygate/kit/ginapi"
)

// invitationOrder is the body of a new invitation. An absent member and null are the same: any name, the default plan, no
// roles, the default end.
type invitationOrder struct {
	Plan      *string        `json:"plan"`
	Roles     jsontext.Value `json:"roles"`
	Username  *string        `json:"username"`
	ExpiresIn *int64         `json:"expires_in"` // seconds
}

// read checks what the domain does not. The error is a *fault.InvalidError or an *invalidError.
func (o invitationOrder) read() (w account.Invited, err error) {
	if o.Username != nil {
		// The domain takes an empty name for none.
		if w.Name, err = account.PrepareName(*o.Username); err != nil {
			return w, err
		}
	}
	if o.Plan != nil {
		if w.Plan, err = account.NewPlanName(*o.Plan); err != nil {
			return w, err
		}
	}
	if o.Roles != nil && o.Roles.Kind() != jsontext.KindNull {
		roles, err := readRoles(o.Roles)
		if err != nil {
			return w, err
		}
		w.Roles = *roles
	}
	w.Life = account.DefaultInvitationLife
	if o.ExpiresIn != nil {
		w.Life, err = account.InvitationLife(*o.ExpiresIn)
	}
	return w, err
}

// invitation is what every response about one says. Names are null if nobody has them, or any more.
type invitation struct {
	ID        string    `json:"invitation_id"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
	Username  *string   `json:"username"`
	Plan      string    `json:"plan"`
	Roles     []string  `json:"roles"`
}

func newInvitation(i account.Invitation) invitation {
	return invitation{
		ID: i.IDText(), CreatedAt: i.CreatedAt, ExpiresAt: i.ExpiresAt, Username: orNull(i.Name),
		Plan: i.Plan.String(), Roles: i.Roles.Names(),
	}
}

func orNull[T comparable](value T) *T {
	var zero T
	if value == zero {
		return nil
	}
	return &value
}

// madeInvitation is the only response that has the token.
type madeInvitation struct {
	invitation
	Token string `json:"invitation"`
	Link  string `json:"link,omitempty"`
}

func (s *server) invite(c *gin.Context) error {
	body, err := ginapi.BindOptional[invitationOrder](c)
	if err != nil {
		return err
	}
	wanted, err := body.read()
	if err != nil {
		return err
	}
	made, token, err := s.Accounts.Invite(c.Request.Context(), s.actor(c), wanted)
	if err != nil {
		return err
	}
	s.sendInvitation(c, made, token)
	return nil
}

func (s *server) sendInvitation(c *gin.Context, made account.Invitation, token account.InvitationToken) {
	noStore(c)
	c.JSON(http.StatusCreated, madeInvitation{
		invitation: newInvitation(made), Token: token.Text(), Link: token.Link(s.PublicURL),
	})
}

// listedInvitation is an invitation and what has become of it.
type listedInvitation struct {
	invitation
	State             string     `json:"state"`
	CreatedBy         *int64     `json:"created_by"` // null: the command line
	CreatedByUsername *string    `json:"created_by_username"`
	UsedAt            *time.Time `json:"used_at"`
	UsedBy            *int64     `json:"used_by"`
	UsedByUsername    *string    `json:"used_by_username"`
	WithdrawnAt       *time.Time `json:"withdrawn_at"`
}

func (s *server) newListedInvitation(i account.Invitation) listedInvitation {
	return listedInvitation{
		invitation: newInvitation(i), State: string(s.Accounts.StateOf(i)),
		CreatedBy: orNull(i.CreatedBy.ID), CreatedByUsername: orNull(i.CreatedBy.Name),
		UsedAt: orNull(i.UsedAt), UsedBy: orNull(i.UsedBy.ID), UsedByUsername: orNull(i.UsedBy.Name),
		WithdrawnAt: orNull(i.WithdrawnAt),
	}
}

type invitationPage struct {
	Invitations []listedInvitation `json:"invitations"`
	NextCursor  *string            `json:"next_cursor"` // null on the last page
}

// listInvitations sends a page of invitations, the newest first. The cursor is the time and the id of the last one of the page
// before.
func (s *server) listInvitations(c *gin.Context) error {
	_, limit, cursor, err := readPageParameters(c.Request.URL.RawQuery)
	if err != nil {
		return err
	}
	after, err := readInvitationPlace(cursor)
	if err != nil {
		return err
	}
	found, err := s.Accounts.Invitations(c.Request.Context(), after, limit+1)
	if err != nil {
		return err
	}
	var page invitationPage
	page.Invitations, page.NextCursor = cut(found, limit, s.newListedInvitation, writeInvitationPlace)
	c.JSON(http.StatusOK, page)
	return nil
}

func writeInvitationPlace(i account.Invitation) string {
	return strconv.FormatInt(i.CreatedAt.UnixMicro(), 10) + " " + i.IDText()
}

func readInvitationPlace(cursor string) (p account.InvitationPlace, err error) {
	if cursor == "" {
		return p, nil
	}
	at, id, _ := strings.Cut(cursor, " ")
	micros, wrongTime := strconv.ParseInt(at, 10, 64)
	p.ID, err = strconv.ParseInt(id, 10, 64)
	if wrongTime != nil || err != nil {
		return p, wrongCursor()
	}
	p.CreatedAt = time.UnixMicro(micros).UTC()
	return p, nil
}

func (s *server) withdrawInvitation(c *gin.Context) error {
	id, err := account.ParseInvitationID(c.Param("id"))
	if err != nil {
		return err
	}
	if err := s.Accounts.WithdrawInvitation(c.Request.Context(), s.actor(c), id); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}
