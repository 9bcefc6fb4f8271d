package forward

import "bytes"

// appendCookie appends the value of a Set-Cookie field with the Path that the cookie has to have at the client. It is split as browsers
// split it (RFC 6265 section 5.2). A cookie whose name begins with __Host- has to keep Path=/: browsers take it with no other one.
func (x *Exchange) appendCookie(b, cookie []byte) []byte {
	const fixed = "__Host-"
	if len(cookie) > len(fixed) && bytes.EqualFold(cookie[:len(fixed)], []byte(fixed)) {
		return append(b, cookie...)
	}
	pair, attributes, more := bytes.Cut(cookie, []byte(";"))
	b = append(b, pair...)
	for more {
		var attribute []byte
		attribute, attributes, more = bytes.Cut(attributes, []byte(";"))
		b = x.appendAttribute(append(b, ';'), attribute)
	}
	return b
}

// appendAttribute changes nothing but the path in a Path attribute, which may have white space around it. Some clients also read one in
// quotes.
func (x *Exchange) appendAttribute(b, attribute []byte) []byte {
	name, value, ok := bytes.Cut(attribute, []byte("="))
	if !ok || !bytes.EqualFold(bytes.Trim(name, " \t"), []byte("Path")) {
		return append(b, attribute...)
	}
	path := bytes.Trim(value, " \t\"")
	if len(path) == 0 || path[0] != '/' {
		return append(b, attribute...)
	}
	from := bytes.IndexByte(value, '/')
	b = append(append(append(b, name...), '='), value[:from]...)
	return append(x.appendCookiePath(b, path), value[from+len(path):]...)
}

// appendCookiePath appends the path of a cookie. One that holds for everything at the upstream holds for everything that the client
// finds there.
func (x *Exchange) appendCookiePath(b, path []byte) []byte {
	prefix, base := x.req.Prefix, []byte(x.req.Base)
	if len(prefix) > 0 && below(path, prefix) {
		return append(b, path...)
	}
	switch bare := bytes.TrimSuffix(path, []byte("/")); {
	case below(base, bare):
		path = nil
	case below(path, base):
		path = path[len(base):]
	default:
		return append(b, path...)
	}
	if len(prefix)+len(path) == 0 {
		b = append(b, '/')
	}
	return append(append(b, prefix...), path...)
}
