package wire

import "golang.org/x/sys/unix"

// leavers asks the kernel, for many clients at once, whether they have closed their connection.
type leavers struct {
	polled  []unix.PollFd
	clients []waiter
}

// waiter is a client, and what is stopped if it has left: the upstream's connection that it waits for, or itself if it
// rests.
type waiter struct {
	client, stops *Conn
	limit         int64 // of stops, when it was looked at
}

func (l *leavers) reset() { l.polled, l.clients = l.polled[:0], l.clients[:0] }

func (l *leavers) ask(client, stops *Conn, limit int64) {
	if client.pollFD < 0 {
		return
	}
	l.polled = append(l.polled, unix.PollFd{Fd: int32(client.pollFD), Events: unix.POLLRDHUP})
	l.clients = append(l.clients, waiter{client, stops, limit})
}

// stop stops what is done for clients that have left. A connection that is in another use by now has another limit, and
// is let be.
func (l *leavers) stop() {
	if len(l.polled) == 0 {
		return
	}
	if n, err := unix.Poll(l.polled, 0); err != nil || n == 0 {
		return // interrupted: the next look asks again
	}
	for i, p := range l.polled {
		if w := l.clients[i]; p.Revents != 0 && (w.client == w.stops || w.client.serves.Load() == w.stops) {
			w.stops.stop(w.limit, ClientGone)
		}
	}
}

// untaken is how many bytes the peer has not acknowledged.
func (c *Conn) untaken() int {
	if c.pollFD < 0 {
		return 0
	}
	n, err := unix.IoctlGetInt(c.pollFD, unix.SIOCOUTQ)
	if err != nil {
		return 0
	}
	return n
}
