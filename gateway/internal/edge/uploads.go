package edge

import (
	"context"
	"net/netip"
	"time"

	"tallygate/kit/httpd"
	"tallygate/kit/turn"
)

const (
	// uploadWait is how long a request waits until it may pass its body on.
	uploadWait = 10 * time.Second
	// uploadsShare is the part of an address's connections that pass a body on at once.
	uploadsShare = 4
	leastUploads = 16
	// fewUploads is how many of one address do so on routes with few uploads. Several such addresses have room in a
	// replica of auth-service (its MAX_REQUESTS), and the bodies that people send there come in one piece anyway.
	fewUploads = 64
)

// uploads shares out between addresses what a body takes that is passed on as it comes: a connection to the upstream,
// which does little else while it waits for the rest. One address has so many bodies on their way at once. Its further
// requests wait for their turn and hold nothing meanwhile.
type uploads struct {
	many, few *turn.Lines // nil: no bound
	trusted   []netip.Prefix
}

func newUploads(cfg *Config) uploads {
	if cfg.ConnectionsPerAddress == 0 {
		return uploads{}
	}
	most := max(cfg.ConnectionsPerAddress/uploadsShare, leastUploads)
	return uploads{
		many: turn.NewLines(most, cfg.ConnectionsPerAddress), few: turn.NewLines(min(most, fewUploads), cfg.ConnectionsPerAddress),
		trusted: cfg.Trusted,
	}
}

// holder is whose turn it is: the client's address, or its /64. It is empty for a trusted proxy that does not say whose
// request it forwards.
func (u uploads) holder(k *call) string {
	address, err := netip.ParseAddr(k.client)
	if err != nil || u.many == nil || address == k.conn.peer && httpd.Trusted(u.trusted, address) {
		return ""
	}
	return httpd.Block(address).String()
}

// begin waits until the request may pass its body on. k.uploaded ends its turn.
func (u uploads) begin(k *call) error {
	holder := u.holder(k)
	if holder == "" {
		return nil
	}
	if err := k.Streams(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(k.conn.server.base, uploadWait)
	defer cancel()
	lines := u.many
	if k.route.FewUploads {
		lines = u.few
	}
	leave, err := lines.Take(ctx, holder, 0)
	if err != nil {
		return errTooManyUploads
	}
	k.leaveLine = leave
	return nil
}

// Uploaded implements forward.Streamer.
func (k *call) Uploaded() {
	if k.leaveLine != nil {
		k.leaveLine()
		k.leaveLine = nil
	}
}
