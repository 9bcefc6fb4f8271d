package wire

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

// framingFields collects what says how long a body is (RFC 9112 section 6).
type framingFields struct {
	length  int64 // -1: no Content-Length
	chunked bool
}

// contentLength takes one field of 1*DIGIT. A second one is refused, even an equal one: two servers might choose
// differently.
func (f *framingFields) contentLength(value []byte) error {
	n, ok := decimal(value)
	if !ok || f.length >= 0 {
		return ErrLength
	}
	f.length = n
	return nil
}

func (f *framingFields) transferEncoding(value []byte) error {
	if f.chunked || string(value) != "chunked" {
		return ErrCoding
	}
	f.chunked = true
	return nil
}

// validate refuses both at once, and a coding in HTTP/1.0, which has none (RFC 9112 section 6.1).
func (f *framingFields) validate(minor int) (chunked bool, length int64, err error) {
	if f.chunked && (f.length >= 0 || minor == 0) {
		return false, 0, ErrFraming
	}
	return f.chunked, f.length, nil
}
