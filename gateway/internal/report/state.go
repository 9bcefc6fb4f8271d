package report

import (
	"time"

	"tallygate/gateway/internal/edge"
)

// State is what the gateway knows of itself at one moment.
type State struct {
	// FeedAge is the time since the feed of changes responded; nil if it never has.
	FeedAge *time.Duration
	// Undelivered are rows of usage that auth-service does not have yet, UndeliveredFor is the age of the oldest.
	Undelivered    int64
	UndeliveredFor time.Duration
	InMemory       bool // a crash would lose counts
	// Troubles are what is wrong now. The first is reported.
	Troubles        []Trouble
	Certificates    []Certificate // of clients' connections
	LogLinesDropped int64
	Edge            edge.State // the counts of calls are those since the start
}

// Trouble is something that is wrong.
type Trouble struct {
	Code, Message string
	// Since is when it began. If it is zero, the trouble began when it was first in a State.
	Since time.Time
}

// The codes of a Trouble.
const (
	AuthServiceUnreachable = "auth-service-unreachable"
	UsageRefused           = "usage-refused"
	UsageInMemory          = "usage-in-memory"
	CertificateMissing     = "certificate-missing"
	RoutesFileInvalid      = "routes-file-invalid"
)

// Certificate is one that clients are shown.
type Certificate struct {
	Names    []string
	NotAfter time.Time
}
