package httpapi

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"tallygate/auth-service/internal/account"
	"tallygate/kit/problem"
)

// maxWait keeps a long poll well below the listener's write timeout.
const maxWait = 30 * time.Second

// changes is one response of the feed.
type changes struct {
	Cursor string   `json:"cursor"`
	Epoch  string   `json:"epoch"`
	Users  []record `json:"users"`
}

// readChanges sends the changes after the cursor as soon as there are some, and no changes when wait is over. Without a
// cursor it sends the present one.
func (s *server) readChanges(c *gin.Context) error {
	after, given := c.GetQuery("after")
	if !given {
		at, err := s.Feed.Cursor(c.Request.Context())
		if err != nil {
			return err
		}
		return s.sendChanges(c, nil, at)
	}
	cursor, err := strconv.ParseInt(after, 10, 64)
	if err != nil || cursor < 0 {
		return invalid("after", "The cursor has to be one of an earlier response.")
	}
	wait, err := time.ParseDuration(c.DefaultQuery("wait", "0s"))
	if err != nil || wait < 0 {
		return invalid("wait", "The wait has to be a duration like 25s.")
	}
	records, at, err := s.Feed.After(c.Request.Context(), cursor, min(wait, maxWait))
	if err != nil {
		return err
	}
	return s.sendChanges(c, records, at)
}

func (s *server) sendChanges(c *gin.Context, records []account.Record, at account.Position) error {
	out := changes{
		Cursor: strconv.FormatInt(at.Cursor, 10), Epoch: strconv.FormatInt(at.Epoch, 10), Users: make([]record, len(records)),
	}
	for i, r := range records {
		out.Users[i] = s.newRecord(r)
	}
	noStore(c)
	c.JSON(http.StatusOK, out)
	return nil
}

// cursorGone makes a gateway drop its records and start again.
func cursorGone() *problem.Details {
	return problem.New(http.StatusGone, "cursor-gone", "The cursor is too old; start again without one.")
}
