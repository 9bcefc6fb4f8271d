package edge

import (
	"log/slog"

	"tallygate/gateway/internal/meter"
)

// maxAnnounced is the most that an upstream can announce, and maxCostDigits what it has of digits.
const (
	maxAnnounced  = 1_000_000
	maxCostDigits = 7
)

// fixedCost is what the call costs as far as that is known when it begins.
func (k *call) fixedCost() uint64 {
	if k.route.CostField != "" {
		return 0
	}
	return k.route.Cost()
}

// free reports whether the call costs nothing, whatever its response.
func (k *call) free() bool { return k.route.CostField == "" && k.route.Cost() == 0 }

// Costs counts what the upstream has announced.
func (k *call) Costs(value []byte, values int) {
	if k.counted == (meter.Call{}) || k.costed {
		return
	}
	units, ok := announced(value)
	if values != 1 || !ok {
		units = k.route.Cost()
		if values > 0 {
			k.wrongCost(value, values)
		}
	}
	k.costed = true
	s := k.conn.server
	covered := s.cfg.Quotas.Spend(&k.claim, int64(units), &k.standings)
	k.route.expect(int64(units))
	k.counted.Cost(units)
	if !covered {
		s.cfg.Quotas.AwaitDelivery(s.base)
	}
	s.announce(k)
}

// expect notes what a call has cost: the most of late. It falls slowly.
func (r *activeRoute) expect(units int64) {
	const fall = 256
	old := r.likely.Load()
	r.likely.Store(max(units, old-(old-units)/fall))
}

// unannounced counts the route's cost of a call that has no response of the upstream.
func (k *call) unannounced() {
	if k.counted != (meter.Call{}) && k.route.CostField != "" {
		k.Costs(nil, 0)
	}
}

// announced reads a whole number of at most maxAnnounced.
func announced(value []byte) (units uint64, ok bool) {
	if len(value) == 0 || len(value) > maxCostDigits {
		return 0, false
	}
	for _, digit := range value {
		if digit < '0' || digit > '9' {
			return 0, false
		}
		units = 10*units + uint64(digit-'0')
	}
	return units, units <= maxAnnounced
}

// wrongCost says that the upstream has announced no number, or several.
func (k *call) wrongCost(value []byte, values int) {
	k.conn.server.cfg.Metrics.wrongCosts.WithLabelValues(k.route.Name).Inc()
	if n, due := k.route.wrongCost.due(); due {
		const shown = 40
		k.conn.server.cfg.Log.Warn("an upstream has announced a cost that is not one whole number up to 1000000; the route's cost is counted",
			slog.String("route", k.route.Name), slog.String("field", k.route.CostField),
			slog.String("value", string(value[:min(len(value), shown)])), slog.Int("values", values), slog.Int("count", n))
	}
}
