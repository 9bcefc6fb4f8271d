package httpapi

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"tallygate/kit/ginapi"
	"tallygate/kit/httpd"
)

// New returns the public API and the private one, which only gateways may call.
func New(cfg Config) (public, private http.Handler) {
	s := &server{Config: cfg, tally: newTally(cfg.Metrics), signIns: newSignIns(cfg.Metrics)}
	return s.public(), s.private()
}

func (s *server) public() *ginapi.API {
	api := s.api("public")
	api.GET("/livez", gin.WrapH(httpd.Live()))
	api.GET("/readyz", gin.WrapH(s.Readiness))

	api.POST("/users/register", api.Handle(s.register))
	api.POST("/token", api.Handle(s.signIn))
	api.POST("/token/refresh", api.Handle(s.refresh))

	user := api.Group("/", api.Handle(s.requireUser))
	user.POST("/logout", api.Handle(s.logout))
	user.GET("/users/me", api.Handle(s.readMe))
	user.DELETE("/users/me", api.Handle(s.deleteMe))
	user.PUT("/users/me/password", api.Handle(s.changePassword))
	user.GET("/users/me/sessions", api.Handle(s.listSessions))
	user.DELETE("/users/me/sessions/:id", api.Handle(s.endSession))
	user.GET("/users/me/usage", api.Handle(s.readMyUsage))

	admin := user.Group("/admin", api.Handle(s.requireAdmin))
	admin.GET("/users", api.Handle(s.listUsers))
	admin.PATCH("/users/:id", api.Handle(s.editUser))
	admin.DELETE("/users/:id", api.Handle(s.removeUser))
	admin.GET("/users/:id/usage", api.Handle(s.readUserUsage))
	admin.GET("/usage", api.Handle(s.listUsage))
	admin.GET("/audit", api.Handle(s.listAudit))
	return api
}

func (s *server) private() *ginapi.API {
	api := s.api("private")
	internal := api.Group("/internal", api.Handle(s.requireGateway))
	internal.GET("/users/:id", api.Handle(s.readRecord))
	internal.GET("/changes", api.Handle(s.readChanges))
	internal.POST("/usage", api.Handle(s.addUsage))
	internal.POST("/quota/leases", api.Handle(s.leaseCalls))
	internal.DELETE("/quota/leases/:gateway", api.Handle(s.endLeases))
	return api
}
