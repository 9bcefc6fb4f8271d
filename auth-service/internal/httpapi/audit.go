package httpapi

import (
	"encoding/csv"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"tallygate/auth-service/internal/account"
	"tallygate/kit/ginapi"
)

type auditEntry struct {
	ID             int64     `json:"id"`
	At             time.Time `json:"at"`
	ActorID        *int64    `json:"actor_id"` // null: the command line
	Actor          *string   `json:"actor"`    // null: the user is gone
	Address        *string   `json:"address"`  // null: the user is gone
	Action         string    `json:"action"`
	TargetID       *int64    `json:"target_id"`       // null: no user
	TargetUsername *string   `json:"target_username"` // null: the user is gone, or there was none
	Detail         string    `json:"detail"`

	Changes []auditChange `json:"changes"`
}

// auditChange is a value before and after; null where there was or is none.
type auditChange struct {
	Name string  `json:"name"`
	From *string `json:"from"`
	To   *string `json:"to"`
}

type auditPage struct {
	Entries    []auditEntry `json:"entries"`
	NextCursor *string      `json:"next_cursor"` // null on the last page
}

// listAudit sends a page, or all entries as CSV.
func (s *server) listAudit(c *gin.Context) error {
	p, limit, cursor, err := readPageParameters(c.Request.URL.RawQuery)
	if err != nil {
		return err
	}
	var before int64
	if cursor != "" {
		if before, err = strconv.ParseInt(cursor, 10, 64); err != nil || before <= 0 {
			return wrongCursor()
		}
	}
	filter, err := p.auditFilter()
	if err != nil {
		return err
	}
	asCSV, err := p.csv()
	if err != nil {
		return err
	}
	q, err := s.Accounts.AuditQuery(c.Request.Context(), filter)
	if err != nil {
		return err
	}
	if asCSV {
		return s.exportAudit(c, q)
	}
	q.Before, q.Limit = before, limit+1
	entries, err := s.Accounts.Audit(c.Request.Context(), q)
	if err != nil {
		return err
	}
	var page auditPage
	page.Entries, page.NextCursor = cut(entries, limit, newAuditEntry,
		func(e account.AuditEntry) string { return strconv.FormatInt(e.ID, 10) })
	c.JSON(http.StatusOK, page)
	return nil
}

// auditFilter reads which entries are wanted.
func (p parameters) auditFilter() (f account.AuditFilter, err error) {
	for name, text := range map[string]*string{"actor": &f.Actor, "target": &f.Target, "action": &f.Action} {
		if *text, err = p.get(name); err != nil {
			return f, err
		}
	}
	period, err := p.period()
	f.From, f.To = period.From, period.To
	return f, err
}

func newAuditEntry(e account.AuditEntry) auditEntry {
	out := auditEntry{
		ID: e.ID, At: e.At, Action: e.Action, ActorID: orNull(e.Actor.ID), TargetID: orNull(e.TargetID),
		TargetUsername: orNull(e.TargetName), Detail: e.Detail, Changes: make([]auditChange, len(e.Changes)),
	}
	for i, c := range e.Changes {
		out.Changes[i] = auditChange(c)
	}
	if e.Actor.Name != "" {
		out.Actor, out.Address = &e.Actor.Name, &e.Actor.Address
	}
	return out
}

// exportAudit sends all entries. It reads them in pages, so that neither memory nor a transaction grows with the log.
func (s *server) exportAudit(c *gin.Context, q account.AuditQuery) error {
	control := http.NewResponseController(c.Writer)
	out := csv.NewWriter(c.Writer)
	out.UseCRLF = true
	q.Limit = account.MaxPage
	for {
		entries, err := s.Accounts.Audit(c.Request.Context(), q)
		if err != nil {
			return s.cutOff(c, err)
		}
		_ = control.SetWriteDeadline(time.Now().Add(linesTimeout)) // a recorder in a test has no deadlines
		if q.Before == 0 {
			if err := csvHeader(c, "audit.csv"); err != nil {
				return s.cutOff(c, err)
			}
			err = out.Write([]string{"id", "at", "actor_id", "actor", "address", "action", "target_id", "target_username", "detail"})
		}
		for i := 0; i < len(entries) && err == nil; i++ {
			q.Before = entries[i].ID
			err = out.Write(auditCells(entries[i]))
		}
		if out.Flush(); err == nil {
			err = out.Error()
		}
		if err != nil {
			return s.cutOff(c, err)
		}
		if len(entries) < q.Limit {
			return nil
		}
	}
}

// cutOff cuts the connection if the response has begun, so that the client notices that lines are missing. Otherwise it returns err.
func (s *server) cutOff(c *gin.Context, err error) error {
	if !c.Writer.Written() {
		return err
	}
	s.Log.WarnContext(c, "export of the audit log was cut off", "error", err, "request_id", ginapi.RequestID(c))
	panic(http.ErrAbortHandler)
}

func auditCells(e account.AuditEntry) []string {
	id := func(id int64) string {
		if id == 0 {
			return ""
		}
		return strconv.FormatInt(id, 10)
	}
	return []string{
		id(e.ID), e.At.Format(time.RFC3339Nano), id(e.Actor.ID), inert(e.Actor.Name), inert(e.Actor.Address), e.Action,
		id(e.TargetID), inert(e.TargetName), inert(e.Detail),
	}
}
