package wire

import "bytes"

// splitTarget finds path and query in the request target (RFC 9112 section 3.2). The authority-form is refused: it is for
// CONNECT, which is not served.
func (r *Request) splitTarget() error {
	from, to := r.target[0], r.target[1]
	target := r.buf[from:to]
	if target[0] != '/' {
		if string(target) == "*" && string(r.Method) == "OPTIONS" {
			r.Path = target
			return nil
		}
		rest := target
		for _, s := range [...]struct{ begin, port string }{{"http://", "80"}, {"https://", "443"}} {
			if len(target) > len(s.begin) && equalFold(target[:len(s.begin)], s.begin) {
				rest, r.schemePort = target[len(s.begin):], s.port
			}
		}
		if len(rest) == len(target) {
			return ErrTarget
		}
		authority := rest
		if i := bytes.IndexAny(rest, "/?"); i >= 0 {
			authority = rest[:i]
		}
		if !ValidHost(authority) {
			return ErrTarget
		}
		r.authority = authority
		from = to - len(rest) + len(authority)
	}
	pathEnd := to
	if i := bytes.IndexByte(r.buf[from:to], '?'); i >= 0 {
		pathEnd = from + i
	}
	return r.cleanTarget(from, pathEnd, to)
}

// cleanTarget sets Path and Query from where they begin and end. An absolute-form target without a path means "/".
func (r *Request) cleanTarget(from, pathEnd, to int) (err error) {
	path, query := r.buf[from:pathEnd], r.buf[pathEnd:to]
	r.rawPath = [2]int{from, pathEnd}
	if len(path) == 0 {
		r.Path = []byte("/")
	} else if r.Path, r.Sign, err = cleanPath(path); err != nil {
		return err
	}
	if r.Query, err = CleanQuery(query); err != nil {
		return err
	}
	r.ownPath, r.ownQuery = !within(r.Path, path), !within(r.Query, query)
	if len(r.Path)+len(r.Query) > r.targetBytes() {
		return ErrTargetTooLong
	}
	return nil
}

// Limit bounds the heads that Parse reads from now on, in bytes: the whole of them, up to HighestHeadBytes, and the target, as it
// comes and as it is sent on. A bound that is 0 is MaxHeadBytes, or that of the head. Reset does not change it.
func (r *Request) Limit(head, target int) { r.limit, r.maxTarget = head, target }

// targetBytes bounds the target.
func (r *Request) targetBytes() int {
	if r.maxTarget > 0 {
		return r.maxTarget
	}
	return r.maxBytes()
}

// within reports whether part begins where whole does, and so is a part of its memory; an empty part has no memory.
func within(part, whole []byte) bool {
	return len(part) == 0 || len(whole) > 0 && &part[0] == &whole[0]
}

// RawPath is the path as it came, with bytes from 0x80 on escaped, and how many of its bytes every server reads alike: all of
// them unless there is a Sign.
func (r *Request) RawPath() (path []byte, sure int) {
	path = r.buf[r.rawPath[0]:r.rawPath[1]]
	if len(path) == 0 {
		return r.Path, len(r.Path)
	}
	path = escape(path, func(c byte) bool { return c < 0x80 })
	return path, firstSign(path)
}

// OwnBytes is the length of what the request holds of its target beside the buffer that it was read from.
func (r *Request) OwnBytes() (n int) {
	if r.ownPath {
		n = len(r.Path)
	}
	if r.ownQuery {
		n += len(r.Query)
	}
	return n
}

// endsIn reports whether path is "/", or the request's from one of its slashes on, in either form.
func (r *Request) endsIn(path []byte) bool {
	switch {
	case len(path) == 0:
		return false
	case path[0] != '/':
		return len(path) == len(r.Path) && bytes.Equal(path, r.Path)
	case bytes.HasSuffix(r.Path, path) || string(path) == "/":
		return true
	}
	raw, _ := r.RawPath()
	return bytes.HasSuffix(raw, path)
}
