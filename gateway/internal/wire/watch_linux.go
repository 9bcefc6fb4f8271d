package wire

import "golang.org/x/sys/unix"

// leavers asks the kernel, for many clients at once, whether they have closed their connection.
type leavers struct {
	polled  []unix.PollFd
	clients []waiter
}

type waiter struct {
	client, upstream *Conn
	waiting          int64 // the upstream's limit when it was looked at
}

func (l *leavers) reset() { l.polled, l.clients = l.polled[:0], l.clients[:0] }

func (l *leavers) ask(client, upstream *Conn, waiting int64) {
	if client.pollFD < 0 {
		return
	}
	l.polled = append(l.polled, unix.PollFd{Fd: int32(client.pollFD), Events: unix.POLLRDHUP})
	l.clients = append(l.clients, waiter{client, upstream, waiting})
}

// stop stops what is done for clients that have left. An upstream connection that serves somebody else by now has
// another limit, and is let be.
func (l *leavers) stop() {
	if len(l.polled) == 0 {
		return
	}
	if n, err := unix.Poll(l.polled, 0); err != nil || n == 0 {
		return // interrupted: the next look asks again
	}
	for i, p := range l.polled {
		// A client between messages stands for itself.
		if w := l.clients[i]; p.Revents != 0 && (w.client == w.upstream || w.client.peer.Load() == w.upstream) {
			w.upstream.stop(w.waiting, ClientLeft)
		}
	}
}
