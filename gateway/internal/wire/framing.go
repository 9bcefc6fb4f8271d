package wire

import "bytes"

// Framing is how the receiver of a message finds the end of its body (RFC 9112 section 6.3): a length of 0 or more, or
// one of these.
type Framing int64

// The framings without a length.
const (
	ByChunks    Framing = -1 - iota // the body is chunked
	UntilClose                      // the body of a response ends with the connection
	Unframed                        // no field tells the length: there is no body, or its length is unknown
	ToWebSocket                     // there is no body: the connection changes its protocol
)

// ErrUnknownCoding refuses a coding before chunked (RFC 9112 section 6.1).
var ErrUnknownCoding = &MessageError{501, "coding-not-implemented", "The only transfer coding that is known here is chunked."}

// framingFields collects what says how long a body is (RFC 9112 section 6). tolerant is for responses: what can only mean one
// thing is taken, because the message is framed anew. A request that two servers could read differently is refused instead.
type framingFields struct {
	tolerant bool
	length   int64 // -1: no Content-Length
	chunked  bool
	identity bool // a coding that changes nothing
	unknown  bool // there are codings before chunked
}

// contentLength takes one field of 1*DIGIT. A second one is refused, even an equal one: two servers might choose
// differently. With tolerant, any number of equal ones is taken, also as a list (RFC 9110 section 8.6).
func (f *framingFields) contentLength(value []byte) error {
	for more := true; more; {
		one := value
		if f.tolerant {
			one, value, more = bytes.Cut(value, []byte(","))
			from, to := trim(one, 0, len(one))
			one = one[from:to]
		} else {
			more = false
		}
		n, ok := decimal(one)
		if !ok || f.length >= 0 && (!f.tolerant || n != f.length) {
			return ErrLength
		}
		f.length = n
	}
	return nil
}

// transferEncoding takes chunked, in any case (RFC 9112 section 7), and nothing else.
func (f *framingFields) transferEncoding(value []byte) error {
	if f.chunked || f.unknown {
		return ErrCoding
	}
	if equalFold(value, "chunked") {
		f.chunked = true
		return nil
	}
	if f.tolerant && equalFold(value, "identity") {
		f.identity = true
		return nil
	}
	if f.unknown = codingsBeforeChunked(value); !f.unknown {
		return ErrCoding
	}
	return nil
}

// codingsBeforeChunked reports whether the value is a list of codings of which the last is chunked, and no other. All servers then
// agree where the body ends, but not all know the codings.
func codingsBeforeChunked(value []byte) bool {
	end := bytes.LastIndexByte(value, ',')
	if end < 0 {
		return false
	}
	from, to := trim(value, end+1, len(value))
	if !equalFold(value[from:to], "chunked") {
		return false
	}
	for one := range bytes.SplitSeq(value[:end], []byte(",")) {
		from, to := trim(one, 0, len(one))
		name := one[from:to]
		if len(name) == 0 || span(name, 0, isToken) != len(name) || equalFold(name, "chunked") || equalFold(name, "identity") {
			return false
		}
	}
	return true
}

// validate refuses both at once, a coding in HTTP/1.0, which has none (RFC 9112 section 6.1), and codings that are not known.
func (f *framingFields) validate(minor int) (chunked bool, length int64, err error) {
	switch coded := f.chunked || f.unknown; {
	case coded && (f.length >= 0 || minor == 0):
		return false, 0, ErrFraming
	case f.unknown:
		return false, 0, ErrUnknownCoding
	}
	return f.chunked, f.length, nil
}
