package httpapi

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"tallygate/auth-service/internal/ledger"
	"tallygate/kit/ginapi"
)

// maxBatchBytes is the longest body of a batch.
const maxBatchBytes = 16 << 20

// counts are ledger.Counts in JSON. A batch may leave out members that are zero. A report has all members.
type counts struct {
	Requests     int64 `json:"requests"`
	ClientErrors int64 `json:"client_errors"`
	ServerErrors int64 `json:"server_errors"`
	RateLimited  int64 `json:"rate_limited"`
	BytesIn      int64 `json:"bytes_in"`
	BytesOut     int64 `json:"bytes_out"`
}

// batch is ledger.Batch in JSON.
type batch struct {
	Gateway  string     `json:"gateway"`
	Sequence int64      `json:"sequence"`
	Rows     []batchRow `json:"rows"`
}

type batchRow struct {
	UserID int64     `json:"user_id"`
	Route  string    `json:"route"`
	Hour   time.Time `json:"hour"`
	counts
}

// addUsage adds a gateway's batch to the ledger. The response is 204 also if the batch was added before.
func (s *server) addUsage(c *gin.Context) error {
	body, err := ginapi.BindKnown[batch](c, maxBatchBytes)
	if err != nil {
		return err
	}
	b := ledger.Batch{Gateway: body.Gateway, Sequence: body.Sequence, Rows: make([]ledger.Row, len(body.Rows))}
	for i := range body.Rows {
		r := &body.Rows[i]
		b.Rows[i] = ledger.Row{UserID: r.UserID, Route: r.Route, Start: r.Hour, Counts: ledger.Counts(r.counts)}
	}
	added, err := s.Ledger.Add(c.Request.Context(), b)
	if err != nil {
		return err
	}
	s.ledgerMetrics.batch(added, b)
	c.Status(http.StatusNoContent)
	return nil
}
