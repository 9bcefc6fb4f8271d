package password

import "slices"

// classNumber is the number of a class.
type classNumber int

const (
	users     classNumber = iota // of accounts that exist
	newcomers                    // who register
	classes
)

func classOf(k Kind) classNumber {
	if k == Registration {
		return newcomers
	}
	return users
}

// class holds the places of one class, by address.
type class struct {
	shares   map[string]*share
	ring     []*share // those of whom somebody waits, in the order of their turns
	turns    *uint64  // that were given out so far, in all classes
	places   int
	unserved int // places that have not had a turn
	running  int
}

// share is what one address has in a class.
type share struct {
	places   []*Place // in the order of their arrival
	waiting  []*Place // for a worker, in the order of their turns
	turn     uint64   // the number of its next turn, while somebody waits
	unserved int
}

// add enters a place.
func (c *class) add(p *Place) {
	s := c.shares[p.claim.Network]
	if s == nil {
		s = &share{}
		c.shares[p.claim.Network] = s
	}
	s.places = append(s.places, p)
	c.places++
	p.state = entered
	c.served(s, -1)
}

// remove takes a place out, whatever it does.
func (c *class) remove(p *Place) {
	s := c.shares[p.claim.Network]
	if p.state == waiting {
		c.stopWaiting(p)
	}
	if p.state == waiting || p.state == entered {
		c.served(s, 1)
	}
	i := slices.Index(s.places, p)
	s.places = slices.Delete(s.places, i, i+1)
	c.places--
	if len(s.places) == 0 {
		delete(c.shares, p.claim.Network)
	}
}

// served notes that n places have been served. It may be negative.
func (c *class) served(s *share, n int) {
	s.unserved -= n
	c.unserved -= n
}

// wait puts a place at the end of its address's line.
func (c *class) wait(p *Place) {
	s := c.shares[p.claim.Network]
	if p.state == hashed { // one that has a second password to hash
		c.served(s, -1)
	}
	p.state = waiting
	s.waiting = append(s.waiting, p)
	if len(s.waiting) == 1 {
		c.line(s)
	}
}

// line puts a share at the end of the ring.
func (c *class) line(s *share) {
	*c.turns++
	s.turn = *c.turns
	c.ring = append(c.ring, s)
}

// stopWaiting takes a place out of its line.
func (c *class) stopWaiting(p *Place) {
	s := c.shares[p.claim.Network]
	i := slices.Index(s.waiting, p)
	s.waiting = slices.Delete(s.waiting, i, i+1)
	if len(s.waiting) == 0 {
		i := slices.Index(c.ring, s)
		c.ring = slices.Delete(c.ring, i, i+1)
	}
}

// head is the place whose turn it is. A dear one passes its turn on until it has had as many as it needs. Until it starts,
// head returns the same one again, if it does not give up.
func (c *class) head() *Place {
	for {
		p := c.ring[0].waiting[0]
		if p.turns <= 1 {
			return p
		}
		p.turns--
		c.rotate()
	}
}

func (c *class) rotate() {
	first := c.ring[0]
	c.ring = slices.Delete(c.ring, 0, 1)
	c.line(first)
}

// start gives the head its turn. Its address's next turn comes after those of all others.
func (c *class) start(head *Place) {
	c.rotate()
	c.stopWaiting(head)
	c.served(c.shares[head.claim.Network], 1)
	head.state = running
	c.running++
}

// lastOfMost is the last place, among those without a turn so far, of the address that has most. It is nil if no address
// with such a place has at least so many.
func (c *class) lastOfMost(least int) *Place {
	var last *Place
	most := least
	for _, s := range c.shares {
		if len(s.places) < most {
			continue
		}
		if p := s.last(); p != nil && (last == nil || len(s.places) > most || p.number > last.number) {
			last, most = p, len(s.places)
		}
	}
	return last
}

// last is the last that waits for a worker or, if none does, the last that has entered.
func (s *share) last() *Place {
	if n := len(s.waiting); n > 0 {
		return s.waiting[n-1]
	}
	for _, p := range slices.Backward(s.places) {
		if p.state == entered {
			return p
		}
	}
	return nil
}
