package edge_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/gateway/internal/check"
	"tallygate/gateway/internal/edge"
	"tallygate/gateway/internal/limit"
	"tallygate/gateway/internal/route"
)

// plenty is a ledger that grants more than anybody calls.
type plenty struct{}

func (plenty) Lease(context.Context, authclient.LeaseRequest) (authclient.Lease, error) {
	return authclient.Lease{Granted: 1 << 39, UseWithin: authclient.Duration(time.Hour)}, nil
}

// BenchmarkRolesPlanAndUnits is what a route with roles and a cost adds to a call, for users of a plan without limits and of one with
// quotas for the month and the day.
func BenchmarkRolesPlanAndUnits(b *testing.B) {
	const many = 1 << 40
	for name, c := range map[string]struct{ month, day int64 }{"without quotas": {check.NoQuota, check.NoQuota}, "with two quotas": {many, many}} {
		b.Run(name, func(b *testing.B) {
			who := check.Identity{
				UserID: 7, MonthlyQuota: c.month, Roles: check.NewRoles([]string{"analyst", "ops"}, ""),
				Plan: &check.Plan{Name: "pro", PerMonth: c.month, PerDay: c.day, InFlight: check.NoQuota},
			}
			quotas := limit.NewQuotas(limit.QuotaConfig{Gateway: "a", Ledger: plenty{}, Log: slog.New(slog.DiscardHandler)})
			decide := edge.Decider(quotas, &route.Route{Name: "a", Metered: true, Roles: []string{"ops"}, ExtraCost: 4}, who)
			b.ReportAllocs()
			for b.Loop() {
				if err := decide(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
