package upstream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"tallygate/gateway/internal/wire"
)

// ErrShortage is why a connection could not be opened if the gateway itself has run out of something. The replica is not
// to blame: it is neither ejected nor found unhealthy.
var ErrShortage = errors.New("the gateway has no descriptor, local port or memory for another connection")

// shortageLogEvery is how often a shortage that lasts is logged.
const shortageLogEvery = 10 * time.Second

// dial opens a connection to a replica. Its error is the dialer's, in ErrShortage if the gateway is to blame.
func (r *Registry) dial(ctx context.Context, addr string, timeout time.Duration) (net.Conn, error) {
	conn, err := r.open(ctx, addr, timeout)
	if err == nil {
		return conn, nil
	}
	return nil, r.blamed(ctx, addr, err)
}

// blamed is err, with which addr was not reached, in ErrShortage if the gateway is to blame.
func (r *Registry) blamed(ctx context.Context, addr string, err error) error {
	why := wire.ShortageIn(err)
	if why == "" || why == wire.NoPorts && !r.routable(ctx, addr) {
		return err
	}
	r.lacks(why, err)
	return fmt.Errorf("%w: %w", ErrShortage, err)
}

// routable reports whether an address of this machine leads to addr. Where none does, for example to ::1 in a container
// without IPv6, connecting fails with the same error as where no local port is left. To connect a UDP socket takes no TCP
// port, and sends nothing.
func (r *Registry) routable(ctx context.Context, addr string) bool {
	dialer := r.dialer
	conn, err := dialer.DialContext(ctx, "udp", addr)
	if err != nil {
		return false
	}
	_ = conn.Close() // nothing was sent
	return true
}

// lacks counts a shortage, logs it now and then, and has room made.
func (r *Registry) lacks(why wire.Shortage, err error) {
	r.shortages.WithLabelValues(string(why)).Inc()
	now := time.Since(r.begun)
	if last := r.shortageLogged.Load(); (last == 0 || now-time.Duration(last) >= shortageLogEvery) &&
		r.shortageLogged.CompareAndSwap(last, int64(now)) {
		r.log.Error("cannot connect to upstreams: the gateway itself lacks something", "lacks", why, "error", err)
	}
	if why == wire.NoDescriptors && r.makeRoom != nil {
		r.makeRoom()
	}
}

// starved returns an error if this process cannot open a file. The resolver does not say why it failed.
func (r *Registry) starved() error {
	f, err := os.Open(os.DevNull)
	if err == nil {
		_ = f.Close() // nothing was written
		return nil
	}
	why := wire.ShortageIn(err)
	if why == "" {
		return nil
	}
	r.lacks(why, err)
	return fmt.Errorf("%w: %w", ErrShortage, err)
}
