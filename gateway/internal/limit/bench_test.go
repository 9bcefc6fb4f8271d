package limit_test

import (
	"context"
	"testing"
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/gateway/internal/limit"
)

// plenty is a ledger that grants more than anybody calls. atOnce is a meter whose counts are delivered at once.
type (
	plenty struct{}
	atOnce struct{}
)

func (plenty) Lease(context.Context, authclient.LeaseRequest) (authclient.Lease, error) {
	return authclient.Lease{Granted: 1 << 39, UseWithin: authclient.Duration(time.Hour)}, nil
}
func (atOnce) OfferedUpTo() time.Time { return time.Now() }
func (atOnce) Hurry()                 {}
func (atOnce) Unreachable() bool      { return false }

func BenchmarkAdmit(b *testing.B) {
	const none, some = -1, 1 << 40
	for name, c := range map[string]limit.Claim{
		"no quota":                 {At: noon, UserID: 7, PerMonth: none, PerDay: none, KeyPerMonth: none, Cost: 1},
		"no quota, with a key":     {At: noon, UserID: 7, KeyID: 9, PerMonth: none, PerDay: none, KeyPerMonth: none, Cost: 1},
		"a quota of the month":     {At: noon, UserID: 7, PerMonth: some, PerDay: none, KeyPerMonth: none, Cost: 1},
		"of the month and the day": {At: noon, UserID: 7, PerMonth: some, PerDay: some, KeyPerMonth: none, Cost: 1},
		"of all three kinds":       {At: noon, UserID: 7, KeyID: 9, PerMonth: some, PerDay: some, KeyPerMonth: some, Cost: 5},
	} {
		b.Run(name, func(b *testing.B) {
			q := limit.NewQuotas(limit.QuotaConfig{Gateway: "a", Ledger: plenty{}, Meter: atOnce{}})
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				claim, left := c, limit.Standings{}
				for pb.Next() {
					left.Reset()
					if refusal := q.Admit(b.Context(), &claim, &left); refusal != nil {
						b.Fatal(refusal)
					}
				}
			})
		})
	}
}
