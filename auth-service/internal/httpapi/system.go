package httpapi

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"tallygate/auth-service/internal/ledger"
	"tallygate/auth-service/internal/system"
)

// systemState is system.State in JSON. null is "not known".
type systemState struct {
	Now         time.Time     `json:"now"`
	Ledger      ledgerState   `json:"ledger"`
	Database    databaseState `json:"database"`
	Secrets     secretsState  `json:"secrets"`
	AuthService replicaState  `json:"auth_service"`
}

type ledgerState struct {
	LastBatchAt *time.Time `json:"last_batch_at"`
	VerifiedAt  *time.Time `json:"verified_at"`
	Differences *int       `json:"verify_differences"`
	RolledUpTo  *string    `json:"rolled_up_to"` // the last day that is rolled
	OldestHour  *time.Time `json:"oldest_hour"`
}

type databaseState struct {
	Kind        string `json:"kind"`
	SizeBytes   int64  `json:"size_bytes"`
	WALBytes    *int64 `json:"wal_bytes"`
	Connections *inUse `json:"connections"`
}

type inUse struct {
	InUse int `json:"in_use"`
	Limit int `json:"limit"`
}

type secretsState struct {
	Signing  secretState `json:"signing"`
	Internal secretState `json:"internal"`
}

type secretState struct {
	ChangedAt      *time.Time `json:"changed_at"`
	OthersAccepted int        `json:"others_accepted"`
}

type replicaState struct {
	Version   string      `json:"version"`
	StartedAt time.Time   `json:"started_at"`
	HashQueue queueState  `json:"hash_queue"`
	Pools     []poolState `json:"pools"`
}

type queueState struct {
	Waiting int `json:"waiting"`
	Limit   int `json:"limit"`
}

type poolState struct {
	Name string `json:"name"`
	inUse
	Waiting int `json:"waiting"`
}

func newLedgerState(l ledger.State) ledgerState {
	out := ledgerState{LastBatchAt: ifKnown(l.LastBatch), OldestHour: ifKnown(l.OldestHour)}
	if !l.RolledUpTo.IsZero() {
		day := l.RolledUpTo.AddDate(0, 0, -1).Format(time.DateOnly)
		out.RolledUpTo = &day
	}
	if v := l.Verified; v != nil {
		out.VerifiedAt, out.Differences = &v.At, &v.Differences
	}
	return out
}

// ifKnown is nil for the zero time.
func ifKnown(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func newSecretState(s system.Secret) secretState {
	out := secretState{OthersAccepted: s.Others}
	if s.ChangedAt != nil {
		at := s.ChangedAt.UTC().Truncate(time.Second)
		out.ChangedAt = &at
	}
	return out
}

func newReplicaState(r system.Replica) replicaState {
	out := replicaState{
		Version: r.Version, StartedAt: r.StartedAt.UTC().Truncate(time.Second),
		HashQueue: queueState(r.HashQueue), Pools: make([]poolState, len(r.Pools)),
	}
	for i, p := range r.Pools {
		out.Pools[i] = poolState{Name: p.Name, inUse: inUse(p.Use), Waiting: p.Waiting}
	}
	return out
}

// readSystem sends the state of the installation.
func (s *server) readSystem(c *gin.Context) error {
	state, err := s.System.State(c.Request.Context())
	if err != nil {
		return err
	}
	d := state.Database
	c.JSON(http.StatusOK, systemState{
		Now: state.Now, Ledger: newLedgerState(state.Ledger),
		Database:    databaseState{Kind: d.Kind, SizeBytes: d.Size, WALBytes: d.WAL, Connections: (*inUse)(d.Connections)},
		Secrets:     secretsState{Signing: newSecretState(state.Secrets.Signing), Internal: newSecretState(state.Secrets.Internal)},
		AuthService: newReplicaState(state.AuthService),
	})
	return nil
}
