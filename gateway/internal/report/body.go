package report

import (
	"encoding/json"
	"time"

	"tallygate/gateway/internal/edge"
	"tallygate/gateway/internal/route"
	"tallygate/gateway/internal/upstream"
)

// body is a report as auth-service gets it. kit/internalapi/openapi.yaml describes it. Ages are seconds, null is "not known".
type body struct {
	Name               string        `json:"name"`
	Version            string        `json:"version"`
	StartedAt          time.Time     `json:"started_at"`
	FeedAgeSeconds     *float64      `json:"feed_age_seconds"`
	Undelivered        int64         `json:"undelivered"`
	UndeliveredSeconds float64       `json:"undelivered_seconds"`
	InMemory           bool          `json:"in_memory"`
	Connections        int           `json:"connections"`
	InFlight           int           `json:"in_flight"`
	Streams            int           `json:"streams"`
	LastMinute         lastMinute    `json:"last_minute"`
	LastError          *lastError    `json:"last_error"`
	TLS                []certificate `json:"tls"`
	LogLinesDropped    int64         `json:"log_lines_dropped"`
	Truncated          bool          `json:"truncated"`
	Upstreams          []oneUpstream `json:"upstreams"`
}

type lastMinute struct {
	Requests     uint64 `json:"requests"`
	RateLimited  uint64 `json:"rate_limited"`
	ServerErrors uint64 `json:"server_errors"`
}

type lastError struct {
	Code    string    `json:"code"`
	Message string    `json:"message"`
	Since   time.Time `json:"since"`
}

type certificate struct {
	Names    []string  `json:"names"`
	NotAfter time.Time `json:"not_after"`
}

type oneUpstream struct {
	Route            string       `json:"route"`
	Replicas         []oneReplica `json:"replicas"`
	P50Seconds       *float64     `json:"p50_seconds"`
	P99Seconds       *float64     `json:"p99_seconds"`
	ServerErrorShare *float64     `json:"server_error_share"`
}

type oneReplica struct {
	Address   string     `json:"address"`
	State     string     `json:"state"`
	Reason    *reason    `json:"reason"`
	CheckedAt *time.Time `json:"checked_at"`
}

type reason struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// maxNames bounds the names of a certificate.
const maxNames = 50

// ownRoutes is the name of the built-in routes that lead to auth-service, which are reported as one.
const ownRoutes = "auth-service"

// encode makes the report, of at most maxBytes.
func (r *Reporter) encode(s *State, now time.Time) ([]byte, error) {
	all := r.minute.calls(everything)
	b := body{
		Name: bounded(r.cfg.Name), Version: r.cfg.Version, StartedAt: moment(r.cfg.StartedAt),
		Undelivered: s.Undelivered, UndeliveredSeconds: seconds(s.UndeliveredFor), InMemory: s.InMemory,
		Connections: s.Edge.Connections, InFlight: s.Edge.InFlight, Streams: s.Edge.Streams,
		LastMinute: lastMinute{all.All, all.RateLimited, all.ServerErrors}, LastError: r.lastError(s.Troubles, now),
		TLS: []certificate{}, LogLinesDropped: s.LogLinesDropped, Upstreams: r.upstreams(s.Edge.Routes),
	}
	if s.FeedAge != nil {
		b.FeedAgeSeconds = new(seconds(*s.FeedAge))
	}
	for _, c := range s.Certificates {
		names := []string{}
		for _, name := range c.Names[:min(len(c.Names), maxNames)] {
			names = append(names, bounded(name))
		}
		b.TLS = append(b.TLS, certificate{names, moment(c.NotAfter)})
	}
	text, err := json.Marshal(&b)
	if err != nil || len(text) <= maxBytes {
		return text, err
	}
	return b.cut()
}

// lastError is the first trouble, and since when it has been there.
func (r *Reporter) lastError(troubles []Trouble, now time.Time) *lastError {
	since := map[string]time.Time{}
	for _, t := range troubles {
		switch known := r.since[t.Code]; {
		case !t.Since.IsZero():
			since[t.Code] = t.Since
		case !known.IsZero():
			since[t.Code] = known
		default:
			since[t.Code] = now
		}
	}
	r.since = since
	if len(troubles) == 0 {
		return nil
	}
	first := troubles[0]
	return &lastError{first.Code, bounded(first.Message), moment(since[first.Code])}
}

// upstreams are the routes in their order. The built-in ones that lead to auth-service are one: they are many, and have the same
// replicas.
func (r *Reporter) upstreams(routes []edge.RouteState) []oneUpstream {
	all := []oneUpstream{}
	calls := []edge.Calls{}
	own := -1
	for _, at := range routes {
		name, n := at.Name, len(all)
		if at.Builtin && name != route.RootName {
			name = ownRoutes
			if own < 0 {
				own = n
			}
			n = own
		}
		if n == len(all) {
			all = append(all, oneUpstream{Route: name, Replicas: []oneReplica{}})
			calls = append(calls, r.minute.calls(at.Name))
		} else {
			calls[n].Add(r.minute.calls(at.Name))
		}
		all[n].add(at.Replicas)
	}
	for i := range all {
		all[i].rate(calls[i])
	}
	return all
}

// add adds replicas. Of two with one address the worse counts: they are one replica that several routes lead to.
func (u *oneUpstream) add(replicas []upstream.ReplicaState) {
	known := len(u.Replicas)
	for _, state := range replicas {
		next := newReplica(state)
		at := -1
		for i := range u.Replicas[:known] {
			if u.Replicas[i].Address == next.Address {
				at = i
			}
		}
		switch {
		case at < 0:
			u.Replicas = append(u.Replicas, next)
		case next.Reason != nil && (u.Replicas[at].Reason == nil || next.State == string(upstream.Unhealthy)):
			u.Replicas[at] = next
		}
	}
}

func newReplica(s upstream.ReplicaState) oneReplica {
	r := oneReplica{Address: bounded(s.Addr), State: string(s.Health)}
	if s.Reason != nil {
		r.Reason = &reason{s.Reason.Code, bounded(s.Reason.Message)}
	}
	if !s.CheckedAt.IsZero() {
		r.CheckedAt = new(moment(s.CheckedAt))
	}
	return r
}

// rate says how the calls of the last minute went.
func (u *oneUpstream) rate(calls edge.Calls) {
	u.P50Seconds, u.P99Seconds = quantile(0.5, calls.Durations), quantile(0.99, calls.Durations)
	if n := timed(calls.Durations); n > 0 {
		u.ServerErrorShare = rounded(float64(calls.ServerErrors)/float64(n), 1e6)
	}
}

// moment is a time in milliseconds.
func moment(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// seconds is an age in milliseconds.
func seconds(d time.Duration) float64 { return *rounded(max(d, 0).Seconds(), 1e3) }
