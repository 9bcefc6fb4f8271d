package wire

import (
	"bytes"
	"slices"
)

// hostField is what stands before a request's host: StartRequest makes it the first field.
const hostField = "\r\nHost: "

func appendBase(b []byte, base string) []byte {
	from := len(b)
	if b = append(b, base...); b[from] != '/' || span(b, from, isPath) != len(b) {
		panic("wire: no base path: " + base)
	}
	return b
}

func appendHost(b []byte, host string) []byte {
	from := len(b)
	if b = append(b, host...); !ValidHost(b[from:]) {
		panic("wire: no valid host: " + host)
	}
	return b
}

// Readdress puts another host into a request that StartRequest has begun.
func Readdress(request []byte, host string) []byte {
	from := bytes.Index(request, []byte(hostField)) + len(hostField)
	length := bytes.IndexByte(request[from:], '\r')
	if string(request[from:from+length]) == host {
		return request
	}
	if !ValidHost([]byte(host)) {
		panic("wire: no valid host: " + host)
	}
	return slices.Replace(request, from, from+length, []byte(host)...)
}
