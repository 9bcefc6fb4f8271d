package wire

// MessageError is why a message was refused. Status is that of the response to a client's message. An upstream's message
// becomes a 502, whatever Status says.
type MessageError struct {
	Status int
	Slug   string
	Detail string
}

// Error is the sentence.
func (f *MessageError) Error() string { return f.Detail }

func malformed(detail string) *MessageError { return &MessageError{400, "malformed-request", detail} }

// The faults of a message.
var (
	ErrStartLine     = malformed("The first line of the message is malformed.")
	ErrTarget        = malformed("The request target holds characters that do not belong in one.")
	ErrField         = malformed("A header field is malformed.")
	ErrHost          = malformed("The message needs exactly one valid Host field.")
	ErrHostDiffers   = malformed("The request target and the Host field name different hosts.")
	ErrLength        = malformed("Content-Length is malformed, or there are several.")
	ErrCoding        = malformed("Transfer-Encoding is not exactly one field that says chunked.")
	ErrFraming       = malformed("The message has both Content-Length and Transfer-Encoding, or framing that its version does not know.")
	ErrConnection    = malformed("The Connection field is malformed.")
	ErrChunk         = malformed("The chunked body is malformed.")
	ErrVersion       = &MessageError{505, "version-not-supported", "This server speaks HTTP/1.1 and HTTP/1.0 only."}
	ErrExpectation   = &MessageError{417, "expectation-failed", "The only expectation that can be met is 100-continue."}
	ErrConnect       = &MessageError{501, "method-not-implemented", "This server opens no tunnels: it does not know CONNECT."}
	ErrTargetTooLong = &MessageError{414, "target-too-long", "The path and the query are longer together than this server takes."}
	ErrHeadTooLarge  = &MessageError{431, "head-too-large", "The first line and the header fields are too large together, or too many."}
	// ErrOverloaded: the budget has no memory left for the message.
	ErrOverloaded = &MessageError{503, "overloaded", "The gateway has no memory left for this request at the moment; try again soon."}
)

// What servers read in different ways in a path. A route may take the first four, see Request.Sign.
var (
	errEscapedSlash     = ambiguous("an escaped slash (%2F)")
	errEscapedSemicolon = ambiguous("an escaped semicolon (%3B)")
	errSemicolon        = ambiguous("a semicolon (;)")
	errEmptySegment     = ambiguous("an empty segment (//)")
	errDotSegment       = ambiguous("a dot segment (. or ..)")
	errBackslash        = ambiguous(`a backslash (\)`)
	errEscapedBackslash = ambiguous("an escaped backslash (%5C)")
	errEscapedControl   = ambiguous("an escaped control character (%00 to %1F, %7F)")
	errEscapedTwice     = ambiguous("a character that is escaped twice (like %252F)")
	errNotUTF8          = ambiguous("bytes that are not UTF-8")
	errEscape           = ambiguous("a percent sign that begins no escape (%25 is the escaped one)")
)

func ambiguous(what string) *MessageError {
	return malformed("The path has " + what + ", which servers read in different ways.")
}
