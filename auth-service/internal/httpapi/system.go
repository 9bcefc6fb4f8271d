package httpapi

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"tallygate/auth-service/internal/ledger"
	"tallygate/auth-service/internal/system"
	"tallygate/kit/ginapi"
)

// systemState is system.State in JSON. null is "not known".
type systemState struct {
	Now         time.Time       `json:"now"`
	Gateways    []gatewayState  `json:"gateways"`
	Upstreams   []upstreamState `json:"upstreams"`
	Ledger      ledgerState     `json:"ledger"`
	Database    databaseState   `json:"database"`
	Secrets     secretsState    `json:"secrets"`
	AuthService replicaState    `json:"auth_service"`
}

// gatewayState is a gateway as it reported last.
type gatewayState struct {
	ID string `json:"id"`
	system.Gateway
	ReportedAt time.Time `json:"reported_at"`
	Age        float64   `json:"age_seconds"`
	Seen       bool      `json:"seen"` // it still reports
}

// upstreamState is an upstream as a gateway that is seen reported it.
type upstreamState struct {
	Gateway string `json:"gateway"`
	system.Upstream
}

type ledgerState struct {
	Lag         *float64   `json:"lag_seconds"`
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

func newGatewayStates(state *system.State) ([]gatewayState, []upstreamState) {
	gateways, upstreams := make([]gatewayState, len(state.Gateways)), []upstreamState{}
	for i := range state.Gateways {
		g := &state.Gateways[i]
		gateways[i] = gatewayState{
			ID: g.Gateway, Gateway: g.Report.Gateway, ReportedAt: g.At,
			Age: max(state.Now.Sub(g.At), 0).Seconds(), Seen: g.Seen(state.Now),
		}
		if gateways[i].TLS == nil {
			gateways[i].TLS = []system.Certificate{}
		}
		if !gateways[i].Seen {
			continue
		}
		for _, u := range g.Report.Upstreams {
			upstreams = append(upstreams, upstreamState{Gateway: g.Gateway, Upstream: u})
		}
	}
	return gateways, upstreams
}

// maxGatewayReportBytes is the longest body of a gateway's report.
const maxGatewayReportBytes = 256 << 10

// reportGateway keeps the state of a gateway.
func (s *server) reportGateway(c *gin.Context) error {
	report, err := ginapi.BindKnown[system.Report](c, maxGatewayReportBytes)
	if err != nil {
		return err
	}
	if err := s.System.Report(c.Request.Context(), c.Param("gateway"), report); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// readSystem sends the state of the installation.
func (s *server) readSystem(c *gin.Context) error {
	state, err := s.System.State(c.Request.Context())
	if err != nil {
		return err
	}
	d := state.Database
	ledger := newLedgerState(state.Ledger)
	ledger.Lag = state.Lag()
	gateways, upstreams := newGatewayStates(&state)
	c.JSON(http.StatusOK, systemState{
		Now: state.Now, Gateways: gateways, Upstreams: upstreams, Ledger: ledger,
		Database:    databaseState{Kind: d.Kind, SizeBytes: d.Size, WALBytes: d.WAL, Connections: (*inUse)(d.Connections)},
		Secrets:     secretsState{Signing: newSecretState(state.Secrets.Signing), Internal: newSecretState(state.Secrets.Internal)},
		AuthService: newReplicaState(state.AuthService),
	})
	return nil
}
