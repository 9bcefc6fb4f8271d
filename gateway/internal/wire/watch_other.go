//go:build !linux

package wire

// leavers cannot ask here: a client that has left is noticed when it is written to.
type leavers struct{}

func (*leavers) reset()                  {}
func (*leavers) ask(_, _ *Conn, _ int64) {}
func (*leavers) stop()                   {}

// untaken is not known here: a write that blocks for as long as its limit is stuck.
func (*Conn) untaken() int { return 0 }
