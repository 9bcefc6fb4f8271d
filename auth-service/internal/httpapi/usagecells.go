package httpapi

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"tallygate/auth-service/internal/ledger"
)

// usageColumns are the names of the columns of usage as CSV. first are those before the counts.
func usageColumns(byKey bool, first ...string) []string {
	columns := slices.Concat(first, []string{"requests", "client_errors", "server_errors", "rate_limited", "bytes_in", "bytes_out", "units"})
	if byKey {
		columns = append(columns, "key_id")
	}
	return columns
}

// usageCells are the cells of a row below usageColumns.
func usageCells(n ledger.Counts, key keyID, first ...string) []string {
	cells := first
	for _, n := range [...]int64{n.Requests, n.ClientErrors, n.ServerErrors, n.RateLimited, n.BytesIn, n.BytesOut, n.Units} {
		cells = append(cells, strconv.FormatInt(n, 10))
	}
	switch {
	case key.shown && key.id != 0:
		cells = append(cells, strconv.FormatInt(key.id, 10))
	case key.shown: // without a key
		cells = append(cells, "")
	}
	return cells
}

// csvHeader begins a CSV. With bom=1 the first bytes are a byte-order mark: without it Excel takes UTF-8 for another encoding.
func csvHeader(c *gin.Context, file string) error {
	c.Header("Content-Type", "text/csv; charset=utf-8; header=present")
	c.Header("Content-Disposition", fmt.Sprintf("attachment; filename=%q", file))
	if c.Query("bom") != "1" {
		return nil
	}
	_, err := c.Writer.WriteString("\ufeff")
	return err
}

func usageFile(covered ledger.Period) string {
	return fmt.Sprintf("usage-%s-%s.csv", short(covered.From), short(covered.To))
}

// sendUsageCSV sends the series of a report, in its order. Its bounds keep it small enough to be made in memory.
func sendUsageCSV(c *gin.Context, r ledger.Report, byKey bool) error {
	c.Status(http.StatusOK)
	if err := csvHeader(c, usageFile(r.Period)); err != nil {
		return err
	}
	out := csv.NewWriter(c.Writer)
	out.UseCRLF = true
	if err := out.Write(usageColumns(byKey, "start", "route")); err != nil {
		return err
	}
	for _, e := range r.Series {
		if err := out.Write(usageCells(e.Counts, keyID{byKey, e.KeyID}, e.Start.Format(time.RFC3339), inert(e.Route))); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
