package authclient

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// Usage delivers one batch, as JSON:
//
//	{"gateway":"<instance>","sequence":1,"rows":[{"user_id":7,"route":"root","hour":"2026-11-24T02:00:00Z","requests":3,…}]}
//
// The ledger adds a batch of the same gateway and sequence once. Errors: ErrUnavailable, *RefusedError.
func (c *Client) Usage(ctx context.Context, batch []byte) error {
	return c.call(ctx, http.MethodPost, "/internal/usage", batch, nil)
}

// LeaseRequest asks for a share of what remains of a user's monthly quota.
type LeaseRequest struct {
	Gateway string `json:"gateway"`
	UserID  int64  `json:"user_id"`
	Month   string `json:"month"` // 2026-11
	// Request rises with every new request for the user and month. The same number again gets the same grant again, not
	// another one: that is how a lost answer is asked for.
	Request int64 `json:"request"`
	Want    int64 `json:"want"`
	// Returned are calls that are held and will not be used: they are no longer reserved.
	Returned int64 `json:"returned,omitempty"`
}

// Lease is the share. It adds to what the gateway holds for the user and month and renews that.
type Lease struct {
	Granted   int64  `json:"granted"` // calls; 0: nothing remains at the moment
	Limit     *int64 `json:"limit"`   // nil: the user has no quota any more
	Remaining int64  `json:"remaining"`
	// ReservedElsewhere is what other gateways hold. What they do not use comes back.
	ReservedElsewhere int64     `json:"reserved_elsewhere"`
	ResetsAt          time.Time `json:"resets_at"`
	// UseWithin is counted from before the request was sent. The ledger keeps the calls reserved for twice as long.
	UseWithin Duration `json:"use_within"`
}

// Duration is written as Go writes durations: "30s".
type Duration time.Duration

// UnmarshalText reads the text form.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = Duration(parsed)
	return err
}

// Lease asks for calls. Errors: ErrUnavailable, *RefusedError: status 409 says that the ledger has answered a later
// request already.
func (c *Client) Lease(ctx context.Context, r LeaseRequest) (Lease, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return Lease{}, fmt.Errorf("encode lease: %w", err)
	}
	var lease Lease
	err = c.call(ctx, http.MethodPost, "/internal/quota/leases", body, &lease)
	return lease, err
}

// Release gives back all that a gateway holds, which has ended and whose usage is delivered. Errors: ErrUnavailable,
// *RefusedError.
func (c *Client) Release(ctx context.Context, gateway string) error {
	return c.call(ctx, http.MethodDelete, "/internal/quota/leases/"+url.PathEscape(gateway), nil, nil)
}
