//go:build !linux

package wire

import "net"

// goneClients cannot ask the kernel here. A client that is gone is noticed when it is written to.
type goneClients struct{}

func (*goneClients) reset()                     {}
func (*goneClients) add(_, _ *Conn, _ deadline) {}
func (*goneClients) stop(int64)                 {}

// ReadNow cannot read without waiting here.
func ReadNow(net.Conn, []byte) int { return 0 }

// taken and the others are not known here: a write that blocks for the length of its timeout is stuck.
func (*Conn) taken() uint64 { return 0 }

func (*Conn) come() uint64 { return 0 }

func (*Conn) untaken() int { return 0 }

func (*Conn) unsent() int { return 0 }

func (*Conn) unread() int { return 0 }

// LimitUnsent does nothing here: the kernel's own bound holds.
func (*Conn) LimitUnsent(int) {}
