package edge

import (
	"container/list"
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"tallygate/gateway/internal/wire"
	"tallygate/kit/httpd"
)

// Bounds of the listener that redirects. It reads one head for each connection and no body.
const (
	redirectTimeout     = 5 * time.Second
	redirectDrain       = time.Second
	redirectConnections = 1000
)

// errAbsolute refuses a target in absolute form where no list says which hosts are served.
var errAbsolute = &wire.MessageError{
	Status: http.StatusBadRequest, Slug: "malformed-request", Detail: "Only a target that begins with a slash is redirected.",
}

// RedirectConfig is what a Redirector is made of.
type RedirectConfig struct {
	Hosts *Hosts // requests for others are refused; nil: none are
	// ProxyProtocol are those that begin each connection with a PROXY header; empty: nobody does.
	ProxyProtocol []netip.Prefix
	// Challenge answers a request of the authority that certificates come from, and reports whether it was one; nil: there is none.
	Challenge func(http.ResponseWriter, *http.Request) bool
	Port      int          // where HTTPS is served; 0: on the standard port
	Requests  *slog.Logger // gets a line for each request; nil: none does
	Errors    *slog.Logger
}

// Redirector is a plain listener that sends every client to the same host and path by HTTPS. It implements service.Server.
type Redirector struct {
	cfg    RedirectConfig
	server *http.Server
}

// NewRedirector returns a Redirector.
func NewRedirector(cfg RedirectConfig) *Redirector {
	r := &Redirector{cfg: cfg}
	r.server = httpd.NewServer(http.HandlerFunc(r.respond), cfg.Errors)
	r.server.ReadHeaderTimeout, r.server.ReadTimeout, r.server.WriteTimeout = redirectTimeout, redirectTimeout, redirectTimeout
	r.server.DisableGeneralOptionsHandler = true // "OPTIONS *" has no path
	r.server.SetKeepAlivesEnabled(false)         // the client goes elsewhere
	return r
}

// Serve accepts connections until Shutdown.
func (r *Redirector) Serve(l net.Listener) error {
	bounded := &boundedListener{Listener: l, open: list.New()}
	return r.server.Serve(&introducedListener{Listener: bounded, trusted: r.cfg.ProxyProtocol, log: r.cfg.Errors})
}

// Shutdown stops accepting, and waits a moment for the responses that are being sent. Then it closes the connections: those
// that are left have sent no request.
func (r *Redirector) Shutdown(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, redirectDrain)
	defer cancel()
	if err := r.server.Shutdown(ctx); err != nil {
		return r.server.Close()
	}
	return nil
}

// respond redirects one request, whatever its method: a 308 keeps method and body (RFC 9110 section 15.4.9).
func (r *Redirector) respond(w http.ResponseWriter, req *http.Request) {
	begun, status := time.Now(), http.StatusPermanentRedirect
	id := httpd.RequestID(req.Header.Get("X-Request-Id"))
	w.Header().Set("X-Request-Id", id)
	if location, err := r.location(req); r.cfg.Challenge != nil && err == nil && r.cfg.Challenge(w, req) {
		status = http.StatusOK
	} else if err != nil {
		details := problems(err)
		status = details.Status
		details.Write(w)
	} else {
		w.Header().Set("Location", location)
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(status)
	}
	if r.cfg.Requests != nil {
		client, _, _ := net.SplitHostPort(req.RemoteAddr) // net/http wrote it
		r.cfg.Requests.Info("request", "method", httpd.KnownMethod(req.Method).String(), "route", "redirect", "status", status,
			"duration_ms", float64(time.Since(begun).Microseconds())/1000, "request_id", id, "client", client)
	}
}

// location is where the request is sent. Errors: *wire.MessageError, errMisdirected.
func (r *Redirector) location(req *http.Request) (string, error) {
	if !wire.ValidHost([]byte(req.Host)) {
		return "", wire.ErrHost
	}
	target := req.RequestURI
	if req.URL.Host != "" {
		// net/http drops the Host field of a request with an absolute target, so nobody can tell whether the two agree.
		if r.cfg.Hosts == nil {
			return "", errAbsolute
		}
		target = req.URL.RequestURI()
	}
	if !r.cfg.Hosts.Has([]byte(req.Host)) {
		return "", errMisdirected
	}
	pathEnd := strings.IndexByte(target, '?')
	if pathEnd < 0 {
		pathEnd = len(target)
	}
	if !strings.HasPrefix(target, "/") {
		return "", wire.ErrTarget
	}
	path, err := wire.CleanPath([]byte(target[:pathEnd]))
	if err != nil {
		return "", err
	}
	query, err := wire.CleanQuery([]byte(target[pathEnd:]))
	if err != nil {
		return "", err
	}
	return "https://" + r.authority(req) + string(path) + string(query), nil
}

// authority is the request's host with the port of HTTPS. A client that names this listener's own port (80, if it names none)
// has come without a port being mapped on the way, so HTTPS is at its own port too. Otherwise ports are mapped, to the
// standard one.
func (r *Redirector) authority(req *http.Request) string {
	name := req.Host
	named := 80
	if i := strings.LastIndexByte(name, ':'); i >= 0 && !strings.HasSuffix(name, "]") {
		if port, err := strconv.Atoi(name[i+1:]); err == nil {
			named = port
		}
		name = name[:i]
	}
	own, _ := req.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if own == nil || own.Port != named || r.cfg.Port == 443 || r.cfg.Port == 0 {
		return name
	}
	return name + ":" + strconv.Itoa(r.cfg.Port)
}

// boundedListener closes its oldest connection when there are too many: a redirect takes milliseconds, and what is old
// sends nothing.
type boundedListener struct {
	net.Listener

	mu   sync.Mutex
	open *list.List // of *boundedConn, the oldest first
}

type boundedConn struct {
	net.Conn

	listener *boundedListener
	place    *list.Element
}

// Accept waits for a connection.
func (l *boundedListener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &boundedConn{Conn: nc, listener: l}
	l.mu.Lock()
	c.place = l.open.PushBack(c)
	oldest := l.open.Front().Value.(*boundedConn)
	full := l.open.Len() > redirectConnections
	l.mu.Unlock()
	if full {
		_ = oldest.Close() // its client has lost it in any case
	}
	return c, nil
}

// Close closes the connection and makes room.
func (c *boundedConn) Close() error {
	c.listener.mu.Lock()
	c.listener.open.Remove(c.place)
	c.listener.mu.Unlock()
	return c.Conn.Close()
}
