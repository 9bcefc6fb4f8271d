package h2

import (
	"runtime"
	"sync"
)

// outgoing is what goes to a client. Package http2 flushes after each response. Here, what several streams have to say by the time that a
// write begins goes out in one record of TLS and one system call.
type outgoing struct {
	Conn

	buffers *sync.Pool // *[]byte

	mu      sync.Mutex
	changed sync.Cond
	next    *[]byte // what is to be written; nil: nothing
	writing bool
	err     error
}

// mostOutgoing is how much is gathered before a Write waits.
const mostOutgoing = 16 << 10

func newOutgoing(c Conn, buffers *sync.Pool) *outgoing {
	o := &outgoing{Conn: c, buffers: buffers}
	o.changed.L = &o.mu
	return o
}

// Write takes p. It returns the error of a write before.
func (o *outgoing) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.next != nil && len(*o.next) >= mostOutgoing && o.err == nil {
		o.changed.Wait()
	}
	if o.err != nil {
		return 0, o.err
	}
	if o.next == nil {
		if o.next, _ = o.buffers.Get().(*[]byte); o.next == nil {
			o.next = new([]byte)
		}
	}
	*o.next = append(*o.next, p...)
	if !o.writing {
		o.writing = true
		go o.flush()
	}
	return len(p), nil
}

// flush writes until there is nothing to be written.
func (o *outgoing) flush() {
	for {
		runtime.Gosched() // others that are ready to run have something to say, too
		p := o.take()
		if p == nil {
			return
		}
		_, err := o.Conn.Write(*p)
		if *p = (*p)[:0]; cap(*p) <= 2*mostOutgoing {
			o.buffers.Put(p)
		}
		if err != nil {
			o.fail(err)
		}
	}
}

// take takes what is to be written. If that is nothing, flush ends.
func (o *outgoing) take() *[]byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	p := o.next
	if o.next = nil; o.err != nil {
		p = nil
	}
	o.writing = p != nil
	o.changed.Broadcast()
	return p
}

func (o *outgoing) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err = err
}

// Close closes the connection when all is written.
func (o *outgoing) Close() error {
	o.mu.Lock()
	for o.writing {
		o.changed.Wait()
	}
	o.mu.Unlock()
	return o.Conn.Close()
}
