package httpapi

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"tallygate/auth-service/internal/account"
	"tallygate/kit/problem"
)

// maxWait keeps a long poll well under the listener's write limit.
const maxWait = 30 * time.Second

// changes is one answer of the feed.
type changes struct {
	Cursor string   `json:"cursor"`
	Users  []record `json:"users"`
}

// readChanges answers with what changed after the cursor, as soon as there is something or wait is over. Without a
// cursor it tells where the feed is now.
func (s *server) readChanges(c *gin.Context) error {
	after, given := c.GetQuery("after")
	if !given {
		cursor, err := s.Feed.Cursor(c.Request.Context())
		if err != nil {
			return err
		}
		return s.sendChanges(c, nil, cursor)
	}
	cursor, err := strconv.ParseInt(after, 10, 64)
	if err != nil || cursor < 0 {
		return invalid("after", "The cursor has to be one that was answered before.")
	}
	wait, err := time.ParseDuration(c.DefaultQuery("wait", "0s"))
	if err != nil || wait < 0 {
		return invalid("wait", "The wait has to be a duration like 25s.")
	}
	records, cursor, err := s.Feed.After(c.Request.Context(), cursor, min(wait, maxWait))
	if err != nil {
		return err
	}
	return s.sendChanges(c, records, cursor)
}

func (s *server) sendChanges(c *gin.Context, records []account.Record, cursor int64) error {
	out := changes{Cursor: strconv.FormatInt(cursor, 10), Users: make([]record, len(records))}
	for i, r := range records {
		out.Users[i] = s.newRecord(r)
	}
	noStore(c)
	c.JSON(http.StatusOK, out)
	return nil
}

// cursorGone is what a gateway is told that has to forget its records and begin anew.
func cursorGone() *problem.Details {
	return problem.New(http.StatusGone, "cursor-gone", "The cursor is too old; begin anew without one.")
}
