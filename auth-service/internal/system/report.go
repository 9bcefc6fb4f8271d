package system

import "time"

// Report is the state of a gateway, as it tells it. The names in JSON are those of the private call and of GET
// /admin/system. A pointer that is nil is "not known".
type Report struct {
	Gateway
	Upstreams []Upstream `json:"upstreams"`
}

// Gateway is what a gateway tells of itself.
type Gateway struct {
	Name               string        `json:"name"` // of its host
	Version            string        `json:"version"`
	StartedAt          time.Time     `json:"started_at"`
	Truncated          bool          `json:"truncated"` // not all replicas are in the report
	FeedAge            *float64      `json:"feed_age_seconds"`
	Undelivered        *int64        `json:"undelivered"` // calls that are counted and not in the ledger yet
	UndeliveredSeconds *float64      `json:"undelivered_seconds"`
	InMemory           *bool         `json:"in_memory"` // calls are counted in memory alone
	Connections        *int64        `json:"connections"`
	InFlight           *int64        `json:"in_flight"`
	Streams            *int64        `json:"streams"`
	LastMinute         *Minute       `json:"last_minute"`
	LastError          *Trouble      `json:"last_error"` // nil: nothing is wrong
	TLS                []Certificate `json:"tls"`
	LogLinesDropped    *int64        `json:"log_lines_dropped"`
}

// Minute is the requests of the last minute.
type Minute struct {
	Requests     int64 `json:"requests"`
	RateLimited  int64 `json:"rate_limited"`
	ServerErrors int64 `json:"server_errors"`
}

// Trouble is what is wrong with a gateway.
type Trouble struct {
	Cause
	Since time.Time `json:"since"`
}

// Cause is a stable name and a sentence for people.
type Cause struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Certificate is one that clients get.
type Certificate struct {
	Names    []string  `json:"names"`
	NotAfter time.Time `json:"not_after"`
}

// Upstream is the replicas of one route, and how they served the last minute.
type Upstream struct {
	Route            string            `json:"route"`
	Replicas         []UpstreamReplica `json:"replicas"`
	P50              *float64          `json:"p50_seconds"`
	P99              *float64          `json:"p99_seconds"`
	ServerErrorShare *float64          `json:"server_error_share"`
}

// UpstreamReplica is one replica as one gateway sees it.
type UpstreamReplica struct {
	Address   string     `json:"address"`
	State     string     `json:"state"`  // healthy, unhealthy or ejected
	Reason    *Cause     `json:"reason"` // nil: it is healthy
	CheckedAt *time.Time `json:"checked_at"`
}

// Reported is a report with the time at which it arrived.
type Reported struct {
	Gateway string // its id
	At      time.Time
	Report  Report
}
