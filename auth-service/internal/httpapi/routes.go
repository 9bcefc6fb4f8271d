package httpapi

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"tallygate/kit/ginapi"
	"tallygate/kit/httpd"
)

// New returns the public API, and the private API that only gateways may call.
func New(cfg Config) (public, private http.Handler) {
	s := &server{Config: cfg, ledgerMetrics: newLedgerMetrics(cfg.Metrics), signInMetrics: newSignInMetrics(cfg.Metrics)}
	return s.public(), s.private()
}

func (s *server) public() *ginapi.API {
	api := s.api(s.AccessLog, s.Tracer)
	get(api.Engine, "/livez", gin.WrapH(httpd.Live()))
	get(api.Engine, "/readyz", gin.WrapH(s.Readiness))

	api.POST("/users/register", api.Handle(s.register))
	api.POST("/users/password", api.Handle(s.useReset))
	api.POST("/token", api.Handle(s.signIn))
	api.POST("/token/refresh", api.Handle(s.refresh))
	api.POST("/token/introspect", api.Handle(s.introspect))

	user := api.Group("/", api.Handle(s.requireUser))
	user.POST("/token/ticket", api.Handle(s.makeTicket))
	user.POST("/logout", api.Handle(s.logout))
	get(user, "/users/me", api.Handle(s.readMe))
	user.DELETE("/users/me", api.Handle(s.deleteMe))
	user.PUT("/users/me/password", api.Handle(s.changePassword))
	user.POST("/users/me/totp", api.Handle(s.beginTOTP))
	user.PUT("/users/me/totp", api.Handle(s.confirmTOTP))
	user.DELETE("/users/me/totp", api.Handle(s.removeTOTP))
	user.POST("/users/me/totp/recovery-codes", api.Handle(s.replaceRecoveryCodes))
	get(user, "/users/me/sessions", api.Handle(s.listSessions))
	user.DELETE("/users/me/sessions", api.Handle(s.endOtherSessions))
	user.DELETE("/users/me/sessions/:id", api.Handle(s.endSession))
	get(user, "/users/me/keys", api.Handle(s.listKeys))
	user.POST("/users/me/keys", api.Handle(s.createKey))
	user.PATCH("/users/me/keys/:key_id", api.Handle(s.editKey))
	user.DELETE("/users/me/keys/:key_id", api.Handle(s.revokeKey))
	user.POST("/users/me/keys/:key_id/rotate", api.Handle(s.rotateKey))

	either := api.Group("/", api.Handle(s.requireUserOrKey))
	get(either, "/users/me/usage", api.Handle(s.readMyUsage))
	get(either, "/users/me/limits", api.Handle(s.readMyLimits))

	admin := user.Group("/admin", api.Handle(s.requireAdmin))
	get(admin, "/users", api.Handle(s.listUsers))
	admin.POST("/users", api.Handle(s.addUser))
	get(admin, "/users/:id", api.Handle(s.readUser))
	admin.PATCH("/users/:id", api.Handle(s.editUser))
	admin.DELETE("/users/:id", api.Handle(s.removeUser))
	admin.POST("/users/:id/reset", api.Handle(s.makeReset))
	admin.DELETE("/users/:id/totp", api.Handle(s.removeUserTOTP))
	get(admin, "/users/:id/usage", api.Handle(s.readUserUsage))
	get(admin, "/users/:id/sessions", api.Handle(s.listUserSessions))
	admin.DELETE("/users/:id/sessions", api.Handle(s.endUserSessions))
	get(admin, "/users/:id/keys", api.Handle(s.listUserKeys))
	admin.DELETE("/users/:id/keys/:key_id", api.Handle(s.revokeUserKey))
	get(admin, "/usage", api.Handle(s.listUsage))
	get(admin, "/usage/series", api.Handle(s.readUsageSeries))
	get(admin, "/invitations", api.Handle(s.listInvitations))
	admin.POST("/invitations", api.Handle(s.invite))
	admin.DELETE("/invitations/:id", api.Handle(s.withdrawInvitation))
	get(admin, "/plans", api.Handle(s.listPlans))
	get(admin, "/plans/:name", api.Handle(s.readPlan))
	admin.PUT("/plans/:name", api.Handle(s.putPlan))
	admin.DELETE("/plans/:name", api.Handle(s.deletePlan))
	get(admin, "/audit", api.Handle(s.listAudit))
	get(admin, "/system", api.Handle(s.readSystem))
	return api
}

func (s *server) private() *ginapi.API {
	api := s.api(false, nil)
	internal := api.Group("/internal", api.Handle(s.requireGateway))
	get(internal, "/users/:id", api.Handle(s.readRecord))
	get(internal, "/changes", api.Handle(s.readChanges))
	internal.POST("/keys", api.Handle(s.openKey))
	internal.POST("/usage", api.Handle(s.addUsage))
	internal.PUT("/usage", api.Handle(s.addUsage))
	internal.POST("/quota/leases", api.Handle(s.leaseCalls))
	internal.DELETE("/quota/leases/:gateway", api.Handle(s.endLeases))
	internal.PUT("/gateways/:gateway", api.Handle(s.reportGateway))
	internal.POST("/rates", api.Handle(s.shareRates))
	return api
}

// get serves GET and HEAD (RFC 9110 section 9.3.2). net/http sends the response to HEAD without the body.
func get(routes gin.IRoutes, path string, handler gin.HandlerFunc) {
	routes.Match([]string{http.MethodGet, http.MethodHead}, path, handler)
}
