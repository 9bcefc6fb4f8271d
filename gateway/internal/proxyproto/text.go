package proxyproto

import (
	"bytes"
	"io"
	"net/netip"
	"strconv"
	"strings"
)

const (
	// longestText is the length of the longest header of version 1.
	longestText = 107
	words       = 6 // of a header with addresses
)

// readText reads the rest of a header of version 1: one line of text.
func readText(r io.Reader, begin []byte) (netip.Addr, error) {
	if !bytes.HasPrefix(begin, []byte("PROXY ")) {
		return netip.Addr{}, ErrMalformed
	}
	memory := [longestText]byte{}
	line := memory[:copy(memory[:], begin)]
	for !bytes.HasSuffix(line, []byte("\r\n")) {
		next := len(line) + missing(line)
		if next > len(memory) || bytes.IndexByte(line, '\n') >= 0 {
			return netip.Addr{}, ErrMalformed
		}
		n, err := io.ReadFull(r, memory[len(line):next])
		if line = memory[:len(line)+n]; err != nil {
			return netip.Addr{}, broken(err)
		}
	}
	return parseText(string(line[:len(line)-2]))
}

// missing is how many bytes have to follow at least, so that as many can be read at once: a space and a byte for each word that
// has not begun, and the end of the line.
func missing(line []byte) int {
	if line[len(line)-1] == '\r' {
		return 1
	}
	spaces := bytes.Count(line, []byte(" "))
	if bytes.HasPrefix(line, []byte("PROXY UNKNOWN")) || spaces >= words-1 {
		return 1
	}
	return 2*(words-1-spaces) + 2
}

// parseText reads "PROXY TCP4 source destination sourceport destinationport". Behind UNKNOWN anything may follow.
func parseText(line string) (netip.Addr, error) {
	if line == "PROXY UNKNOWN" || strings.HasPrefix(line, "PROXY UNKNOWN ") {
		return netip.Addr{}, nil
	}
	part := strings.Split(line, " ")
	if len(part) != words || part[1] != "TCP4" && part[1] != "TCP6" {
		return netip.Addr{}, ErrMalformed
	}
	var addrs [2]netip.Addr
	for i := range addrs {
		addr, err := netip.ParseAddr(part[2+i])
		if err != nil || addr.Zone() != "" || addr.Is4() != (part[1] == "TCP4") {
			return netip.Addr{}, ErrMalformed
		}
		port := part[4+i]
		if _, err := strconv.ParseUint(port, 10, 16); err != nil || len(port) > 1 && port[0] == '0' {
			return netip.Addr{}, ErrMalformed
		}
		addrs[i] = addr.Unmap()
	}
	return addrs[0], nil
}
