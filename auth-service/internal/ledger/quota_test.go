package ledger_test

import (
	"math"
	"testing"

	"tallygate/auth-service/internal/ledger"
)

func TestGrantIsSmallAndNeverMoreThanWhatIsLeft(t *testing.T) {
	t.Parallel()
	limit := func(n int64) *int64 { return &n }
	for name, row := range map[string]struct {
		limit                      *int64
		used, reserved, want, gets int64
		least                      int64
	}{
		"without a quota":                     {nil, 1 << 40, 0, 77, 77, 0},
		"a quota of none":                     {limit(0), 0, 0, 5, 0, 0},
		"a fiftieth of the quota":             {limit(1000), 0, 0, 100, 20, 0},
		"no more than is wanted":              {limit(1000), 0, 0, 3, 3, 0},
		"a thousand of a large quota":         {limit(1 << 40), 0, 0, 1 << 30, 1000, 0},
		"a quarter of what is left, near end": {limit(1000), 900, 60, 100, 10, 0},
		"the last one":                        {limit(1000), 900, 99, 100, 1, 0},
		"one at a time of a small quota":      {limit(3), 1, 1, 100, 1, 0},
		"nothing when all is reserved":        {limit(1000), 0, 1000, 100, 0, 0},
		"nothing when more was used":          {limit(1000), 5000, 10, 100, 0, 0},
		"no less than is of use":              {limit(1000), 900, 80, 100, 8, 8},
		"nothing that is of no use":           {limit(1000), 900, 95, 100, 0, 6},
		"more than a thousand for one call":   {limit(1 << 40), 0, 0, 5000, 5000, 5000},
		"the largest quota":                   {limit(math.MaxInt64), 1, 1, 5, 5, 0},
	} {
		if got := ledger.Grant(row.limit, row.used, row.reserved, row.want, row.least); got != row.gets {
			t.Errorf("%s: got %d, want %d", name, got, row.gets)
		}
	}
}
