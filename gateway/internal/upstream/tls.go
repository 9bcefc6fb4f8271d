package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"

	"tallygate/gateway/internal/wire"
)

// ErrHandshake is why there is no connection to a replica that was reached, but is not trusted, or does not speak TLS as it has
// to. Nothing of a request has been sent.
var ErrHandshake = errors.New("TLS with the upstream failed")

// TLS says how replicas are spoken to. The zero value is for plain connections.
type TLS struct {
	On bool
	// CA is the file with the authorities that are trusted; empty for those of the system.
	CA string
	// Cert and Key are the files with the certificate that the gateway shows; empty for none.
	Cert, Key string
	// ServerName is what the replicas' certificates have to be for; empty for the host in the address.
	ServerName string
}

// secured holds a replica's TLS configuration. It has a cache of its own for sessions, because replicas may not know each
// other's.
type secured struct {
	mu        sync.Mutex
	base, own *tls.Config
}

// tlsConfig is the configuration for new connections, nil without TLS. It is the same until the files change.
func (r *Replica) tlsConfig() *tls.Config {
	if r.upstream.tls == nil {
		return nil
	}
	base := r.upstream.tls()
	r.secured.mu.Lock()
	defer r.secured.mu.Unlock()
	if r.secured.base != base {
		own := base.Clone()
		if own.ServerName = r.upstream.spec.TLS.ServerName; own.ServerName == "" {
			own.ServerName = r.server
		}
		own.ClientSessionCache = tls.NewLRUClientSessionCache(1)
		r.secured.base, r.secured.own = base, own
	}
	return r.secured.own
}

// shakeHands begins TLS on a connection, and closes it on an error. If the replica is to blame, and not just slow, that is an
// ErrHandshake.
func (r *Replica) shakeHands(ctx context.Context, nc net.Conn) (net.Conn, *tls.Config, error) {
	config := r.tlsConfig()
	conn := tls.Client(wire.BelowTLS(nc), config)
	err := conn.HandshakeContext(ctx)
	if err == nil {
		return conn, config, nil
	}
	_ = nc.Close() // nothing has been sent
	switch {
	case ctx.Err() != nil:
		return nil, nil, fmt.Errorf("TLS handshake: %w", err)
	case wire.ShortageIn(err) != "":
		return nil, nil, r.upstream.registry.blamed(ctx, r.addr, err)
	}
	return nil, nil, fmt.Errorf("%w: %w", ErrHandshake, err)
}
