package h2

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"strconv"

	"tallygate/gateway/internal/wire"
)

// response is how far the response to one request has come.
type response struct {
	head     bool // the request is a HEAD
	begun    bool // the final head is sent
	chunked  bool
	left     int64 // of the body, if it is not chunked
	complete bool
}

// errWritten is a mistake in the program: what was written is not what package wire writes.
var errWritten = errors.New("h2: this is no response of HTTP/1.1")

// pieceBytes is how much is handed over at once: what a client has taken is noticed after each piece.
const pieceBytes = 16 << 10

// Write takes the response as package wire writes it: a head in one piece, and chunks in one piece each. What is written goes to the
// client at once.
func (s *Stream) Write(p []byte) (int, error) {
	if !s.beginWrite() {
		return 0, os.ErrDeadlineExceeded
	}
	defer s.endWrite()
	for rest := p; len(rest) > 0; {
		var err error
		switch {
		case !s.response.begun:
			rest, err = s.passHead(rest)
		case s.response.complete:
			err = errWritten
		case s.response.chunked:
			rest, err = s.passChunk(rest)
		default:
			err = s.passData(rest)
			rest = nil
		}
		if err != nil {
			return 0, err
		}
	}
	if s.response.begun && !s.response.complete {
		if err := s.w.FlushError(); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func (s *Stream) beginWrite() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writing = !s.ended && !s.cut
	return s.writing
}

func (s *Stream) endWrite() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writing = false
}

// passHead passes on a head, and returns what comes after it.
func (s *Stream) passHead(p []byte) ([]byte, error) {
	if string(p) == wire.Continue { // package http2 has sent one when the body was first read
		return nil, nil
	}
	var head wire.Response
	head.Reset()
	n, err := head.Parse(p)
	if err != nil || n == 0 {
		return nil, errors.Join(errWritten, err)
	}
	fields := s.w.Header()
	s.copyFields(fields, &head)
	if head.Status < 200 {
		s.w.WriteHeader(head.Status)
		clear(fields)
		return p[n:], nil
	}
	for _, name := range []string{"Content-Type", "Date"} {
		if _, ok := fields[name]; !ok {
			fields[name] = nil // package http2 would make one up
		}
	}
	s.w.WriteHeader(head.Status)
	r := &s.response
	r.begun, r.chunked, r.left = true, head.Chunked, head.ContentLength
	r.complete = r.head || !r.chunked && r.left <= 0 || !head.HasBody(false)
	return p[n:], nil
}

// copyFields copies the fields of a head, but not those that are about the connection (RFC 9113 section 8.2.2).
func (s *Stream) copyFields(to http.Header, head *wire.Response) {
	values := make([]string, head.Fields())
	for i := range values {
		if !head.Alias(i) {
			switch head.Kind(i) {
			case wire.Connection:
				if s.front.draining.Load() && string(head.Value(i)) == "close" {
					to["Connection"] = []string{"close"} // package http2 sends GOAWAY for it
				}
				continue
			case wire.TransferEncoding, wire.Hop, wire.Upgrade:
				continue
			}
		}
		values[i] = string(head.Value(i))
		name := http.CanonicalHeaderKey(string(head.Name(i)))
		if have, ok := to[name]; ok {
			to[name] = append(have, values[i])
		} else {
			to[name] = values[i : i+1 : i+1]
		}
	}
}

// passData passes on a piece of a body with a length.
func (s *Stream) passData(p []byte) error {
	r := &s.response
	if int64(len(p)) > r.left {
		return errWritten
	}
	if err := s.pass(p); err != nil {
		return err
	}
	r.left -= int64(len(p))
	r.complete = r.left == 0
	return nil
}

// passChunk passes on a chunk, or the end of the body.
func (s *Stream) passChunk(p []byte) ([]byte, error) {
	line, rest, ok := bytes.Cut(p, []byte("\r\n"))
	size, err := strconv.ParseUint(string(line), 16, 31)
	if !ok || err != nil {
		return nil, errors.Join(errWritten, err)
	}
	if size == 0 {
		return s.passTrailers(rest)
	}
	data, rest, ok := cutData(rest, int(size))
	if !ok {
		return nil, errWritten
	}
	return rest, s.pass(data)
}

// cutData splits p behind so many bytes and a line's end.
func cutData(p []byte, size int) (data, rest []byte, ok bool) {
	if len(p) < size+2 || p[size] != '\r' || p[size+1] != '\n' {
		return nil, nil, false
	}
	return p[:size], p[size+2:], true
}

// passTrailers takes the fields after a body. They are sent when the stream ends.
func (s *Stream) passTrailers(p []byte) ([]byte, error) {
	for {
		line, rest, ok := bytes.Cut(p, []byte("\r\n"))
		if !ok {
			return nil, errWritten
		}
		if p = rest; len(line) == 0 {
			s.response.complete = true
			return p, nil
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			return nil, errWritten
		}
		key := http.TrailerPrefix + http.CanonicalHeaderKey(string(name))
		s.w.Header()[key] = append(s.w.Header()[key], string(bytes.TrimSpace(value)))
	}
}

// pass sends the client a piece of the body.
func (s *Stream) pass(p []byte) error {
	for len(p) > 0 {
		n, err := s.w.Write(p[:min(len(p), pieceBytes)])
		s.taken.Add(uint64(n))
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}
