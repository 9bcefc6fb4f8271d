package account

import "time"

// Admit and Settle let tests follow one counter.
func (c GuessCounter) Admit(free int, limits GuessLimits, now time.Time) (after GuessCounter, verdict string) {
	after, v := c.admit(free, limits, now)
	return after, map[admission]string{admitted: "admitted", crowded: "crowded", blocked: "blocked"}[v]
}

// Settle is settle of a wrong or a right guess.
func (c GuessCounter) Settle(right bool, free int, longest time.Duration, limits GuessLimits, now time.Time) GuessCounter {
	o := guessedWrong
	if right {
		o = guessedRight
	}
	return c.settle(o, true, free, longest, limits, now)
}

// Judge is judge.
func (s *Session) Judge(hash RefreshHash, issued bool, now time.Time, life Lifetimes) string {
	return map[presented]string{
		presentedDead: "dead", presentedLive: "live", presentedReplay: "replay", presentedReuse: "reuse",
	}[s.judge(hash, issued, now, life)]
}
