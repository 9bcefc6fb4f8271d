package edge

import (
	"bytes"
	"net"
	"net/netip"
	"sync"
	"time"

	"tallygate/gateway/internal/wire"
	"tallygate/kit/httpd"
)

// refusal is why a client's connection is refused: an error with a problem, and the label of a metric.
type refusal string

const (
	admitted      refusal = ""
	shareTaken    refusal = "address"     // its address has as many as it may
	allTaken      refusal = "connections" // there are as many as there may be, and none rests
	noDescriptors refusal = "descriptors" // the process may open no more files, and no connection rests
)

// Error implements error.
func (r refusal) Error() string { return "too many connections: " + string(r) }

const (
	// maxTold is how many refused clients are waited for at the same time. Further ones are told at once and closed, whether or
	// not they have sent their request.
	maxTold = 512
	// toldAfter is how long a refused client may take to send its request. Some clients do not expect a response before.
	toldAfter = 500 * time.Millisecond
	// toldTimeout and toldBytes bound what a refused client still sends after the response.
	toldTimeout = 2 * time.Second
	toldBytes   = 1 << 20
)

// refuse tells a client why it gets no connection, and closes it. Over TLS it is closed without a word: the handshake, which is most of
// what a connection costs, is what is saved here.
func (s *Server) refuse(nc net.Conn, why refusal, peer netip.Addr) {
	s.cfg.Metrics.refused.WithLabelValues(string(why)).Inc()
	if n, due := s.refusals[why].due(); due {
		s.cfg.Log.Warn("connections are refused", "reason", string(why), "client", peer.String(), "count", n)
	}
	if s.cfg.TLS != nil {
		_ = nc.Close() // nothing has been sent
		return
	}
	select {
	case s.told <- struct{}{}:
		go func() {
			defer func() { <-s.told }()
			s.tell(nc, why)
		}()
	default:
		s.tellAtOnce(nc, why)
	}
}

// tell waits a little for the request, responds, and takes what the client still sends, as linger does.
func (s *Server) tell(nc net.Conn, why refusal) {
	defer nc.Close()
	_ = nc.SetDeadline(time.Now().Add(toldAfter)) // an error means that it is closed
	request := make([]byte, 1<<10)
	n, _ := nc.Read(request) // without a byte the client is told all the same
	_ = nc.SetDeadline(time.Now().Add(toldTimeout))
	if _, err := nc.Write(s.refusalResponse(why, request[:n])); err != nil {
		return
	}
	if half, ok := nc.(*net.TCPConn); ok {
		_ = half.CloseWrite() // an error means that the client is gone
	}
	for taken := 0; taken < toldBytes; {
		n, err := nc.Read(request)
		if err != nil {
			return
		}
		taken += n
	}
}

// tellAtOnce responds without waiting. A request that has come is read first: the kernel resets a connection that is closed before,
// and the client may then lose the response.
func (s *Server) tellAtOnce(nc net.Conn, why refusal) {
	defer nc.Close()
	request := make([]byte, 1<<10)
	n := wire.ReadNow(nc, request)
	_ = nc.SetDeadline(time.Now().Add(toldAfter)) // never used up: the kernel's buffer is empty
	_, _ = nc.Write(s.refusalResponse(why, request[:n]))
}

// refusalResponse is the response to a refused client; request is what has come of its request.
func (s *Server) refusalResponse(why error, request []byte) []byte {
	details := problems(why)
	var id [httpd.MaxRequestIDBytes]byte
	w := s.startOwnResponse(nil, details.Status, newRequestID(&id))
	addCORS(&w.FieldLines, s.cfg.CORS, originIn(request))
	addProblemFields(&w, details)
	body := details.Body()
	b := w.EndResponse(wire.Framing(len(body)), false, 1)
	if !bytes.HasPrefix(request, []byte("HEAD ")) {
		b = append(b, body...)
	}
	return b
}

// noticeEvery is how often the log says that something goes on.
const noticeEvery = 10 * time.Second

// notice decides when the log says something that may happen very often: at first, and then at most every noticeEvery.
type notice struct {
	mu    sync.Mutex
	next  time.Time
	count int // since the last line
}

// due counts, and returns the count since the last line if another line is due.
func (n *notice) due() (count int, due bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.count++
	now := time.Now()
	if now.Before(n.next) {
		return 0, false
	}
	count, n.count, n.next = n.count, 0, now.Add(noticeEvery)
	return count, true
}
