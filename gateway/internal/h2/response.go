package h2

import (
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
	first, lines, rest, ok := cutHead(p)
	if !ok || len(first) < len("HTTP/1.1 200") {
		return nil, errWritten
	}
	status, err := strconv.Atoi(string(first[9:12]))
	if err != nil {
		return nil, errors.Join(errWritten, err)
	}
	r := response{head: s.response.head, begun: true, left: -1}
	fields := s.w.Header()
	for name, value := range eachField(lines) {
		s.copyField(fields, &r, name, value)
	}
	if status < 200 {
		s.w.WriteHeader(status)
		clear(fields)
		return rest, nil
	}
	for _, name := range []string{"Content-Type", "Date"} {
		if _, ok := fields[name]; !ok {
			fields[name] = nil // package http2 would make one up
		}
	}
	s.w.WriteHeader(status)
	r.complete = r.head || !r.chunked && r.left <= 0 || status == http.StatusNoContent || status == http.StatusNotModified
	s.response = r
	return rest, nil
}

// copyField copies a field, unless it is about the connection (RFC 9113 section 8.2.2), and reads what it says of the body.
func (s *Stream) copyField(to http.Header, r *response, name, value string) {
	switch kind, alias := wire.KindOf(name); {
	case alias:
	case kind == wire.Connection:
		if s.front.draining.Load() && value == "close" {
			to.Set(name, value) // package http2 sends GOAWAY for it
		}
		return
	case kind == wire.TransferEncoding:
		r.chunked = true
		return
	case kind == wire.Hop || kind == wire.Upgrade:
		return
	case kind == wire.ContentLength:
		r.left, _ = strconv.ParseInt(value, 10, 64) // package wire writes a number
	}
	to[name] = append(to[name], value)
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

// passChunk passes on a chunk, or the end of the body. The fields after it are sent when the stream ends.
func (s *Stream) passChunk(p []byte) ([]byte, error) {
	data, rest, err := cutChunk(p)
	if err != nil || len(data) > 0 {
		return rest, errors.Join(err, s.pass(data))
	}
	lines, rest, err := cutTrailers(rest)
	for name, value := range eachField(lines) {
		s.w.Header().Add(http.TrailerPrefix+name, value)
	}
	s.response.complete = err == nil
	return rest, err
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
