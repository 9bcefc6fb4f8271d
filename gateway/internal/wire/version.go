package wire

// http11 is the version of everything that is written here, and the longest of what is read.
const http11 = "HTTP/1.1"

// parseVersion takes HTTP/1.0 and HTTP/1.1, and for HTTP/1.1 every later HTTP/1: such a message is to be read as one of the version
// that is known (RFC 9110 section 2.5). Other versions of the same form are not supported.
func parseVersion(b []byte) (minor int, err error) {
	switch string(b) {
	case http11:
		return 1, nil
	case "HTTP/1.0":
		return 0, nil
	}
	switch {
	case string(b[:5]) != "HTTP/" || class[b[5]]&isDigit == 0 || b[6] != '.' || class[b[7]]&isDigit == 0:
		return 0, ErrStartLine
	case b[5] == '1':
		return 1, nil
	}
	return 0, ErrVersion
}

// couldBeVersion reports whether the bytes may become a version and a line end.
func couldBeVersion(b []byte) bool {
	const form = "HTTP/d.d\r\n"
	for i, c := range b[:min(len(b), len(form))] {
		if form[i] == 'd' && class[c]&isDigit == 0 || form[i] != 'd' && c != form[i] {
			return false
		}
	}
	return true
}
