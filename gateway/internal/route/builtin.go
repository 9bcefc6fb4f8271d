package route

import (
	"slices"
	"time"
)

// Sign-in and account bodies are small. auth-service has a bound of its own, with a better error message.
const builtinMaxBody = 1 << 20

// RootName is the name of math-service's route. All other built-in ones lead to auth-service.
const RootName = "root"

// LimitsName is the name of the route on which users look at their limits, UsageName of that on which they look at their usage.
const (
	LimitsName = "limits"
	UsageName  = "usage"
)

// Builtin returns the routes of auth-service and math-service, which come with the gateway. Each lists its methods: a
// request with another one is refused before its token is read, and the Allow field lists what the service serves. Both services
// verify the token again, so it is forwarded.
func Builtin(auth, math string) []*Route {
	timeouts := DefaultTimeouts()
	timeouts.FirstByte = 15 * time.Second // a password may wait 5 seconds for its turn
	// No retries. If a first try has changed the password or deleted the account, the second one is refused. The client
	// would believe that nothing was done.
	account := func(name, path string, methods ...string) *Route {
		return &Route{
			Name: name, Path: path, Exact: true, Builtin: true, Methods: methods, Upstreams: []string{auth}, Health: "/readyz",
			IdentityHeader: "X-User-Id", ForwardToken: true, NoTickets: true, MaxBody: builtinMaxBody, FewUploads: true, Timeouts: timeouts,
		}
	}
	public := func(name, path string) *Route {
		r := account(name, path, "POST")
		r.Public, r.ForwardToken = true, false
		return r
	}
	// changes may end the permission by which they came. The client has to learn that they have succeeded.
	changes := func(name, path string, methods ...string) *Route {
		r := account(name, path, methods...)
		r.UntilClosed = true
		return r
	}
	// auth-service checks the credential of the service that asks.
	introspect := public("introspect", "/token/introspect")
	introspect.ForwardToken = true
	root := account(RootName, "/root", "GET")
	root.Upstreams, root.Metered, root.NoTickets, root.Retries = []string{math}, true, false, 1
	return slices.Concat([]*Route{
		public("register", "/users/register"),
		public("token", "/token"),
		public("refresh", "/token/refresh"),
		introspect,
		account("ticket", "/token/ticket", "POST"),
		public("reset-password", "/users/password"),
		changes("logout", "/logout", "POST"),
		changes("account", "/users/me", "GET", "DELETE"),
		changes("password", "/users/me/password", "PUT"),
		changes("totp", "/users/me/totp", "POST", "PUT", "DELETE"),
		account("totp-recovery-codes", "/users/me/totp/recovery-codes", "POST"),
		account(UsageName, "/users/me/usage", "GET"),
		account(LimitsName, "/users/me/limits", "GET"),
		changes("sessions", "/users/me/sessions", "GET", "DELETE"),
		changes("session", "/users/me/sessions/*", "DELETE"),
		account("keys", "/users/me/keys", "GET", "POST"),
		account("key", "/users/me/keys/*", "PATCH", "DELETE"),
		account("key-rotation", "/users/me/keys/*/rotate", "POST"),
	}, administration(account, changes), []*Route{root})
}

// newRoute makes a route of auth-service.
type newRoute func(name, path string, methods ...string) *Route

// administration are the routes for administrators. account and changes make them.
func administration(account, changes newRoute) []*Route {
	adminUsage := account("admin-usage", "/admin/usage", "GET")
	// auth-service sums up the usage of all users. It may take 30 seconds for a page, and 10 minutes for a CSV.
	adminUsage.Timeouts.FirstByte, adminUsage.Timeouts.Progress = 40*time.Second, 11*time.Minute
	adminSeries := account("admin-usage-series", "/admin/usage/series", "GET")
	adminSeries.Timeouts.FirstByte = 40 * time.Second // by user it sums up, too
	return []*Route{
		account("admin-users", "/admin/users", "GET", "POST"),
		changes("admin-user", "/admin/users/*", "GET", "PATCH", "DELETE"),
		account("admin-user-reset", "/admin/users/*/reset", "POST"),
		account("admin-user-totp", "/admin/users/*/totp", "DELETE"),
		account("admin-user-usage", "/admin/users/*/usage", "GET"),
		changes("admin-user-sessions", "/admin/users/*/sessions", "GET", "DELETE"),
		account("admin-user-keys", "/admin/users/*/keys", "GET"),
		account("admin-user-key", "/admin/users/*/keys/*", "DELETE"),
		adminUsage,
		adminSeries,
		account("admin-invitations", "/admin/invitations", "GET", "POST"),
		account("admin-invitation", "/admin/invitations/*", "DELETE"),
		account("admin-plans", "/admin/plans", "GET"),
		account("admin-plan", "/admin/plans/*", "GET", "PUT", "DELETE"),
		account("admin-audit", "/admin/audit", "GET"),
		account("admin-system", "/admin/system", "GET"),
	}
}
