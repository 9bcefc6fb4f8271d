package httpapi

import (
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"tallygate/kit/ginapi"
	"tallygate/kit/httpd"
	"tallygate/kit/problem"
	"tallygate/kit/token"
)

// Config is what the API is made of.
type Config struct {
	Tokens    *token.Cache
	Readiness *httpd.Readiness
	Metrics   prometheus.Registerer
	Log       *slog.Logger
	AccessLog bool
	Tracer    trace.Tracer // nil: there are no traces
}

// New returns the public API.
func New(cfg Config) http.Handler {
	api := ginapi.New(ginapi.Config{Log: cfg.Log, AccessLog: cfg.AccessLog, Tracer: cfg.Tracer, Metrics: cfg.Metrics, Problems: problems})
	api.GET("/livez", gin.WrapH(httpd.Live()))
	api.GET("/readyz", gin.WrapH(cfg.Readiness))

	signedIn := api.Handle(func(c *gin.Context) error { return requireToken(c, cfg.Tokens) })
	api.GET("/root", signedIn, api.Handle(computeRoot))
	api.HEAD("/root", signedIn, api.Handle(computeRoot))
	return api
}

// requireToken refuses a request without a valid token.
func requireToken(c *gin.Context, tokens *token.Cache) error {
	raw, err := token.FromAuthorization(c.Request.Header["Authorization"])
	if err != nil {
		return problem.TokenRefused(err)
	}
	claims, err := tokens.Verify(raw)
	if err != nil {
		return problem.TokenRefused(err)
	}
	ginapi.SetUserID(c, claims.UserID)
	return nil
}
