package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"tallygate/auth-service/internal/ledger"
)

const defaultTop = 10

// usageSeries is ledger.Series in JSON.
type usageSeries struct {
	From   time.Time     `json:"from"`
	To     time.Time     `json:"to"`
	By     string        `json:"by"`
	Group  string        `json:"group"`
	Total  counts        `json:"total"`
	Before counts        `json:"before"`
	Groups []usageGroup  `json:"groups"`
	Series []seriesEntry `json:"series"`
}

// groupOf says what a group is: it has one of the three members.
type groupOf struct {
	Route  string `json:"route,omitempty"`
	UserID int64  `json:"user_id,omitempty"`
	Other  bool   `json:"other,omitempty"`
}

type usageGroup struct {
	groupOf
	Username nameOfGroup `json:"username,omitzero"`
	Total    counts      `json:"total"`
	Before   counts      `json:"before"`
}

// nameOfGroup is null if the user is gone, and left out if the group is no user.
type nameOfGroup struct {
	shown bool
	name  string
}

// IsZero says that the member is left out.
func (n nameOfGroup) IsZero() bool { return !n.shown }

// MarshalJSON implements json.Marshaler.
func (n nameOfGroup) MarshalJSON() ([]byte, error) { return json.Marshal(orNull(n.name)) }

type seriesEntry struct {
	Start time.Time `json:"start"`
	groupOf
	counts
}

// readUsageSeries sends what all users called over time.
func (s *server) readUsageSeries(c *gin.Context) error {
	p, err := readParameters(c.Request.URL.RawQuery)
	if err != nil {
		return err
	}
	q, err := p.series()
	if err != nil {
		return err
	}
	q.Period = s.Ledger.Complete(q.Period)
	series, err := s.Ledger.Series(c.Request.Context(), q)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, newUsageSeries(q, series))
	return nil
}

// series reads which series is wanted.
func (p parameters) series() (q ledger.SeriesRequest, err error) {
	if q.Period, err = p.period(); err != nil {
		return q, err
	}
	if q.By, err = p.step(); err != nil {
		return q, err
	}
	if q.Route, err = p.get("route"); err != nil {
		return q, err
	}
	group, err := p.get("group")
	if err != nil || group != "" && group != "route" && group != "user" {
		return q, invalid("group", `The parameter "group" has to be route or user, and may occur only once.`)
	}
	q.ByUser = group == "user"
	top, err := p.get("top")
	if err != nil || !p.values.Has("top") {
		q.Top = defaultTop
		return q, err
	}
	if q.Top, err = strconv.Atoi(top); err != nil || q.Top < 1 || q.Top > ledger.MaxTop {
		return q, invalid("top", fmt.Sprintf(`The parameter "top" has to be a whole number from 1 to %d.`, ledger.MaxTop))
	}
	return q, nil
}

func newUsageSeries(q ledger.SeriesRequest, s ledger.Series) usageSeries {
	out := usageSeries{
		From: s.From, To: s.To, By: map[ledger.Step]string{ledger.ByHour: "hour", ledger.ByDay: "day", ledger.ByMonth: "month"}[q.By],
		Group: "route", Total: counts(s.Total), Before: counts(s.Before),
		Groups: make([]usageGroup, len(s.Groups)), Series: make([]seriesEntry, len(s.Entries)),
	}
	if q.ByUser {
		out.Group = "user"
	}
	for i, g := range s.Groups {
		out.Groups[i] = usageGroup{
			groupOf: groupOf(g.GroupKey), Username: nameOfGroup{g.UserID != 0, g.Username}, Total: counts(g.Total), Before: counts(g.Before),
		}
	}
	for i, e := range s.Entries {
		out.Series[i] = seriesEntry{Start: e.Start, groupOf: groupOf(e.GroupKey), counts: counts(e.Counts)}
	}
	return out
}
