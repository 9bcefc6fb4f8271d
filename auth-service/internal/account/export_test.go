package account

import "time"

// Judge is judge.
func (s *Session) Judge(hash RefreshHash, issued bool, now time.Time, life Lifetimes) string {
	return map[presented]string{
		presentedDead: "dead", presentedLive: "live", presentedReplay: "replay", presentedReuse: "reuse",
	}[s.judge(hash, issued, now, life)]
}
