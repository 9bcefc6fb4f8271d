package httpapi

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"tallygate/auth-service/internal/ledger"
)

// usagePage is a page of the usage of all users.
type usagePage struct {
	From       time.Time   `json:"from"`
	To         time.Time   `json:"to"`
	Lines      []usageLine `json:"lines"`
	NextCursor *string     `json:"next_cursor"` // null on the last page
}

type usageLine struct {
	UserID   int64   `json:"user_id"`
	Username *string `json:"username"` // null: the user is gone
	Route    string  `json:"route"`
	counts
}

// listUsage sends a page, or all lines as CSV.
func (s *server) listUsage(c *gin.Context) error {
	p, err := readParameters(c.Request.URL.RawQuery)
	if err != nil {
		return err
	}
	l := ledger.Listing{}
	if l.Period, err = p.period(); err != nil {
		return err
	}
	l.Period = s.Ledger.Complete(l.Period)
	if l.Route, err = p.get("route"); err != nil {
		return err
	}
	// Read also for CSV, which needs none of it: a wrong parameter is an error in every format.
	limit, err := readPage(p, &l)
	if err != nil {
		return err
	}
	switch format, err := p.get("format"); {
	case err != nil:
		return err
	case format == "csv":
		return s.exportUsage(c, l)
	case format != "" && format != "json":
		return invalid("format", `The parameter "format" has to be json or csv.`)
	}
	return s.sendUsagePage(c, l, limit)
}

// readPage reads which page is wanted, and how many lines it may have.
func readPage(p parameters, l *ledger.Listing) (limit int, err error) {
	if limit, err = p.limit(); err != nil {
		return 0, err
	}
	sort, err := p.get("sort")
	if err != nil || sort != "" && sort != "requests" && sort != "user" {
		return 0, invalid("sort", `The parameter "sort" has to be requests or user, and may occur only once.`)
	}
	l.MostCalls = sort != "user"
	l.Limit = limit + 1 // one more shows whether another page follows
	l.After, err = p.lineCursor()
	return limit, err
}

func (s *server) sendUsagePage(c *gin.Context, l ledger.Listing, limit int) error {
	list, err := s.Ledger.List(c.Request.Context(), l)
	if err != nil {
		return err
	}
	page := usagePage{From: list.From, To: list.To}
	page.Lines, page.NextCursor = cut(list.Lines, limit, newUsageLine,
		func(l ledger.Line) string { return fmt.Sprint(l.Requests, " ", l.UserID, " ", l.Route) })
	c.JSON(http.StatusOK, page)
	return nil
}

func newUsageLine(l ledger.Line) usageLine {
	out := usageLine{UserID: l.UserID, Route: l.Route, counts: counts(l.Counts)}
	if l.Username != "" {
		out.Username = &l.Username
	}
	return out
}

// lineCursor reads requests, user id and route of the last line of the page before, which decide its place.
func (p parameters) lineCursor() (*ledger.Line, error) {
	cursor, err := p.cursor()
	if err != nil || cursor == "" {
		return nil, err
	}
	parts := strings.SplitN(cursor, " ", 3)
	if len(parts) != 3 {
		return nil, wrongCursor()
	}
	requests, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil {
		return nil, wrongCursor()
	}
	userID, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return nil, wrongCursor()
	}
	return &ledger.Line{UserID: userID, Route: parts[2], Counts: ledger.Counts{Requests: requests}}, nil
}
