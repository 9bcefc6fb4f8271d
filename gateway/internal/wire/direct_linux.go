package wire

import (
	"io"
	"syscall"
	"unsafe"
)

// direct does the ordinary reads and writes of a connection with raw system calls on its descriptor. The descriptor is in
// non-blocking mode: the calls never block, so they need not be announced to the scheduler. Waiting is left to the
// runtime. docs/adr/0012-raw-system-calls.md says why.
type direct struct {
	raw             syscall.RawConn
	exchange, await func(fd uintptr) bool

	pool    *Pool
	quick   func(*Buffer) bool
	buffer  *Buffer
	out, in []byte
	got     int
	err     error
}

func (d *direct) init(c *Conn) {
	raw, direct := c.rawConn()
	if raw == nil || raw.Control(func(fd uintptr) { c.pollFD = int(fd) }) != nil || !direct {
		return
	}
	c.fd, d.raw = c.pollFD, raw
	d.exchange, d.await = c.stepExchange, c.stepAwait
}

// Write writes all of p.
func (c *Conn) Write(p []byte) (int, error) {
	if c.fd < 0 || c.Stopped() != 0 {
		return c.writeSlowly(p)
	}
	n, errno := sysWrite(c.fd, p)
	if errno == 0 && n == len(p) {
		return n, nil
	}
	if errno != 0 {
		n = 0 // package net will return the error, if it lasts
	}
	m, err := c.writeSlowly(p[n:])
	return n + m, err
}

// Exchange writes all of out and then waits for the first bytes of the response, which it reads into in. An error before
// any byte came back is returned with 0.
func (c *Conn) Exchange(out, in []byte) (int, error) {
	d := &c.direct
	if c.fd < 0 {
		if _, err := c.net.Write(out); err != nil {
			return 0, err
		}
		return c.net.Read(in)
	}
	d.out, d.in, d.got, d.err = out, in, 0, nil
	err := d.raw.Read(d.exchange)
	d.out, d.in = nil, nil
	if err == nil {
		err = d.err
	}
	return d.got, err
}

// stepExchange is called once before the runtime waits, and then whenever there is something to read. The first call does
// not read: the response cannot have come before the request, so the system call would find nothing.
func (c *Conn) stepExchange(uintptr) bool {
	d := &c.direct
	if d.out != nil {
		out := d.out
		d.out = nil
		if _, d.err = c.Write(out); d.err != nil {
			return true
		}
		return false
	}
	n, errno := sysRead(c.fd, d.in)
	switch {
	case errno == syscall.EAGAIN:
		return false
	case errno != 0:
		d.err = errno
	case n == 0:
		d.err = io.EOF
	}
	d.got = n
	return true
}

// Await waits for the first bytes of a message, and returns a buffer of the pool that holds them. While it waits there is
// no buffer. quick gets the buffer first. If it reports that it has dealt with all of it, Await waits for the next
// message; quick may write and must not read. So a message costs one read: after a read that did not fill the buffer, the
// runtime waits until the kernel reports more.
func (c *Conn) Await(pool *Pool, quick func(*Buffer) bool) (*Buffer, error) {
	d := &c.direct
	if c.fd < 0 {
		return c.awaitSlowly(pool)
	}
	d.pool, d.quick, d.buffer, d.err = pool, quick, nil, nil
	err := d.raw.Read(d.await)
	b := d.buffer
	d.buffer = nil
	if err == nil {
		err = d.err
	}
	return b, err
}

func (c *Conn) stepAwait(uintptr) bool {
	d := &c.direct
	for {
		b := d.pool.Get()
		room := b.Free()
		n, errno := sysRead(c.fd, room)
		if n > 0 {
			b.Filled(n)
			if !d.quick(b) {
				d.buffer = b
				return true
			}
			d.pool.Put(b)
			if n < len(room) {
				return false
			}
			continue
		}
		d.pool.Put(b)
		switch {
		case errno == syscall.EAGAIN:
			return false
		case errno != 0:
			d.err = errno
		default:
			d.err = io.EOF
		}
		return true
	}
}

// Idle reports whether a connection that nobody reads is still open and silent. Only then may it be used again.
func (c *Conn) Idle() bool {
	if c.fd < 0 {
		return true
	}
	var b [1]byte
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, uintptr(c.fd), uintptr(unsafe.Pointer(&b)), 1,
		syscall.MSG_PEEK|syscall.MSG_DONTWAIT, 0, 0)
	return errno == syscall.EAGAIN
}

// sysWrite and sysRead are send and recv. They are cheaper than write and read, which first find out that this is a
// socket.
func sysWrite(fd int, p []byte) (int, syscall.Errno) {
	if len(p) == 0 {
		return 0, 0
	}
	n, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)),
		syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

func sysRead(fd int, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)),
		syscall.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}
