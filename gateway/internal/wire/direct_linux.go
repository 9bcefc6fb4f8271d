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
	raw                    syscall.RawConn // nil if the connection cannot be waited for without memory
	below                  *belowTLS       // nil without TLS
	exchange, await, fetch func(fd uintptr) bool

	pool   *Pool
	quick  func(*Buffer) bool
	buffer *Buffer
	out    []byte
	memory Memory
	got    int
	err    error
}

func (d *direct) init(c *Conn) {
	raw, direct := c.rawConn()
	if raw == nil || raw.Control(func(fd uintptr) { c.pollFD = int(fd) }) != nil {
		return
	}
	if direct {
		c.fd = c.pollFD
	} else if d.below = tlsBelow(c.net); d.below == nil {
		return
	}
	d.raw = raw
	d.exchange, d.await, d.fetch = c.stepExchange, c.stepAwait, c.stepFetch
}

// came notes that a reader got so many bytes.
func (d *direct) came(n int) {
	if n > 0 && d.below != nil {
		d.below.unread = 0
	}
}

// take reads what has come, and does not wait: if nothing has, again is true.
func (c *Conn) take(p []byte) (n int, again bool, err error) {
	if below := c.direct.below; below != nil {
		return below.take(c.net, p)
	}
	n, errno := sysRead(c.fd, p)
	switch {
	case errno == syscall.EAGAIN:
		return 0, true, nil
	case errno != 0:
		return 0, false, errno
	case n == 0:
		return 0, false, io.EOF
	}
	return n, false, nil
}

// write writes all of p.
func (c *Conn) write(p []byte) (int, error) {
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

// Exchange writes all of out and then waits for the first bytes of the response, which it reads into memory. An error
// before any byte came back is returned with 0.
func (c *Conn) Exchange(out []byte, memory Memory) (int, error) {
	d := &c.direct
	if d.raw == nil {
		if _, err := c.net.Write(out); err != nil {
			return 0, err
		}
		return c.fetchSlowly(memory)
	}
	d.out = out
	return c.run(d.exchange, memory)
}

// Fetch reads what has come, or waits for it. While it waits, it holds no memory.
func (c *Conn) Fetch(memory Memory) (int, error) {
	if c.direct.raw == nil {
		return c.fetchSlowly(memory)
	}
	return c.run(c.direct.fetch, memory)
}

// run has the runtime repeat step, whenever there is something to read, until it reports true.
func (c *Conn) run(step func(uintptr) bool, memory Memory) (int, error) {
	d := &c.direct
	d.memory, d.got, d.err = memory, 0, nil
	err := d.raw.Read(step)
	d.memory, d.out = nil, nil
	if err == nil {
		err = d.err
	}
	return d.got, err
}

// stepExchange is called once before the runtime waits, and then whenever there is something to read. The first call does
// not read: the response cannot have come before the request, so the system call would find nothing.
func (c *Conn) stepExchange(fd uintptr) bool {
	d := &c.direct
	if d.out != nil {
		out := d.out
		d.out = nil
		if _, d.err = c.Write(out); d.err != nil {
			return true
		}
		return false
	}
	return c.stepFetch(fd)
}

func (c *Conn) stepFetch(uintptr) bool {
	d := &c.direct
	n, again, err := c.take(d.memory.Lend())
	if n == 0 {
		d.memory.Return()
	}
	d.got, d.err = n, err
	return !again
}

// Await waits for the first bytes of a message, and returns a buffer of the pool that holds them. While it waits there is
// no buffer. quick gets the buffer first. If it reports that it has dealt with all of it, Await waits for the next
// message; quick may write and must not read. So a message costs one read: after a read that did not fill the buffer, the
// runtime waits until the kernel reports more.
func (c *Conn) Await(pool *Pool, quick func(*Buffer) bool) (*Buffer, error) {
	d := &c.direct
	if d.raw == nil {
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
		n, again, err := c.take(b.Free())
		if n == 0 {
			d.pool.Put(b)
			d.err = err
			return !again
		}
		b.Filled(n)
		more := len(b.Free()) == 0 // the kernel reports it only once
		if more && d.pool.Widen(b) {
			n, _, _ = c.take(b.Free()) // an error will last
			b.Filled(n)
			more = len(b.Free()) == 0
		}
		if !d.quick(b) {
			d.buffer = b
			return true
		}
		d.pool.Put(b)
		if !more && d.below == nil { // crypto/tls may hold another record
			return false
		}
	}
}

// Idle reports whether a connection that nobody reads is still open and silent. Only then may it be used again.
func (c *Conn) Idle() bool {
	if below := c.direct.below; below != nil {
		return below.idle(c.net)
	}
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
