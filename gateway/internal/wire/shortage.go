package wire

import (
	"errors"
	"syscall"
)

// Shortage is what this machine or this process has run out of, as the label of a metric; "" for nothing. No peer is to
// blame for it.
type Shortage string

// The shortages.
const (
	NoDescriptors Shortage = "descriptors"
	NoPorts       Shortage = "ports"
	NoMemory      Shortage = "memory"
)

// ShortageIn returns the shortage for which a connection could not be opened or accepted. NoPorts may also mean that no
// address of this machine leads to the peer: the kernel has one error for both.
func ShortageIn(err error) Shortage {
	errno, ok := errors.AsType[syscall.Errno](err)
	if !ok {
		return ""
	}
	switch errno {
	case syscall.EMFILE, syscall.ENFILE:
		return NoDescriptors
	case syscall.EADDRNOTAVAIL:
		return NoPorts
	case syscall.ENOBUFS, syscall.ENOMEM:
		return NoMemory
	}
	return ""
}
