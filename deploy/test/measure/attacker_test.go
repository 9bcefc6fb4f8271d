//go:build measure

package measure_test

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"tallygate/kit/apikey"
)

// attacker is a running attack.
type attacker struct {
	attack
	end time.Time

	mu   sync.Mutex
	open int
	seen outcome
}

// raiseFileLimit lets the process open as many files, if it may.
func raiseFileLimit(files int) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur >= uint64(files) {
		return
	}
	limit.Cur, limit.Max = uint64(files), max(limit.Max, uint64(files))
	_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit) // otherwise dialling says so
}

// connect opens the i-th connection and uses it until it ends. It reports whether it is worth opening it again.
func (l *attacker) connect(i int) (again bool) {
	conn, err := l.dial(i)
	if err != nil {
		l.note(func(o *outcome) { o.Errors[reason(err)]++ })
		return true
	}
	defer conn.Close()
	l.note(func(o *outcome) {
		o.Connected++
		l.open++
		o.MostOpen = max(o.MostOpen, l.open)
	})
	defer l.note(func(*outcome) { l.open-- })
	_ = conn.SetDeadline(l.end)
	if len(l.Calls) > 0 {
		err = l.call(conn, i)
	} else {
		err = l.hold(conn)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	if err != nil {
		l.note(func(o *outcome) { o.Closed++ })
	}
	return true
}

func (l *attacker) note(do func(*outcome)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	do(&l.seen)
}

func (l *attacker) dial(i int) (net.Conn, error) {
	dialer := &net.Dialer{Deadline: l.end}
	if len(l.From) > 0 {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(l.From[i%len(l.From)])}
	}
	if l.Slow {
		dialer.Control = func(_, _ string, raw syscall.RawConn) error {
			return raw.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096) })
		}
	}
	if l.TLS {
		return tls.DialWithDialer(dialer, "tcp", l.Addr, &tls.Config{InsecureSkipVerify: true})
	}
	return dialer.Dial("tcp", l.Addr)
}

// reason is an error without addresses, so that equal ones are counted together.
func reason(err error) string {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno.Error()
	}
	if errors.Is(err, os.ErrDeadlineExceeded) || strings.Contains(err.Error(), "i/o timeout") {
		return "not connected in time"
	}
	if errors.Is(err, io.EOF) {
		return "closed while connecting"
	}
	return err.Error()
}

// hold sends the text and waits for what comes.
func (l *attacker) hold(conn net.Conn) error {
	if l.Slow {
		_, _ = io.WriteString(conn, l.Hold) // for as long as it is taken
		time.Sleep(time.Until(l.end))
		return os.ErrDeadlineExceeded
	}
	if _, err := io.WriteString(conn, l.Hold); err != nil {
		return err
	}
	if l.Drip > 0 {
		go func() {
			for tick := time.NewTicker(l.Drip); ; <-tick.C {
				if _, err := io.WriteString(conn, "x"); err != nil {
					return
				}
			}
		}()
	}
	for r := bufio.NewReaderSize(conn, 512); ; {
		status, unguided, err := readResponse(r)
		if status != 0 {
			l.count(status, unguided)
		}
		if status != 0 && errors.Is(err, io.EOF) {
			return nil // the rest of a response that has no length
		}
		if err != nil {
			return err
		}
	}
}

func (l *attacker) count(status int, unguided bool) {
	l.note(func(o *outcome) {
		o.Statuses[status]++
		if unguided {
			o.Unguided++
		}
	})
}

// call makes calls until the time is over or the connection ends.
func (l *attacker) call(conn net.Conn, i int) error {
	responses := bufio.NewReaderSize(conn, 4<<10)
	for n := 0; ; n++ {
		began := time.Now()
		if began.After(l.end) {
			return os.ErrDeadlineExceeded
		}
		if _, err := conn.Write(l.Calls[n%len(l.Calls)].bytes(i, n)); err != nil {
			return err
		}
		status, unguided, err := readResponse(responses)
		if err != nil {
			return err
		}
		l.count(status, unguided)
		if status == 503 {
			l.note(func(o *outcome) { o.Refusals = append(o.Refusals, time.Since(began)) })
		}
		time.Sleep(l.Pause)
	}
}

// bytes is the request as it is sent.
func (c call) bytes(conn, n int) []byte {
	numbers := strings.NewReplacer("{c}", strconv.Itoa(conn&255), "{d}", strconv.Itoa(conn>>8),
		"{n}", strconv.Itoa(n&255), "{o}", strconv.Itoa(n>>8), "{x}", fmt.Sprintf("%04x%04x", conn&0xffff, n&0xffff))
	body := numbers.Replace(c.Body)
	fields := numbers.Replace(c.Fields)
	if strings.Contains(fields, "{key}") {
		key, _ := apikey.New(rand.Reader) // never fails
		fields = strings.ReplaceAll(fields, "{key}", key)
	}
	head := c.Line + " HTTP/1.1\r\nHost: attack\r\n" + fields
	if body != "" {
		head += "Content-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n"
	}
	return []byte(head + "\r\n" + body)
}

// readResponse reads one response. It is unguided if it is a 429 or 503 without Retry-After.
func readResponse(r *bufio.Reader) (status int, unguided bool, err error) {
	length, retryAfter := 0, false
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return status, false, err
		}
		line = bytes.TrimRight(line, "\r\n")
		name, value, _ := bytes.Cut(line, []byte(": "))
		switch {
		case len(line) == 0:
			_, err := r.Discard(length)
			return status, (status == 429 || status == 503) && !retryAfter, err
		case first && len(line) > len("HTTP/1.1 200"):
			status, err = strconv.Atoi(string(line[len("HTTP/1.1 "):len("HTTP/1.1 200")]))
		case bytes.EqualFold(name, []byte("Content-Length")):
			length, err = strconv.Atoi(string(value))
		case bytes.EqualFold(name, []byte("Retry-After")):
			retryAfter = true
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return status, false, fmt.Errorf("%q: %w", line, err)
		}
	}
}
