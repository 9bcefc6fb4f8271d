package route

import "time"

// Sign-in and account bodies are small; auth-service has a limit of its own, which says so better.
const builtinMaxBody = 1 << 20

// Builtin are the routes of the services that come with the gateway. Each has its methods: another one is refused before
// the token is looked at, and Allow says what the service serves.
func Builtin(auth, math string) []*Route {
	limits := DefaultLimits()
	limits.FirstByte = 15 * time.Second // a password may wait 5 seconds for its turn
	// No retries: a password that was changed, or an account that was deleted, a moment ago would be refused the second
	// time, and the client told that nothing was done.
	account := func(name, path string, methods ...string) *Route {
		return &Route{
			Name: name, Path: path, Exact: true, Methods: methods, Upstreams: []string{auth}, Health: "/readyz",
			IdentityHeader: "X-User-Id", MaxBody: builtinMaxBody, Limits: limits,
		}
	}
	public := func(name, path string) *Route {
		r := account(name, path, "POST")
		r.Public = true
		return r
	}
	adminUsage := account("admin-usage", "/admin/usage", "GET")
	// auth-service adds up the calls of all users: 30 seconds for a page, 10 minutes until a CSV's first line.
	adminUsage.Limits.FirstByte, adminUsage.Limits.Progress = 40*time.Second, 11*time.Minute
	root := account("root", "/root", "GET")
	root.Upstreams, root.Tally, root.Retries = []string{math}, true, 1
	return []*Route{
		public("register", "/users/register"),
		public("token", "/token"),
		public("refresh", "/token/refresh"),
		account("logout", "/logout", "POST"),
		account("account", "/users/me", "GET", "DELETE"),
		account("password", "/users/me/password", "PUT"),
		account("usage", "/users/me/usage", "GET"),
		account("sessions", "/users/me/sessions", "GET"),
		account("session", "/users/me/sessions/*", "DELETE"),
		account("admin-users", "/admin/users", "GET"),
		account("admin-user", "/admin/users/*", "PATCH", "DELETE"),
		account("admin-user-usage", "/admin/users/*/usage", "GET"),
		adminUsage,
		account("admin-audit", "/admin/audit", "GET"),
		root,
	}
}
