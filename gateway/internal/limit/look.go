package limit

import "time"

// Look says what each limit leaves to the user. It takes nothing.
func (r *Rates) Look(at time.Time, userID int64, left *Standings, limits ...Limit) {
	lane := &r.lanes[uint64(userID)%lanes]
	now, gateways, alone := at.UnixNano(), int(r.gateways.Load()), r.away.Load()
	lane.mu.Lock()
	defer lane.mu.Unlock()
	lane.makeRoom(now)
	for i := range limits {
		left.Add(lane.usage(rateKey{userID, limits[i].Key}).standing(&limits[i], now, gateways, alone))
	}
}

// Look says what the quotas of a call leave, as far as that is known. It takes nothing.
func (q *Quotas) Look(c *Claim, left *Standings) {
	if c.unbounded() {
		return
	}
	now := q.cfg.Now()
	lane := q.lane(c.UserID)
	lane.mu.Lock()
	defer lane.mu.Unlock()
	var shares [kinds]*share
	n := q.sharesOf(lane, c, now, &shares)
	for _, s := range shares[:n] {
		if one, known := s.standing(now); known {
			left.Add(one)
		}
	}
}
