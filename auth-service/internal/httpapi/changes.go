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
	Cursor string        `json:"cursor"`
	Epoch  string        `json:"epoch"`
	Users  []record      `json:"users"`
	Plans  []changedPlan `json:"plans"`
}

// changedPlan is account.Plan in JSON, for gateways. A plan that was deleted has no limits.
type changedPlan struct {
	Name    string `json:"name"`
	Version int64  `json:"version"`
	*limits
	Deleted bool `json:"deleted,omitempty"`
}

func (s *server) newChangedPlan(p account.Plan) changedPlan {
	out := changedPlan{Name: p.Name.String(), Version: p.Version, Deleted: p.Deleted}
	if !p.Deleted {
		limits := s.newLimits(p)
		out.limits = &limits
	}
	return out
}

// readChanges sends the changes after the cursor as soon as there are some, and no changes when wait is over. Without a
// cursor it sends the present one, and all plans.
func (s *server) readChanges(c *gin.Context) error {
	after, given := c.GetQuery("after")
	if !given {
		page, err := s.Feed.Start(c.Request.Context())
		if err != nil {
			return err
		}
		return s.sendChanges(c, page)
	}
	cursor, err := strconv.ParseInt(after, 10, 64)
	if err != nil || cursor < 0 {
		return invalid("after", "The cursor has to be one of an earlier response.")
	}
	wait, err := time.ParseDuration(c.DefaultQuery("wait", "0s"))
	if err != nil || wait < 0 {
		return invalid("wait", "The wait has to be a duration like 25s.")
	}
	page, err := s.Feed.After(c.Request.Context(), cursor, min(wait, maxWait))
	if err != nil {
		return err
	}
	return s.sendChanges(c, page)
}

func (s *server) sendChanges(c *gin.Context, page account.Page) error {
	out := changes{
		Cursor: strconv.FormatInt(page.Cursor, 10), Epoch: strconv.FormatInt(page.Epoch, 10),
		Users: make([]record, len(page.Records)), Plans: make([]changedPlan, len(page.Plans)),
	}
	for i, r := range page.Records {
		out.Users[i] = s.newRecord(r)
	}
	for i, p := range page.Plans {
		out.Plans[i] = s.newChangedPlan(p)
	}
	noStore(c)
	c.JSON(http.StatusOK, out)
	return nil
}

// cursorGone makes a gateway drop its records and start again.
func cursorGone() *problem.Details {
	return problem.New(http.StatusGone, "cursor-gone", "The cursor is too old; start again without one.")
}
