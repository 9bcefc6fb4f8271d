package forward

import (
	"bytes"
	"slices"
	"strings"

	"tallygate/gateway/internal/wire"
)

// Links says how the links of an upstream differ from the client's. The client does not know Request.Base. The upstream does not know
// Request.Prefix, with which the client's paths begin, unless it reads the field X-Forwarded-Prefix.
type Links struct {
	// TLS: the upstream is reached by https.
	TLS bool
	// Names are the upstream's own, as hosts with or without a port.
	Names []string
}

// addLink adds a field of the response if it holds links that may have to be changed, and reports whether it does.
func (x *Exchange) addLink(w *wire.HeadWriter, name, value []byte) bool {
	switch {
	case equalFold(name, "Location"):
		w.AddFunc("Location", func(b []byte) []byte { return x.appendLink(b, value) })
	case equalFold(name, "Content-Location"):
		w.AddFunc("Content-Location", func(b []byte) []byte { return x.appendLink(b, value) })
	case equalFold(name, "Refresh"):
		w.AddFunc("Refresh", func(b []byte) []byte { return x.appendRefresh(b, value) })
	case equalFold(name, "Set-Cookie"):
		w.AddFunc("Set-Cookie", func(b []byte) []byte { return x.appendCookie(b, value) })
	default:
		return false
	}
	return true
}

// equalFold reports whether b is the text, in any case.
func equalFold(b []byte, text string) bool {
	return len(b) == len(text) && bytes.EqualFold(b, []byte(text))
}

// appendLink appends a URI reference (RFC 3986 section 4.1) as it has to be for the client. What does not lead to the upstream's own
// origin, and what is relative to the request's path, stays as it is.
func (x *Exchange) appendLink(b, link []byte) []byte {
	scheme, rest := splitScheme(link)
	authority, path, absolute := splitAuthority(rest)
	relative := !absolute && (scheme != "" || len(path) == 0 || path[0] != '/')
	if relative || absolute && !x.ownAuthority(scheme, authority) {
		return append(b, link...)
	}
	path, behind := splitPath(path)
	prefix, path, ok := x.place(path)
	if !ok {
		return append(b, link...)
	}
	if absolute && len(x.req.Host) > 0 {
		if scheme != "" {
			b = append(append(b, x.scheme(scheme)...), ':')
		}
		b = append(append(b, "//"...), x.req.Host...)
	}
	return append(append(append(b, prefix...), path...), behind...)
}

// splitScheme cuts "http:" or "https:" off. Other schemes are none that an upstream here is reached by.
func splitScheme(link []byte) (scheme string, rest []byte) {
	for _, scheme := range []string{"http", "https"} {
		if n := len(scheme); len(link) > n && link[n] == ':' && equalFold(link[:n], scheme) {
			return scheme, link[n+1:]
		}
	}
	return "", link
}

// splitAuthority splits what follows a scheme. Without "//" there is no authority.
func splitAuthority(rest []byte) (authority, path []byte, ok bool) {
	behind, ok := bytes.CutPrefix(rest, []byte("//"))
	if !ok {
		return nil, rest, false
	}
	if end := bytes.IndexAny(behind, `/?#\`); end >= 0 {
		return behind[:end], behind[end:], true
	}
	return behind, nil, true
}

// ownAuthority reports whether an authority is the upstream's: one of its names, or the host that it was told. nginx joins the host that
// it was told and its own port.
func (x *Exchange) ownAuthority(scheme string, authority []byte) bool {
	if scheme == "" {
		scheme = x.upstreamScheme()
	}
	host, port := splitPort(string(authority), scheme)
	toldHost := false
	for _, told := range [][]byte{x.req.Head.Host, x.req.Host} {
		itsHost, itsPort := splitPort(string(told), scheme)
		if itsHost == "" || !strings.EqualFold(host, itsHost) {
			continue
		}
		if toldHost = true; port == itsPort {
			return true
		}
	}
	return scheme == x.upstreamScheme() && slices.ContainsFunc(x.req.Links.Names, func(name string) bool {
		itsHost, itsPort := splitPort(name, scheme)
		return port == itsPort && (toldHost || strings.EqualFold(host, itsHost))
	})
}

func (x *Exchange) upstreamScheme() string {
	if x.req.Links.TLS {
		return "https"
	}
	return "http"
}

// splitPort splits an authority without user. Without a port it has that of the scheme.
func splitPort(authority, scheme string) (host, port string) {
	if i := strings.LastIndexByte(authority, ':'); i > strings.LastIndexByte(authority, ']') {
		return authority[:i], authority[i+1:]
	}
	if scheme == "https" {
		return authority, "443"
	}
	return authority, "80"
}

// scheme is the client's in place of one of the upstream's. One that is not the protocol by which the upstream is reached was chosen by
// the upstream: to send clients from http to https, for example.
func (x *Exchange) scheme(of string) string {
	if of == x.upstreamScheme() {
		return x.req.Proto
	}
	return of
}

// splitPath cuts query and fragment off. No path at all is the root's.
func splitPath(text []byte) (path, behind []byte) {
	end := bytes.IndexAny(text, "?#")
	if end < 0 {
		end = len(text)
	}
	if end == 0 {
		return []byte("/"), text
	}
	return text[:end], text[end:]
}

// place returns where the client finds a path of the upstream; ok is false for a path that it finds nowhere. A path that begins with the
// prefix comes from an upstream that knows it.
func (x *Exchange) place(path []byte) (prefix, rest []byte, ok bool) {
	path = withoutDots(path)
	base := []byte(x.req.Base)
	switch {
	case len(x.req.Prefix) > 0 && below(path, x.req.Prefix):
		return nil, path, true
	case !below(path, base):
		return nil, nil, false
	}
	if prefix, rest = x.req.Prefix, path[len(base):]; len(prefix)+len(rest) == 0 {
		rest = []byte("/")
	}
	return prefix, rest, !leadsElsewhere(path) && (len(prefix) > 0 || !leadsElsewhere(rest))
}

// leadsElsewhere reports whether a client takes what begins a path for a host. Browsers take /\ for //.
func leadsElsewhere(path []byte) bool {
	return len(path) > 1 && (path[1] == '/' || path[1] == '\\')
}

// below reports whether a path is another one, or below it.
func below(path, above []byte) bool {
	return bytes.HasPrefix(path, above) && (len(path) == len(above) || path[len(above)] == '/')
}

// withoutDots resolves dot segments, as a client would do before it asks for the path (RFC 3986 section 5.2.4): with a prefix in front
// they would lead elsewhere.
func withoutDots(path []byte) []byte {
	if !bytes.Contains(path, []byte("/.")) {
		return path
	}
	clean := make([]byte, 0, len(path))
	for len(path) > 0 {
		end := 1 + bytes.IndexByte(path[1:], '/')
		if end == 0 {
			end = len(path)
		}
		segment := path[:end]
		path = path[end:]
		switch string(segment) {
		case "/..":
			clean = clean[:max(0, bytes.LastIndexByte(clean, '/'))]
		case "/.":
		default:
			clean = append(clean, segment...)
			continue
		}
		if len(path) == 0 {
			clean = append(clean, '/')
		}
	}
	return clean
}

// appendRefresh appends the field that browsers follow like a Location: "5; url=/path".
func (x *Exchange) appendRefresh(b, value []byte) []byte {
	at := 0
	for !equalFold(value[at:min(at+len("url"), len(value))], "url") {
		if at++; at > len(value) {
			return append(b, value...)
		}
	}
	link, found := bytes.CutPrefix(bytes.TrimLeft(value[at+len("url"):], " \t"), []byte("="))
	if link = bytes.TrimLeft(link, " \t"); !found || len(link) == 0 {
		return append(b, value...)
	}
	behind := link[len(link):]
	if quote := link[0]; quote == '"' || quote == '\'' {
		link = link[1:]
		if end := bytes.IndexByte(link, quote); end >= 0 {
			link, behind = link[:end], link[end:]
		}
	}
	b = append(b, value[:len(value)-len(behind)-len(link)]...)
	return append(x.appendLink(b, link), behind...)
}
