package ledger

import (
	"cmp"
	"slices"
	"time"
)

// KeyUsePrecision is how much later a call with an API key has to be than the one that is known as the last, to be written
// down: a key that is always in use costs one write a minute.
const KeyUsePrecision = time.Minute

// KeyUse says that an API key was used at a time, or shortly before.
type KeyUse struct {
	KeyID int64
	At    time.Time
}

// KeyUses returns the last use of each API key that rows tell of, sorted by key. Calls that were refused for a limit are uses too.
// Rows say in which hour calls were made, and usually arrive within two seconds. So the time is now; of rows that come after
// their hour, which were kept while auth-service was away, it is the end of the hour.
func KeyUses(rows []Row, now time.Time) []KeyUse {
	var uses []KeyUse
	for i := range rows {
		if rows[i].KeyID == 0 {
			continue
		}
		use := KeyUse{KeyID: rows[i].KeyID, At: now}
		if end := rows[i].Start.Add(time.Hour); end.Before(now) {
			use.At = end
		}
		uses = append(uses, use)
	}
	slices.SortFunc(uses, func(a, b KeyUse) int { return cmp.Or(cmp.Compare(a.KeyID, b.KeyID), b.At.Compare(a.At)) })
	return slices.CompactFunc(uses, func(a, b KeyUse) bool { return a.KeyID == b.KeyID })
}
