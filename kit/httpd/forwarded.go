package httpd

import "strings"

// forwardedElement is what one proxy says in the field Forwarded.
type forwardedElement struct{ node, proto, host string }

// maxElements is how many elements of one value are looked at: the last ones. No request passes so many proxies.
const maxElements = 64

// parseForwarded reads one field's value (RFC 7239 section 4). Values without quotes may have colons and brackets, as many
// proxies write them. It reports false for a value that could be read in two ways: then nothing of it can be believed, because a
// quote that a client has opened may reach into what a proxy has added.
func parseForwarded(value string) (elements []forwardedElement, ok bool) {
	rest := value
	for {
		var e forwardedElement
		if rest, ok = e.read(rest); !ok {
			return nil, false
		}
		if elements = append(elements, e); len(elements) > maxElements {
			elements = elements[1:]
		}
		if rest == "" {
			return elements, true
		}
		rest = rest[1:] // a comma
	}
}

// read takes an element from text, and returns what is left: nothing, or text from a comma on.
func (e *forwardedElement) read(text string) (rest string, ok bool) {
	var node, proto, host bool
	for {
		text = strings.TrimLeft(text, " \t")
		if text == "" || text[0] == ',' {
			return text, true
		}
		if text[0] == ';' { // a pair may be empty
			text = text[1:]
			continue
		}
		name, after, found := strings.Cut(text, "=")
		if !found || name == "" || strings.ContainsAny(name, " \t\",;") {
			return "", false
		}
		value, after, ok := forwardedValue(after)
		twice := false
		switch {
		case strings.EqualFold(name, "for"):
			twice, node, e.node = node, true, value
		case strings.EqualFold(name, "proto"):
			twice, proto, e.proto = proto, true, value
		case strings.EqualFold(name, "host"):
			twice, host, e.host = host, true, value
		}
		if !ok || twice {
			return "", false
		}
		if text = strings.TrimLeft(after, " \t"); text != "" && text[0] != ';' && text[0] != ',' {
			return "", false
		}
	}
}

// forwardedValue takes a value, with or without quotes, from text.
func forwardedValue(text string) (value, rest string, ok bool) {
	quoted, ok := strings.CutPrefix(text, `"`)
	if !ok {
		end := strings.IndexAny(text, " \t\",;=")
		if end < 0 {
			end = len(text)
		}
		return text[:end], text[end:], end > 0
	}
	var b strings.Builder
	for i := 0; i < len(quoted); i++ {
		switch c := quoted[i]; {
		case c == '"':
			return b.String(), quoted[i+1:], true
		case c == '\\' && i+1 < len(quoted):
			i++
			b.WriteByte(quoted[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false
}
