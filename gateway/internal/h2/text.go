package h2

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"net/http"
	"strconv"
)

// errWritten is a mistake in the program: what was written is not what package wire writes.
var errWritten = errors.New("h2: this is no message of HTTP/1.1")

const lineEnd = "\r\n"

// cutHead splits what package wire has written into the first line, the lines of fields, and what follows the head.
func cutHead(p []byte) (first, fields, rest []byte, ok bool) {
	end := bytes.Index(p, []byte(lineEnd+lineEnd))
	if end < 0 {
		return nil, nil, nil, false
	}
	first, fields, _ = bytes.Cut(p[:end+len(lineEnd)], []byte(lineEnd))
	return first, fields, p[end+2*len(lineEnd):], true
}

// eachField goes through lines of fields.
func eachField(lines []byte) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for len(lines) > 0 {
			var line []byte
			line, lines, _ = bytes.Cut(lines, []byte(lineEnd))
			name, value, _ := bytes.Cut(line, []byte(":"))
			if !yield(http.CanonicalHeaderKey(string(name)), string(bytes.Trim(value, " \t"))) {
				return
			}
		}
	}
}

// cutChunk splits p behind its first chunk. The last chunk is empty.
func cutChunk(p []byte) (data, rest []byte, err error) {
	line, rest, ok := bytes.Cut(p, []byte(lineEnd))
	size, err := strconv.ParseUint(string(line), 16, 31)
	if !ok || err != nil {
		return nil, nil, errors.Join(errWritten, err)
	}
	if size == 0 {
		return nil, rest, nil
	}
	n := int(size)
	if len(rest) < n+len(lineEnd) || string(rest[n:n+len(lineEnd)]) != lineEnd {
		return nil, nil, errWritten
	}
	return rest[:n], rest[n+len(lineEnd):], nil
}

// cutTrailers splits p behind the lines that end a chunked body.
func cutTrailers(p []byte) (lines, rest []byte, err error) {
	if rest, ok := bytes.CutPrefix(p, []byte(lineEnd)); ok {
		return nil, rest, nil
	}
	end := bytes.Index(p, []byte(lineEnd+lineEnd))
	if end < 0 {
		return nil, nil, errWritten
	}
	return p[:end+len(lineEnd)], p[end+2*len(lineEnd):], nil
}

// appendField appends a field's line.
func appendField(b []byte, name, value string) []byte {
	return append(append(append(append(b, name...), ": "...), value...), lineEnd...)
}

// source is a body that is read as HTTP/1.1.
type source struct {
	body    io.Reader
	trailer func() http.Header // after the body's end
	chunked bool
	pending []byte // is read first
}

// Framing of a piece of a body whose length is not known.
const (
	sizeDigits = 8
	chunkHead  = sizeDigits + len(lineEnd)
	chunkRoom  = chunkHead + len(lineEnd)
)

func (s *source) read(p []byte) (int, error) {
	switch {
	case len(s.pending) > 0:
		n := copy(p, s.pending)
		s.pending = s.pending[n:]
		return n, nil
	case !s.chunked:
		return s.body.Read(p)
	case len(p) <= chunkRoom:
		return s.readSmall(p)
	}
	return s.readChunk(p)
}

// readChunk reads a piece of the body as a chunk. The end of the body comes after the last piece.
func (s *source) readChunk(p []byte) (int, error) {
	n, err := s.body.Read(p[chunkHead : len(p)-len(lineEnd)])
	if n > 0 {
		putSize(p, n)
		n += chunkHead
		n += copy(p[n:], lineEnd)
	}
	if errors.Is(err, io.EOF) {
		s.chunked = false // the body returns EOF again
		s.pending = append(appendTrailers([]byte("0"+lineEnd), s.trailer()), lineEnd...)
		if err = nil; n == 0 {
			return s.read(p)
		}
	}
	return n, err
}

// readSmall is readChunk where there is no room for a chunk.
func (s *source) readSmall(p []byte) (int, error) {
	var memory [512]byte
	n, err := s.readChunk(memory[:])
	used := copy(p, memory[:n])
	s.pending = append(append([]byte(nil), memory[used:n]...), s.pending...)
	return used, err
}

// putSize writes a chunk's size and the line's end to the beginning of p.
func putSize(p []byte, size int) {
	const digits = "0123456789abcdef"
	for i := sizeDigits - 1; i >= 0; i-- {
		p[i] = digits[size&15]
		size >>= 4
	}
	copy(p[sizeDigits:], lineEnd)
}

// appendTrailers appends the fields that came after a body.
func appendTrailers(b []byte, trailers http.Header) []byte {
	for name, values := range trailers {
		for _, value := range values {
			b = appendField(b, name, value)
		}
	}
	return b
}
