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
	KeyID    keyID   `json:"key_id,omitzero"`
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
	if l.Which, err = p.which(); err != nil {
		return err
	}
	// Read also for CSV, which needs none of it: a wrong parameter is an error in every format.
	limit, err := readPage(p, &l)
	if err != nil {
		return err
	}
	asCSV, err := p.csv()
	if err != nil {
		return err
	}
	if asCSV {
		return s.exportUsage(c, l)
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
	l.After, err = p.lineCursor(l.ByKey)
	return limit, err
}

func (s *server) sendUsagePage(c *gin.Context, l ledger.Listing, limit int) error {
	list, err := s.Ledger.List(c.Request.Context(), l)
	if err != nil {
		return err
	}
	page := usagePage{From: list.From, To: list.To}
	page.Lines, page.NextCursor = cut(list.Lines, limit,
		func(line ledger.Line) usageLine { return newUsageLine(line, l.ByKey) },
		func(line ledger.Line) string { return writeLineCursor(line, l.ByKey) })
	c.JSON(http.StatusOK, page)
	return nil
}

func newUsageLine(l ledger.Line, byKey bool) usageLine {
	out := usageLine{UserID: l.UserID, Route: l.Route, KeyID: keyID{byKey, l.KeyID}, counts: counts(l.Counts)}
	if l.Username != "" {
		out.Username = &l.Username
	}
	return out
}

// writeLineCursor writes requests, user id, in lines by key the key's id, and route of a line, which decide its place.
func writeLineCursor(l ledger.Line, byKey bool) string {
	if byKey {
		return fmt.Sprint(l.Requests, " ", l.UserID, " ", l.KeyID, " ", l.Route)
	}
	return fmt.Sprint(l.Requests, " ", l.UserID, " ", l.Route)
}

// lineCursor reads the last line of the page before.
func (p parameters) lineCursor(byKey bool) (*ledger.Line, error) {
	cursor, err := p.cursor()
	if err != nil || cursor == "" {
		return nil, err
	}
	l := &ledger.Line{}
	places := []*int64{&l.Requests, &l.UserID}
	if byKey {
		places = append(places, &l.KeyID)
	}
	for _, place := range places {
		number, rest, _ := strings.Cut(cursor, " ")
		if *place, err = strconv.ParseInt(number, 10, 64); err != nil {
			return nil, wrongCursor()
		}
		cursor = rest
	}
	if l.Route = cursor; cursor == "" {
		return nil, wrongCursor()
	}
	return l, nil
}
