//go:build !linux

package wire

// goneClients cannot ask here: that a client is gone is noticed when it is written to.
type goneClients struct{}

func (*goneClients) reset()                     {}
func (*goneClients) add(_, _ *Conn, _ deadline) {}
func (*goneClients) stop()                      {}

// untaken is not known here: a write that blocks for as long as its timeout is stuck.
func (*Conn) untaken() int { return 0 }
