package httpapi

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"tallygate/auth-service/internal/ledger"
	"tallygate/kit/ginapi"
)

// maxBatchBytes is the longest body of a batch.
const maxBatchBytes = 16 << 20

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
	// KeyID is absent for calls without an API key.
	KeyID        *string `json:"key_id"`
	Requests     int64   `json:"requests"`
	Units        *int64  `json:"units"` // absent: one for each request
	ClientErrors int64   `json:"client_errors"`
	ServerErrors int64   `json:"server_errors"`
	RateLimited  int64   `json:"rate_limited"`
	BytesIn      int64   `json:"bytes_in"`
	BytesOut     int64   `json:"bytes_out"`
}

func (r *batchRow) row() (row ledger.Row, err error) {
	row = ledger.Row{UserID: r.UserID, Route: r.Route, Start: r.Hour, Counts: ledger.Counts{
		Requests: r.Requests, Units: r.Requests, ClientErrors: r.ClientErrors, ServerErrors: r.ServerErrors,
		RateLimited: r.RateLimited, BytesIn: r.BytesIn, BytesOut: r.BytesOut,
	}}
	if r.Units != nil {
		row.Units = *r.Units
	}
	if r.KeyID != nil {
		row.KeyID, err = readKeyID(*r.KeyID)
	}
	return row, err
}

// addUsage adds a gateway's batch to the ledger. Gateways use another method for batches whose rows have key_id or units, which
// an auth-service of the version before has not: it would ignore these members. The response is 204 also if the batch was added before.
func (s *server) addUsage(c *gin.Context) error {
	body, err := ginapi.BindKnown[batch](c, maxBatchBytes)
	if err != nil {
		return err
	}
	b := ledger.Batch{Gateway: body.Gateway, Sequence: body.Sequence, Rows: make([]ledger.Row, len(body.Rows))}
	for i := range body.Rows {
		if b.Rows[i], err = body.Rows[i].row(); err != nil {
			return invalid("rows", fmt.Sprintf("Row %d: key_id has to be a whole number from 1 to 2^63-1, as a string.", i+1))
		}
	}
	added, err := s.Ledger.Add(c.Request.Context(), b)
	if err != nil {
		return err
	}
	s.ledgerMetrics.batch(added, b)
	c.Status(http.StatusNoContent)
	return nil
}
