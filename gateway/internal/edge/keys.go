package edge

import (
	"context"
	"errors"
	"net/http"

	"tallygate/gateway/internal/console"
	"tallygate/gateway/internal/route"
	"tallygate/gateway/internal/wire"
)

// KeysPath is where the gateway publishes the public keys that verify tokens (RFC 8615, RFC 7517), behind the path of the
// built-in routes.
const KeysPath = "/.well-known/jwks.json"

// keysMaxAge is for how long others may keep the keys. A rotation publishes a key for longer before it signs.
const keysMaxAge = "public, max-age=60"

// SetKeys puts a JWKS in force, to be served at a path of its own.
func (s *Server) SetKeys(path string, jwks []byte) {
	s.keys.Store(&published{path, console.Page{
		ContentType: "application/jwk-set+json", Body: jwks, ETag: console.Tag(jwks), CacheControl: keysMaxAge,
	}})
}

// SetDescription puts an OpenAPI description in force, in place of the page at this path.
func (s *Server) SetDescription(path string, body []byte) {
	page := s.cfg.Pages[path].WithBody(body)
	s.description.Store(&published{path, page})
}

// published is a page that changes while the gateway runs.
type published struct {
	path string
	page console.Page
}

// page finds the page of the gateway's own at a path. routed: a route covers the path.
func (s *Server) page(r *wire.Request, routed bool) (console.Page, bool) {
	for _, p := range []*published{s.keys.Load(), s.description.Load()} {
		if p != nil && string(r.Path) == p.path {
			return p.page, true
		}
	}
	page, ok := s.cfg.Pages[string(r.Path)]
	return page, ok && !(page.Yields && routed)
}

// errGone means that a route is not in force any more.
var errGone = errors.New("the route is not in force")

// Fetch gets a page of a route's upstream for the gateway itself. The upstream sees the Host and the Authorization field that the
// gateway has for it, and nothing of any client.
func (s *Server) Fetch(ctx context.Context, r *route.Route, path string, header http.Header) (*http.Response, error) {
	u := s.active.Load().upstreams[upstreamKey(r)]
	if u == nil {
		return nil, errGone
	}
	if r.Authorization != "" {
		header.Set("Authorization", r.Authorization)
	}
	host := r.Host
	if host == route.UpstreamsHost {
		host = ""
	}
	return u.Fetch(ctx, path, host, header)
}
