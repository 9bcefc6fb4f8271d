package edge

import (
	"strconv"
	"time"

	"tallygate/gateway/internal/limit"
)

// maxFieldNumber is the largest number in a structured field (RFC 9651 section 3.3.1).
const maxFieldNumber = 999_999_999_999_999

// announce adds what the limits leave to the caller to the response, whatever its status: RateLimit-Policy and RateLimit, once.
func (s *Server) announce(k *call) {
	if k.announced || k.route == nil || !k.route.Metered || k.who.UserID == 0 || k.looksAtTally() {
		return
	}
	k.announced = true
	s.look(k)
	if all := k.standings.All(); len(all) > 0 {
		k.lines.AddFunc("RateLimit-Policy", func(b []byte) []byte { return appendPolicies(b, all) })
		k.lines.AddFunc("RateLimit", func(b []byte) []byte { return appendStandings(b, all) })
	}
}

// look adds the standings of limits that the call has not come to. It was refused before, and has taken nothing of them.
func (s *Server) look(k *call) {
	if limits := k.rates(); len(limits) > 0 && len(k.standings.All()) == 0 {
		s.cfg.Rates.Look(k.begun, k.who.UserID, &k.standings, limits...)
	}
	if k.claim.UserID == 0 && !k.free() {
		k.claim = k.claims()
		s.cfg.Quotas.Look(&k.claim, &k.standings)
	}
}

// appendPolicies writes a list like "root";q=100;w=60.
func appendPolicies(b []byte, all []limit.Standing) []byte {
	for i := range all {
		b = appendItem(b, i, all[i].Name)
		b = appendParameter(b, ";q=", all[i].Quota)
		b = appendParameter(b, ";w=", seconds(all[i].Window))
	}
	return b
}

// appendStandings writes a list like "root";r=99;t=60.
func appendStandings(b []byte, all []limit.Standing) []byte {
	for i := range all {
		b = appendItem(b, i, all[i].Name)
		b = appendParameter(b, ";r=", all[i].Remaining)
		b = appendParameter(b, ";t=", seconds(all[i].Reset))
	}
	return b
}

// appendItem writes a name, which has no quotes and backslashes: it is that of a route or of a period.
func appendItem(b []byte, i int, name string) []byte {
	if i > 0 {
		b = append(b, ", "...)
	}
	return append(append(append(b, '"'), name...), '"')
}

func appendParameter(b []byte, name string, n int64) []byte {
	return strconv.AppendInt(append(b, name...), max(0, min(n, maxFieldNumber)), 10)
}

// seconds rounds up: a client that waits so long does not come back too early.
func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }
