package authclient

import (
	"context"
	"net/http"
	"net/url"
)

// gatewaysPath begins the path of every gateway's report.
const gatewaysPath = "/internal/gateways/"

// Report replaces what auth-service knows of a gateway's state. The body is JSON, as kit/internalapi/openapi.yaml describes it.
// Errors: ErrNoCall, ErrUnavailable, *RefusedError.
func (c *Client) Report(ctx context.Context, gateway string, body []byte) error {
	return c.call(ctx, http.MethodPut, gatewaysPath+url.PathEscape(gateway), body, nil)
}
