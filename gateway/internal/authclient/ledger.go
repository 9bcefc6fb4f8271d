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

// LeaseRequest asks for a share of what remains of a quota, in units. One of Month, Day and KeyMonth says of which.
type LeaseRequest struct {
	Gateway  string `json:"gateway"`
	UserID   int64  `json:"user_id"`
	Month    string `json:"month,omitempty"`     // 2026-11: the user's
	Day      string `json:"day,omitempty"`       // 2026-11-27: the user's
	KeyMonth string `json:"key_month,omitempty"` // 2026-11: that of the API key
	KeyID    string `json:"key_id,omitempty"`    // only with KeyMonth
	// Request rises with every new request for the same. The same number gets the same grant again and not another one, so a
	// request whose response was lost can be sent again.
	Request int64 `json:"request"`
	Want    int64 `json:"want"`
	// Least is the smallest grant that is of use. 0 is as good as 1.
	Least int64 `json:"least,omitempty"`
	// Returned are units that this gateway holds and will not use. They are no longer reserved. It may be more than is held.
	Returned int64 `json:"returned,omitempty"`
}

// Lease is the share. It adds to what the gateway holds of the quota, and renews what is held.
type Lease struct {
	Granted int64  `json:"granted"` // units; 0: nothing of use remains at the moment
	Limit   *int64 `json:"limit"`   // nil: there is no quota any more
	// Remaining are units that are neither used nor reserved.
	Remaining int64 `json:"remaining"`
	// ReservedElsewhere are units that other gateways hold. What they do not use comes back.
	ReservedElsewhere int64     `json:"reserved_elsewhere"`
	ResetsAt          time.Time `json:"resets_at"`
	// UseWithin is counted from before the request was sent. The ledger keeps the units reserved for twice as long.
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

// Lease requests units. Errors: ErrUnavailable; *RefusedError, with status 409 if the ledger has seen a later request.
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
