package limit_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"tallygate/gateway/internal/authclient"
)

func TestTheMetricsHaveGoodNames(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(newGateway("a", newLedger(0), false).Collectors()...)
	problems, err := testutil.GatherAndLint(reg)
	if err != nil || len(problems) > 0 {
		t.Error(problems, err)
	}
}

func TestLeaseRequestsAreCountedByTheirResult(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLedger(100)
		g := newGateway("a", l, true)
		for _, err := range []error{nil, &authclient.RefusedError{Status: 422}, authclient.ErrUnavailable} {
			l.before = func(authclient.LeaseRequest) error { return err }
			_ = g.admit(noon.AddDate(0, int(g.passed.Add(1)), 0), 7, 100) // each month needs a lease
			time.Sleep(10 * time.Second)
		}
		want := `# HELP tallygate_quota_lease_requests_total Requests to the ledger to reserve units of quotas.
# TYPE tallygate_quota_lease_requests_total counter
tallygate_quota_lease_requests_total{result="failed"} 1
tallygate_quota_lease_requests_total{result="refused"} 1
tallygate_quota_lease_requests_total{result="succeeded"} 1
`
		reg := prometheus.NewPedanticRegistry()
		reg.MustRegister(g.Collectors()...)
		if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "tallygate_quota_lease_requests_total"); err != nil {
			t.Error(err)
		}
	})
}
