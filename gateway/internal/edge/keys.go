package edge

import (
	"tallygate/gateway/internal/console"
	"tallygate/gateway/internal/wire"
)

// KeysPath is where the gateway publishes the public keys that verify tokens (RFC 8615, RFC 7517), behind the path of the
// built-in routes.
const KeysPath = "/.well-known/jwks.json"

// keysMaxAge is for how long others may keep the keys. A rotation publishes a key for longer before it signs.
const keysMaxAge = "public, max-age=60"

// SetKeys puts a JWKS in force, to be served at a path of its own.
func (s *Server) SetKeys(path string, jwks []byte) {
	s.keys.Store(&publishedKeys{path, console.Page{
		ContentType: "application/jwk-set+json", Body: jwks, ETag: console.Tag(jwks), CacheControl: keysMaxAge,
	}})
}

type publishedKeys struct {
	path string
	page console.Page
}

// page finds the page of the gateway's own at a path. routed: a route covers the path.
func (s *Server) page(r *wire.Request, routed bool) (console.Page, bool) {
	if keys := s.keys.Load(); keys != nil && string(r.Path) == keys.path {
		return keys.page, true
	}
	page, ok := s.cfg.Pages[string(r.Path)]
	return page, ok && !(page.Yields && routed)
}
