//go:build !linux

package wire

import "net"

// direct is empty here: everything goes through package net.
type direct struct{}

func (*direct) init(*Conn) {}

func (*direct) came(int) {}

// BelowTLS is for a connection that crypto/tls is to speak on.
func BelowTLS(nc net.Conn) net.Conn { return nc }

// write writes all of p.
func (c *Conn) write(p []byte) (int, error) { return c.writeSlowly(p) }

// Exchange writes all of out and then waits for the first bytes of the response, which it reads into memory.
func (c *Conn) Exchange(out []byte, memory Memory) (int, error) {
	if _, err := c.net.Write(out); err != nil {
		return 0, err
	}
	return c.fetchSlowly(memory)
}

// Fetch reads what has come, or waits for it.
func (c *Conn) Fetch(memory Memory) (int, error) { return c.fetchSlowly(memory) }

// Await waits for the first bytes of a message, and returns a buffer of the pool that holds them.
func (c *Conn) Await(pool *Pool, _ func(*Buffer) bool) (*Buffer, error) { return c.awaitSlowly(pool) }

// Idle cannot look here; a dead connection is noticed when it is used.
func (c *Conn) Idle() bool { return true }
