package account

import "time"

// Classify is classify, with a text for the result.
func (s *Session) Classify(hash RefreshHash, issued bool, now time.Time, life Lifetimes) string {
	return map[presented]string{
		presentedDead: "dead", presentedLive: "live", presentedReplay: "replay", presentedReuse: "reuse",
	}[s.classify(hash, issued, now, life)]
}
