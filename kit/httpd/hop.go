package httpd

import (
	"net/netip"
	"strconv"
	"strings"
)

// hopAddr reads an address as proxies write it: 192.0.2.1, 192.0.2.1:1234, 2001:db8::1, [2001:db8::1] and [2001:db8::1]:443, also with
// a zone or in quotes. A name, "unknown" or an obfuscated identifier (RFC 7239 section 6) is none.
func hopAddr(text string) (netip.Addr, bool) {
	text = unquoted(text)
	if bracketed, ok := strings.CutPrefix(text, "["); ok {
		inner, port, closed := strings.Cut(bracketed, "]")
		addr, err := netip.ParseAddr(inner)
		return plain(addr), closed && err == nil && addr.Is6() && isPort(port)
	}
	if addr, err := netip.ParseAddr(text); err == nil {
		return plain(addr), true
	}
	// Without brackets a port can only follow an IPv4 address: 2001:db8::1:443 is an address as a whole.
	colon := max(0, strings.IndexByte(text, ':'))
	addr, err := netip.ParseAddr(text[:colon])
	return addr, err == nil && isPort(text[colon:])
}

// plain is an address in the form in which it is compared.
func plain(addr netip.Addr) netip.Addr { return addr.Unmap().WithZone("") }

func unquoted(text string) string {
	if n := len(text); n >= 2 && text[0] == '"' && text[n-1] == '"' {
		return text[1 : n-1]
	}
	return text
}

// isPort reports whether text, with its colon, may stand behind an address: a port, an obfuscated one, or nothing.
func isPort(text string) bool {
	port, ok := strings.CutPrefix(text, ":")
	if !ok {
		return text == ""
	}
	if hidden, ok := strings.CutPrefix(port, "_"); ok {
		return hidden != "" && strings.Trim(hidden, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == ""
	}
	_, err := strconv.ParseUint(port, 10, 16)
	return err == nil && len(port) <= len("65535")
}
