package httpapi

import (
	"log/slog"
	"net/netip"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/clientauth"
	"tallygate/auth-service/internal/issuer"
	"tallygate/auth-service/internal/ledger"
	"tallygate/auth-service/internal/system"
	"tallygate/kit/ginapi"
	"tallygate/kit/httpd"
	"tallygate/kit/internalapi"
	"tallygate/kit/ticket"
	"tallygate/kit/token"
	"tallygate/kit/turn"
)

// Config is the configuration of the API. Every field but PublicURL is required.
type Config struct {
	Accounts  *account.Service
	Feed      *account.Feed
	Ledger    *ledger.Service
	System    *system.Service
	Issuer    *issuer.Issuer
	Verifier  *token.Verifier
	Tickets   *ticket.Keys
	Internal  *internalapi.Bearer
	Names     *account.NameHash
	Askers    *clientauth.Secrets // of services that ask about tokens
	Asks      *turn.Line          // bounds how many of their questions go to the database at once
	Readiness *httpd.Readiness
	// PublicURL is where people find the console, without a slash at its end. Empty if it is not known.
	PublicURL      string
	TrustedProxies []netip.Prefix
	Metrics        prometheus.Registerer
	Log            *slog.Logger
	AccessLog      bool
	Tracer         trace.Tracer // of the public API; nil: there are no traces
}

// server holds what handlers need.
type server struct {
	Config
	ledgerMetrics *ledgerMetrics
	signInMetrics *signInMetrics
}

// origin is where the request comes from. The address is the one that trusted proxies report.
func (s *server) origin(c *gin.Context) account.Origin {
	return account.Origin{Address: httpd.ClientOf(c.Request, s.TrustedProxies), Client: c.Request.UserAgent()}
}

// noStore keeps tokens and account data out of caches (RFC 6749 section 5.1).
func noStore(c *gin.Context) { c.Header("Cache-Control", "no-store") }

// logEvent logs a sign-in or a change of an account for auditors: who, from where, in which request.
func (s *server) logEvent(c *gin.Context, event string, userID int64, from account.Origin, more ...any) {
	attrs := []any{"event", event, "user_id", userID, "client_address", from.Address.String(), "request_id", ginapi.RequestID(c)}
	s.Log.InfoContext(c, "account event", append(attrs, more...)...)
}
