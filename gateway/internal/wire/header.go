package wire

// Bounds of a head. The response to a request beyond them is 431; a response beyond them becomes a 502. Of requests, the
// length may have another bound: see Request.Limit.
const (
	MaxFields    = 128
	MaxHeadBytes = 32 << 10
	maxNameBytes = 1 << 10

	// HighestHeadBytes is the highest bound that the length of a head may have.
	HighestHeadBytes = 1 << 20
)

// Field is a header field of a head that has been read, valid as long as the head is.
type Field struct {
	Name, Value []byte
	Kind        Kind
	// Alias: the name only looks like that of its kind ("Content_Length", "X!User!Id").
	Alias bool
}

// place is a field as positions in the buffer, which may still move while the head arrives. They are below HighestHeadBytes.
type place struct {
	name, nameEnd, value, valueEnd uint32
	kind                           Kind
	alias                          bool
}

// header reads field lines. It can stop at any byte, and go on when more have come.
type header struct {
	buf    []byte  // set when the head is complete
	places []place // MaxFields at most
	next   int     // where the first line that has not been read begins
	known  int     // how far this line is known to hold only a name and a value: what comes in pieces is not read again each time
	limit  int     // of the head's bytes; 0: MaxHeadBytes
}

// usualFields is how many fields nearly all heads have at most.
const usualFields = 24

func (h *header) forget() {
	h.buf, h.places, h.next, h.known = nil, h.places[:0], 0, 0
}

// maxBytes bounds the head.
func (h *header) maxBytes() int {
	if h.limit > 0 {
		return h.limit
	}
	return MaxHeadBytes
}

// Fields is the number of fields.
func (h *header) Fields() int { return len(h.places) }

// Field is the field at a position below Fields.
func (h *header) Field(i int) Field {
	p := &h.places[i]
	return Field{h.buf[p.name:p.nameEnd], h.buf[p.value:p.valueEnd], p.kind, p.alias}
}

// Kind is the kind of the field at a position below Fields; cheaper than Field.
func (h *header) Kind(i int) Kind { return h.places[i].kind }

// Alias reports whether the field at a position below Fields is one; cheaper than Field.
func (h *header) Alias(i int) bool { return h.places[i].alias }

// Name is the name of the field at a position below Fields; cheaper than Field.
func (h *header) Name(i int) []byte { return h.buf[h.places[i].name:h.places[i].nameEnd] }

// Value is the value of the field at a position below Fields; cheaper than Field.
func (h *header) Value(i int) []byte { return h.buf[h.places[i].value:h.places[i].valueEnd] }

// complete reads on, and reports whether the head is complete and within its bounds. If so, buf up to its end is kept.
func (h *header) complete(buf []byte) (bool, error) {
	done, err := h.scan(buf)
	if err != nil {
		return false, err
	}
	if most := h.maxBytes(); !done && len(buf) >= most || h.next > most {
		return false, ErrHeadTooLarge
	}
	if done {
		h.buf = buf[:h.next]
	}
	return done, nil
}

// scan reads complete lines up to and with the empty one, and reports whether it has come.
func (h *header) scan(buf []byte) (done bool, err error) {
	for {
		i := h.next
		if i == len(buf) {
			return false, nil
		}
		if buf[i] == '\r' {
			return h.lineEnd(buf, i)
		}
		nameEnd, odd := span(buf, i, isPlain), false
		if nameEnd == len(buf) || buf[nameEnd] != ':' || nameEnd == i || nameEnd-i > maxNameBytes {
			if nameEnd, err = oddName(buf, i, nameEnd); err != nil || nameEnd == len(buf) {
				return false, err
			}
			odd = true
		}
		valueEnd := valueSpan(buf, max(nameEnd+1, h.known))
		if ok, err := h.lineEnd(buf, valueEnd); !ok {
			h.known = valueEnd
			return false, err
		}
		h.known = 0
		if len(h.places) == MaxFields || h.next > h.maxBytes() {
			return false, ErrHeadTooLarge
		}
		from, to := trim(buf, nameEnd+1, valueEnd)
		p := place{name: uint32(i), nameEnd: uint32(nameEnd), value: uint32(from), valueEnd: uint32(to)}
		if p.kind, p.alias = kindOf(buf[i:nameEnd]); odd && p.kind == Other {
			p.kind = Odd
		}
		if h.places == nil {
			h.places = make([]place, 0, usualFields)
		}
		h.places = append(h.places, p)
	}
}

// oddName finds the end of a name that begins at i and does not have its colon at from, like most have. It is the end of buf if
// the colon has not come. A space or tab at i is an obsolete fold (RFC 9112 section 5.2). Before the colon it has been a way to
// smuggle requests (section 5.1). Neither is a token.
func oddName(buf []byte, i, from int) (end int, err error) {
	end = span(buf, from, isToken)
	switch {
	case end-i > maxNameBytes:
		return 0, ErrHeadTooLarge
	case end < len(buf) && (end == i || buf[end] != ':'):
		return 0, ErrField
	}
	return end, nil
}

// lineEnd takes the CRLF at i. A CR or LF alone ends no line here (RFC 9112 section 2.2).
func (h *header) lineEnd(buf []byte, i int) (bool, error) {
	if i == len(buf) {
		return false, nil
	}
	if buf[i] != '\r' {
		return false, ErrField
	}
	if i+1 == len(buf) {
		return false, nil
	}
	if buf[i+1] != '\n' {
		return false, ErrField
	}
	h.next = i + 2
	return true, nil
}

// HeadBytes is the length of the head that Parse has found complete.
func (h *header) HeadBytes() int { return h.next }
