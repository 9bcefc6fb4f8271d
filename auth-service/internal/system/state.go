package system

import (
	"time"

	"tallygate/auth-service/internal/ledger"
)

// State is the installation at one moment. Where a value is a pointer, nil is "not known".
type State struct {
	Now         time.Time
	Gateways    []Reported // the newest report first
	Ledger      ledger.State
	Database    Database
	Secrets     Secrets
	AuthService Replica
}

// Database is how large the database is.
type Database struct {
	Kind string // sqlite or postgres
	Size int64  // bytes
	// WAL is the bytes of the write-ahead log beside the file of SQLite; nil on PostgreSQL.
	WAL *int64
	// Connections are those of all programs to the PostgreSQL server; nil on SQLite, which has no server.
	Connections *Use
}

// Use is how much of something is in use.
type Use struct{ InUse, Limit int }

// Secrets are about the secrets in force. None of them is in here.
type Secrets struct {
	Signing  Secret
	Internal Secret // INTERNAL_SECRET
}

// Secret is about the one that is used.
type Secret struct {
	ChangedAt *time.Time // when its file was written last; nil if it is not in a file
	Others    int        // further ones that are accepted
}

// Replica is the auth-service that answers.
type Replica struct {
	Version   string
	StartedAt time.Time
	HashQueue Queue
	Pools     []Pool // by name
}

// Queue is the passwords that wait to be hashed.
type Queue struct{ Waiting, Limit int }

// Pool is connections of a replica to the database.
type Pool struct {
	Name string
	Use
	Waiting int // calls that wait for a connection
}
