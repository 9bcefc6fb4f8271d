package httpapi

import (
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"tallygate/kit/ginapi"
	"tallygate/kit/ticket"
)

const aboutTicketPath = "The path has to begin with one slash, like /files/a.png, and has no host, query or fragment. It is at most 2,048 bytes long."

type ticketRequest struct {
	Path *string `json:"path"`
}

type ticketResponse struct {
	Ticket    string `json:"ticket"`
	ExpiresIn int64  `json:"expires_in"` // seconds
}

// makeTicket gives the caller a ticket that stands for the access token of the request, and lives no longer than it.
func (s *server) makeTicket(c *gin.Context) error {
	body, err := ginapi.BindOptional[ticketRequest](c)
	if err != nil {
		return err
	}
	var path string
	if body.Path != nil {
		if path = *body.Path; !validTicketPath(path) {
			return invalid("path", aboutTicketPath)
		}
	}
	now, access := caller(c).At, accessToken(c)
	expires := now.Add(ticket.Life)
	if access.expiresAt.Before(expires) {
		expires = access.expiresAt
	}
	sealed, err := s.Tickets.Seal(ticket.Ticket{ExpiresAt: expires, Path: path, Token: access.raw})
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, ticketResponse{Ticket: sealed, ExpiresIn: int64(expires.Sub(now) / time.Second)})
	return nil
}

// validTicketPath helps those who send a URL. Whether there is such a path is the gateway's to know.
func validTicketPath(path string) bool {
	return strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") && !strings.ContainsAny(path, "?#") &&
		len(path) <= ticket.MaxPathBytes
}
