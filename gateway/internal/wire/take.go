package wire

import "bytes"

// TakeParameters removes from the query the parameters that begin with start, like "a=b", and returns them. What is left
// stays as it came, and the "?" goes with the last parameter.
func (r *Request) TakeParameters(start string) (taken []string) {
	if !bytes.Contains(r.Query, []byte(start)) {
		return nil
	}
	kept := r.Query[:1] // the "?"
	none := true
	for parameter := range bytes.SplitSeq(r.Query[1:], []byte("&")) { // kept grows over what has been read
		if bytes.HasPrefix(parameter, []byte(start)) {
			taken = append(taken, string(parameter))
			continue
		}
		if !none {
			kept = append(kept, '&')
		}
		kept, none = append(kept, parameter...), false
	}
	if len(kept) == 1 {
		kept = kept[:0]
	}
	r.Query = kept
	return taken
}

// HasParameter reports whether a parameter of the query begins with start.
func (r *Request) HasParameter(start string) bool {
	if !bytes.Contains(r.Query, []byte(start)) {
		return false
	}
	for parameter := range bytes.SplitSeq(r.Query[1:], []byte("&")) {
		if bytes.HasPrefix(parameter, []byte(start)) {
			return true
		}
	}
	return false
}

// HasPath reports whether the request's path is this one, in whatever form either is written. A path that servers read in
// different ways has one form.
func (r *Request) HasPath(path string) bool {
	if r.Sign != nil {
		raw, _ := r.RawPath()
		return string(raw) == path
	}
	clean, sign, err := cleanPath([]byte(path))
	return err == nil && sign == nil && bytes.Equal(clean, r.Path)
}

// TakeProtocols removes from the Sec-WebSocket-Protocol fields (RFC 6455 section 11.3.4) the names that match, and returns
// them. A field without a name left is not forwarded.
func (r *Request) TakeProtocols(match func(name []byte) bool) (taken []string) {
	for i := range r.places {
		p := &r.places[i]
		if p.kind != Protocols || p.alias {
			continue
		}
		var names [][]byte
		before := len(taken)
		for name := range bytes.SplitSeq(r.buf[p.value:p.valueEnd], []byte(",")) {
			name = bytes.Trim(name, " \t")
			switch {
			case match(name):
				taken = append(taken, string(name))
			case len(name) > 0:
				names = append(names, name)
			}
		}
		if len(taken) == before {
			continue
		}
		kept := bytes.Join(names, []byte(",")) // never longer than it was
		if len(kept) == 0 {
			p.kind = Hop
		}
		p.valueEnd = p.value + uint32(copy(r.buf[p.value:p.valueEnd], kept))
	}
	return taken
}
