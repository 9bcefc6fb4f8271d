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
	}{
		"without a quota":                     {nil, 1 << 40, 0, 77, 77},
		"a quota of none":                     {limit(0), 0, 0, 5, 0},
		"a fiftieth of the quota":             {limit(1000), 0, 0, 100, 20},
		"no more than is wanted":              {limit(1000), 0, 0, 3, 3},
		"a thousand of a large quota":         {limit(1 << 40), 0, 0, 1 << 30, 1000},
		"a quarter of what is left, near end": {limit(1000), 900, 60, 100, 10},
		"the last one":                        {limit(1000), 900, 99, 100, 1},
		"one at a time of a small quota":      {limit(3), 1, 1, 100, 1},
		"nothing when all is reserved":        {limit(1000), 0, 1000, 100, 0},
		"nothing when more was used":          {limit(1000), 5000, 10, 100, 0},
		"the largest quota":                   {limit(math.MaxInt64), 1, 1, 5, 5},
	} {
		if got := ledger.Grant(row.limit, row.used, row.reserved, row.want); got != row.gets {
			t.Errorf("%s: got %d, want %d", name, got, row.gets)
		}
	}
}
