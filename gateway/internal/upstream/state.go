package upstream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"syscall"
	"time"
)

// Health is whether a replica gets requests.
type Health string

// The three states. An unhealthy replica has failed its health check, an ejected one has failed requests.
const (
	Healthy   Health = "healthy"
	Unhealthy Health = "unhealthy"
	Ejected   Health = "ejected"
)

// ReplicaState is a replica as operators see it.
type ReplicaState struct {
	Addr   string
	Health Health
	// Reason is why it is not healthy; nil if it is.
	Reason *Reason
	// CheckedAt is when the last health check ended; zero before the first.
	CheckedAt time.Time
}

// Reason is why a replica is not healthy. The message may have text of the replica in it.
type Reason struct{ Code, Message string }

// The codes of a Reason.
const (
	CheckStatus       = "check-status"       // the health check got another status than those that are good
	CheckTimeout      = "check-timeout"      // the health check got no response in time
	ConnectionRefused = "connection-refused" // nobody listens
	RequestsFailed    = "requests-failed"    // requests of clients failed
	OtherReason       = "other"
)

// State is the replicas as they are now, in the order of their addresses, and then names that have no address.
func (u *Upstream) State() []ReplicaState {
	replicas := *u.replicas.Load()
	all := make([]ReplicaState, 0, len(replicas))
	for _, r := range replicas {
		all = append(all, r.state())
	}
	if nowhere := u.nowhere.Load(); nowhere != nil {
		all = append(all, *nowhere...)
	}
	return all
}

// state is that of a name which does not resolve.
func (n *name) state() ReplicaState {
	why := n.lost.Error()
	if failed, ok := errors.AsType[*net.DNSError](n.lost); ok {
		why = failed.Err // without the address of the name server
	}
	return ReplicaState{
		Addr: net.JoinHostPort(n.lookup, n.port), Health: Unhealthy, Reason: &Reason{OtherReason, "The name " + n.lookup + " does not resolve: " + why + "."},
	}
}

func (r *Replica) state() ReplicaState {
	s := ReplicaState{Addr: r.addr, Health: Healthy}
	last := r.lastResult.Load()
	if last != nil {
		s.CheckedAt = last.at
	}
	if last != nil && last.err != nil {
		s.Health, s.Reason = Unhealthy, r.whyUnhealthy(last.err)
	} else if why := r.ejection.why(r.upstream.registry.watch.Now()); why != nil {
		s.Health, s.Reason = Ejected, whyEjected(why)
	}
	return s
}

func (r *Replica) whyUnhealthy(err error) *Reason {
	spec := &r.upstream.spec
	what := "Connecting"
	if spec.Health != "" {
		what = "GET " + spec.Health + " with Host " + cmp.Or(spec.Check.Host, r.host)
	}
	if bad, isStatus := errors.AsType[*statusError](err); isStatus {
		return &Reason{CheckStatus, what + ": status " + bad.status + "."}
	}
	if failed, ok := errors.AsType[*url.Error](err); ok {
		err = failed.Err // without the URL
	}
	switch network, ok := errors.AsType[net.Error](err); {
	case errors.Is(err, syscall.ECONNREFUSED):
		return &Reason{ConnectionRefused, "The connection was refused."}
	case errors.Is(err, context.DeadlineExceeded), ok && network.Timeout():
		return &Reason{CheckTimeout, fmt.Sprintf("%s: no response within %v.", what, spec.Check.Timeout)}
	}
	return &Reason{OtherReason, what + ": " + err.Error()}
}

func whyEjected(err error) *Reason {
	if errors.Is(err, syscall.ECONNREFUSED) {
		return &Reason{ConnectionRefused, "The connection was refused."}
	}
	return &Reason{RequestsFailed, err.Error()}
}
