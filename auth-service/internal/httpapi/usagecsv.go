package httpapi

import (
	"encoding/csv"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"tallygate/auth-service/internal/ledger"
	"tallygate/kit/ginapi"
)

const (
	// firstTimeout is the write timeout until the first line: a little longer than the database may take.
	firstTimeout = ledger.ExportWithin + 10*time.Second
	// linesTimeout is the write timeout of each timedLines lines.
	linesTimeout = time.Minute
	timedLines   = 5000
)

// csvExport is a ledger.Exporter that writes each line into the response when it gets it (RFC 4180).
type csvExport struct {
	c       *gin.Context
	csv     *csv.Writer
	control *http.ResponseController
	lines   int
	byKey   bool // has a column of the key's id
}

// exportUsage sends all lines of the period, sorted by user and route.
func (s *server) exportUsage(c *gin.Context, l ledger.Listing) error {
	e := &csvExport{c: c, csv: csv.NewWriter(c.Writer), control: http.NewResponseController(c.Writer), byKey: l.ByKey}
	e.csv.UseCRLF = true
	err := s.Ledger.Export(c.Request.Context(), l.Period, l.Which, e)
	if err == nil {
		e.csv.Flush()
		err = e.csv.Error()
	}
	if err != nil && c.Writer.Written() {
		// The connection is cut so that the client notices that lines are missing.
		s.Log.WarnContext(c, "export of usage was cut off", "error", err, "request_id", ginapi.RequestID(c))
		panic(http.ErrAbortHandler)
	}
	return err
}

// Begin implements ledger.Exporter. It sends the head and the names of the columns at once, so that the client knows that
// lines will follow.
func (e *csvExport) Begin(covered ledger.Period) error {
	e.setWriteTimeout(firstTimeout)
	if err := csvHeader(e.c, usageFile(covered)); err != nil {
		return err
	}
	if err := e.csv.Write(usageColumns(e.byKey, "user_id", "username", "route")); err != nil {
		return err
	}
	e.csv.Flush()
	e.c.Writer.Flush()
	return e.csv.Error()
}

// short formats a day, or an hour of a day, without characters that file systems refuse.
func short(t time.Time) string {
	if t.Equal(ledger.ByDay.Start(t)) {
		return t.Format(time.DateOnly)
	}
	return t.Format("2006-01-02T15")
}

// Line implements ledger.Exporter.
func (e *csvExport) Line(l ledger.Line) error {
	if e.lines%timedLines == 0 {
		e.setWriteTimeout(linesTimeout)
	}
	e.lines++
	return e.csv.Write(usageCells(l.Counts, keyID{e.byKey, l.KeyID}, strconv.FormatInt(l.UserID, 10), inert(l.Username), inert(l.Route)))
}

// setWriteTimeout gives the response d more to be written.
func (e *csvExport) setWriteTimeout(d time.Duration) {
	_ = e.control.SetWriteDeadline(time.Now().Add(d)) // a recorder in a test has no deadlines
}

// inert keeps a spreadsheet from running a name as a formula (OWASP: CSV injection).
func inert(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
