package edge

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"tallygate/gateway/internal/check"
	"tallygate/gateway/internal/forward"
	"tallygate/gateway/internal/limit"
	"tallygate/gateway/internal/wire"
	"tallygate/kit/problem"
	"tallygate/kit/token"
)

// Values of the Retry-After field.
const (
	retryCheck      = 2 * time.Second
	retryQuota      = time.Second
	retryInFlight   = time.Second
	retryUpstream   = time.Second
	retryShortage   = time.Second
	retryRefused    = 2 * time.Second
	retryCanceled   = time.Second
	retryOverloaded = time.Second
	retryStopping   = time.Second
)

// statusGone is logged if the client was gone before there was a response.
const statusGone = 499

// errMisdirected: the request is for a host that is not in the list.
var errMisdirected = errors.New("misdirected request")

// errNoRoute: nothing is at the request's path.
var errNoRoute = errors.New("no route")

// errTooManyUploads: the request waited in vain for its turn to pass its body on.
var errTooManyUploads = errors.New("too many uploads of one address")

// methodError refuses a method that the path does not take.
type methodError struct{ allow []string }

func (*methodError) Error() string { return "the method is not allowed" }

// refuse responds with the problem of err, if the client can still get a response. An error that is not in the table is
// logged, and the problem is a 500.
func (k *call) refuse(err error) {
	switch {
	case errors.Is(err, forward.ErrClientGone):
		k.abandon(statusGone)
		return
	case errors.Is(err, forward.ErrSlowBody): // the connection was stopped: nothing can be written
		k.abandon(http.StatusRequestTimeout)
		return
	case errors.Is(err, forward.ErrTooSlow):
		if k.keep = false; !k.conn.wire.Revive() {
			k.abandon(http.StatusRequestTimeout)
			return
		}
	}
	if _, malformed := errors.AsType[*wire.MessageError](err); malformed {
		k.keep = false
	}
	if errors.Is(err, forward.ErrBroken) || errors.Is(err, forward.ErrInvalid) {
		k.conn.server.cfg.Log.Warn("the upstream has not given a valid response", k.blamed(err)...)
	} else if errors.Is(err, forward.ErrHandshake) {
		k.conn.server.cfg.Log.Warn("no secure connection to the upstream could be made", k.blamed(err)...)
	}
	details := problems(err)
	if details == nil {
		k.conn.server.cfg.Log.Error("unexpected error", "error", err, "request_id", string(k.id))
		details = problem.Internal()
	}
	k.respond(details)
}

// abandon ends a call whose client takes no response.
func (k *call) abandon(status int) { k.status, k.keep, k.gone = status, false, true }

// problems is the table of errors and their problems; nil for an error that is not in it.
func problems(err error) *problem.Details {
	if errors.Is(err, wire.ErrOverloaded) {
		return problem.New(wire.ErrOverloaded.Status, wire.ErrOverloaded.Slug, wire.ErrOverloaded.Detail).RetryAfter(retryOverloaded)
	}
	if fault, ok := errors.AsType[*wire.MessageError](err); ok {
		return problem.New(fault.Status, fault.Slug, fault.Detail)
	}
	if method, ok := errors.AsType[*methodError](err); ok {
		return problem.MethodNotAllowed(method.allow)
	}
	if exceeded, ok := errors.AsType[*limit.RateError](err); ok {
		return rateProblem(exceeded)
	}
	if exceeded, ok := errors.AsType[*limit.QuotaError](err); ok {
		return quotaProblem(exceeded)
	}
	if exceeded, ok := errors.AsType[*limit.InFlightError](err); ok {
		return problem.New(http.StatusTooManyRequests, "too-many-in-flight",
			fmt.Sprintf("You have %d calls open at this gateway, as many as your plan allows; wait until one has ended.", exceeded.Most)).RetryAfter(retryInFlight)
	}
	if refused, ok := errors.AsType[refusal](err); ok {
		return refusalProblem(refused)
	}
	switch {
	case errors.Is(err, errMisdirected):
		return problem.New(http.StatusMisdirectedRequest, "misdirected-request", "This gateway does not serve the host that the request is for.")
	case errors.Is(err, errPlainHTTP):
		return problem.New(http.StatusBadRequest, "https-required", "This port speaks HTTPS: the address has to begin with https:// instead of http://.")
	case errors.Is(err, errNoRoute):
		return problem.NotFound()
	case errors.Is(err, errStopping):
		return problem.Unavailable("The gateway is stopping.", retryStopping)
	case errors.Is(err, errTooManyUploads):
		return problem.New(http.StatusServiceUnavailable, "too-many-uploads",
			"Too many requests of your address are sending their bodies; try again soon.").RetryAfter(retryRefused)
	case errors.Is(err, token.ErrMissing), errors.Is(err, token.ErrInvalid), errors.Is(err, token.ErrExpired):
		return problem.TokenRefused(err)
	case errors.Is(err, errRouteNotAllowed):
		return problem.New(http.StatusForbidden, "route-not-allowed", "This API key is not good for this path; its owner can add the route to the key.")
	case errors.Is(err, check.ErrNotReady):
		return problem.Unavailable("The gateway has not reached the sign-in service yet; try again soon.", retryCheck)
	case errors.Is(err, check.ErrStale):
		return problem.Unavailable("The gateway has not heard of revoked tokens for too long; try again soon.", retryCheck)
	case errors.Is(err, check.ErrLookup):
		return problem.Unavailable("The gateway cannot reach the sign-in service to look you up; try again soon.", retryCheck)
	case errors.Is(err, check.ErrRole):
		return problem.New(http.StatusForbidden, "role-missing", "You have none of the roles that may call this path.")
	case errors.Is(err, check.ErrUserTickets):
		return problem.TooMany("too-many-tickets", "You have used too many tickets; wait before the next one.",
			problem.Policy{Name: "tickets", Quota: check.MaxUserTickets, Window: check.TicketWindow}, check.TicketWindow)
	case errors.Is(err, check.ErrTickets):
		return problem.Unavailable("The gateway has taken too many tickets; try again soon.", retryCheck)
	case errors.Is(err, limit.ErrUnchecked):
		return problem.Unavailable("The gateway cannot check your quota at the moment; try again soon.", retryQuota)
	case errors.Is(err, context.Canceled): // the gateway is being stopped
		return problem.Unavailable("The request was cancelled.", retryCanceled)
	}
	return forwardProblem(err)
}

// forwardProblem is the part of the table with the errors of package forward.
func forwardProblem(err error) *problem.Details {
	switch {
	case errors.Is(err, forward.ErrTooLarge):
		return problem.New(http.StatusRequestEntityTooLarge, "body-too-large", "The request's body is larger than this path takes.")
	case errors.Is(err, forward.ErrTooSlow):
		return problem.New(http.StatusRequestTimeout, "body-too-slow", "The request's body comes too slowly.")
	case errors.Is(err, forward.ErrLoop):
		return problem.New(http.StatusBadRequest, "loop",
			"The request has passed this gateway several times: the upstream leads back to it.")
	case errors.Is(err, forward.ErrUnreachable):
		return problem.Unavailable("The service behind this path cannot be reached at the moment.", retryUpstream)
	case errors.Is(err, forward.ErrShortage):
		return problem.New(http.StatusServiceUnavailable, "gateway-exhausted",
			"The gateway has too many connections open to reach the service behind this path; try again soon.").RetryAfter(retryShortage)
	case errors.Is(err, forward.ErrHandshake):
		return problem.New(http.StatusBadGateway, "upstream-failed", "No secure connection to the service behind this path could be made.")
	case errors.Is(err, forward.ErrTimeout):
		return problem.New(http.StatusGatewayTimeout, "upstream-timeout", "The service behind this path has not answered in time.")
	case errors.Is(err, forward.ErrBroken), errors.Is(err, forward.ErrInvalid):
		return problem.New(http.StatusBadGateway, "upstream-failed",
			"The service behind this path broke off, or gave an answer that is not valid HTTP.")
	}
	return nil
}

func refusalProblem(why refusal) *problem.Details {
	detail := "The gateway has as many connections open as it can; try again soon."
	if why == shareTaken {
		detail = "Your address has as many connections open as it may have; close some, or use those that are open."
	}
	return problem.New(http.StatusServiceUnavailable, "too-many-connections", detail).RetryAfter(retryRefused)
}

func rateProblem(e *limit.RateError) *problem.Details {
	may := "You may"
	name, planned := strings.CutPrefix(e.Route, planPrefix)
	if planned {
		may = "By your plan you may"
	}
	detail := fmt.Sprintf("%s call %s %d times %s; wait before the next call.", may, name, e.Rate.Requests, per(e.Rate.Per))
	return problem.New(http.StatusTooManyRequests, "rate-limited", detail).RetryAfter(e.Wait)
}

func per(d time.Duration) string {
	switch d {
	case time.Second:
		return "a second"
	case time.Minute:
		return "a minute"
	case time.Hour:
		return "an hour"
	}
	return "in " + d.String()
}

func quotaProblem(e *limit.QuotaError) *problem.Details {
	name, period := "quota", "month"
	switch e.Name {
	case "day":
		period = "day"
	case "key":
		name = "API key's quota"
	}
	quota := fmt.Sprintf("%s of %d for this %s", name, e.Quota, period)
	next := fmt.Sprintf("the next %s begins at %s.", period, e.Ends.Format(time.RFC3339))
	slug, detail := "quota-used-up", fmt.Sprintf("Your %s is used up; %s", quota, next)
	switch {
	case e.Reserved:
		slug = "quota-reserved"
		detail = fmt.Sprintf("The last of your %s is reserved; what is not used comes back within %d seconds, and %s", quota, problem.Seconds(e.Wait), next)
	case e.Left > 0:
		detail = fmt.Sprintf("Your %s has %d left, less than the %d that this call costs; %s", quota, e.Left, e.Cost, next)
	}
	return problem.New(http.StatusTooManyRequests, slug, detail).RetryAfter(e.Wait)
}
