//go:build !linux

package wire

import "net"

// goneClients cannot ask the kernel here. A client that is gone is noticed when it is written to.
type goneClients struct{}

func (*goneClients) reset()                     {}
func (*goneClients) add(_, _ *Conn, _ deadline) {}
func (*goneClients) stop()                      {}

// unread is not known here.
func (*Conn) unread() int { return 0 }

// ReadNow cannot read without waiting here.
func ReadNow(net.Conn, []byte) int { return 0 }

// untaken is not known here: a write that blocks for the length of its timeout is stuck.
func (*Conn) untaken() int { return 0 }
