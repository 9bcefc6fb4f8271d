package report

import "encoding/json"

// maxBytes bounds a report.
const maxBytes = 256 << 10

// leastReplica is less than any replica takes.
const leastReplica = 64

// cut encodes the report without the replicas that do not fit. Those that are not healthy are put in first, and upstreams that have
// no replica at all.
func (b *body) cut() ([]byte, error) {
	whole := b.Upstreams
	b.Truncated, b.Upstreams = true, []oneUpstream{}
	text, err := json.Marshal(b)
	if err != nil {
		return nil, err
	}
	c := cutting{room: maxBytes - len(text), whole: whole, kept: make([][]oneReplica, len(whole))}
	c.keepEmpty()
	c.keep(false)
	c.keep(true)
	for i, replicas := range c.kept {
		if replicas != nil {
			u := whole[i].without()
			u.Replicas = replicas
			b.Upstreams = append(b.Upstreams, u)
		}
	}
	return json.Marshal(b)
}

// cutting is what is kept of all upstreams while there is room.
type cutting struct {
	room  int
	whole []oneUpstream
	kept  [][]oneReplica // nil: the upstream is left out
}

func (c *cutting) keepEmpty() {
	for i := range c.whole {
		if len(c.whole[i].Replicas) > 0 {
			continue
		}
		if need := size(c.whole[i]); need <= c.room {
			c.room -= need
			c.kept[i] = []oneReplica{}
		}
	}
}

// keep keeps the replicas that fit, of those that are healthy or of the others.
func (c *cutting) keep(healthy bool) {
	for i := range c.whole {
		for _, r := range c.whole[i].Replicas {
			if (r.Reason == nil) != healthy {
				continue
			}
			if c.room < leastReplica {
				return
			}
			need := size(r)
			if c.kept[i] == nil {
				need += size(c.whole[i].without())
			}
			if need > c.room {
				continue // a shorter one may fit
			}
			c.room -= need
			c.kept[i] = append(c.kept[i], r)
		}
	}
}

// without is the upstream without replicas.
func (u *oneUpstream) without() oneUpstream {
	bare := *u
	bare.Replicas = []oneReplica{}
	return bare
}

// size is what a value takes in a list.
func size(value any) int {
	text, _ := json.Marshal(value) // it has nothing that cannot be encoded
	return len(text) + len(",")
}
