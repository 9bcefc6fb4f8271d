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

// UsageInUnits is Usage for a batch with rows that have key_id or units. An auth-service of the version before does not know
// these members, and would count the calls without them. It refuses the method, with 405: a *RefusedError.
func (c *Client) UsageInUnits(ctx context.Context, batch []byte) error {
	return c.call(ctx, http.MethodPut, "/internal/usage", batch, nil)
}

// LeaseRequest asks for a share of what remains of a user's monthly quota.
type LeaseRequest struct {
	Gateway string `json:"gateway"`
	UserID  int64  `json:"user_id"`
	Month   string `json:"month"` // 2026-11
	// Request rises with every new request for the user and month. The same number gets the same grant again and not
	// another one, so a request whose response was lost can be sent again.
	Request int64 `json:"request"`
	Want    int64 `json:"want"`
	// Returned are calls that this gateway holds and will not use. They are no longer reserved.
	Returned int64 `json:"returned,omitempty"`
}

// Lease is the share. It adds to what the gateway holds for the user and month, and renews what is held.
type Lease struct {
	Granted   int64  `json:"granted"` // calls; 0: nothing remains at the moment
	Limit     *int64 `json:"limit"`   // nil: the user no longer has a quota
	Remaining int64  `json:"remaining"`
	// ReservedElsewhere are calls that other gateways hold. What they do not use comes back.
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

// Lease requests calls. Errors: ErrUnavailable; *RefusedError, with status 409 if the ledger has seen a later request.
func (c *Client) Lease(ctx context.Context, r LeaseRequest) (Lease, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return Lease{}, fmt.Errorf("encode lease: %w", err)
	}
	var lease Lease
	err = c.call(ctx, http.MethodPost, "/internal/quota/leases", body, &lease)
	return lease, err
}

// Release gives back all that a gateway holds. The gateway has ended and its usage is delivered. Errors: ErrUnavailable,
// *RefusedError.
func (c *Client) Release(ctx context.Context, gateway string) error {
	return c.call(ctx, http.MethodDelete, "/internal/quota/leases/"+url.PathEscape(gateway), nil, nil)
}
