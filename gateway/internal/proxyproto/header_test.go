package proxyproto_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"net/netip"
	"strings"
	"testing"
	"testing/iotest"

	"tallygate/gateway/internal/proxyproto"
)

const signature = "\r\n\r\n\x00\r\nQUIT\n"

// block is what follows the signature of version 2.
func block(command, family byte, rest string) string {
	return signature + string([]byte{command, family}) + string(binary.BigEndian.AppendUint16(nil, uint16(len(rest)))) + rest
}

// four is source and destination of a client of IPv4.
const four = "\xc0\x00\x02\x01" + "\x7f\x00\x00\x01\x12\x34\x00\x50"

func six(source string) string {
	a, b := netip.MustParseAddr(source).As16(), netip.IPv6Loopback().As16()
	return string(a[:]) + string(b[:]) + "\x12\x34\x00\x50"
}

const malformed = "malformed"

// headers and the clients that they name; "" for none.
func headers() map[string]string {
	all := textHeaders()
	maps.Copy(all, binaryHeaders())
	return all
}

func textHeaders() map[string]string {
	return map[string]string{
		"PROXY TCP4 192.0.2.1 127.0.0.1 4711 80\r\n":                   "192.0.2.1",
		"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n":   "255.255.255.255",
		"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n":                           "1.1.1.1",
		"PROXY TCP4 1.1.1.1 2.2.2.2 0 0\r\n":                           "1.1.1.1",
		"PROXY TCP6 2001:db8::1 ::1 4711 80\r\n":                       "2001:db8::1",
		"PROXY TCP6 ::ffff:192.0.2.1 ::1 4711 80\r\n":                  "192.0.2.1",
		"PROXY TCP6 ffff:f...f:ffff ::1 1 2\r\n":                       malformed,
		"PROXY UNKNOWN\r\n":                                            "",
		"PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff x\r\n":  "",
		"PROXY UNKNOWN 192.0.2.1 127.0.0.1 4711 80\r\n":                "",
		"PROXY UNKNOWN " + strings.Repeat("x", 107-16) + "\r\n":        "",
		"PROXY UNKNOWN " + strings.Repeat("x", 107-15) + "\r\n":        malformed,
		"PROXY UNKNOWNX\r\n":                                           malformed,
		"PROXY TCP4 192.0.2.1 127.0.0.1 4711 80\n":                     malformed,
		"PROXY TCP4 192.0.2.1 127.0.0.1 4711 80\r \n":                  malformed,
		"PROXY TCP4 192.0.2.1 127.0.0.1 4711\r\n80":                    malformed,
		"PROXY TCP4 192.0.2.1 127.0.0.1 4711 80 1\r\n":                 malformed,
		"PROXY TCP4 192.0.2.1  127.0.0.1 4711 80\r\n":                  malformed,
		"PROXY TCP4 192.0.2.1 127.0.0.1 04711 80\r\n":                  malformed,
		"PROXY TCP4 192.0.2.1 127.0.0.1 65536 80\r\n":                  malformed,
		"PROXY TCP4 192.0.2.1 127.0.0.1 +1 80\r\n":                     malformed,
		"PROXY TCP4 192.0.2.1 127.0.0.1 4711 \r\n":                     malformed,
		"PROXY TCP4 192.0.2.1 localhost 4711 80\r\n":                   malformed,
		"PROXY TCP4 2001:db8::1 ::1 4711 80\r\n":                       malformed,
		"PROXY TCP6 192.0.2.1 127.0.0.1 4711 80\r\n":                   malformed,
		"PROXY TCP6 fe80::1%eth0 ::1 4711 80\r\n":                      malformed,
		"PROXY TCP5 192.0.2.1 127.0.0.1 4711 80\r\n":                   malformed,
		"PROXY UDP4 192.0.2.1 127.0.0.1 4711 80\r\n":                   malformed,
		"proxy TCP4 192.0.2.1 127.0.0.1 4711 80\r\n":                   malformed,
		"PROXY TCP4 " + strings.Repeat("1", 200) + "\r\n":              malformed,
		"PROXY TCP4 192.0.2.1 127.0.0.1":                               malformed,
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n":                            malformed,
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03abcdefghijklmnop": malformed,
		"":        "EOF",
		"PROXY":   malformed,
		signature: malformed,
	}
}

func binaryHeaders() map[string]string {
	const tlv = "\x20\x00\x05\x01\x00\x00\x00\x00" + "\x04\x00\x03pad"
	return map[string]string{
		block(0x21, 0x11, four):                                             "192.0.2.1",
		block(0x21, 0x11, four+tlv):                                         "192.0.2.1",
		block(0x21, 0x21, six("2001:db8::1")):                               "2001:db8::1",
		block(0x21, 0x21, six("::ffff:192.0.2.1")):                          "192.0.2.1",
		block(0x21, 0x21, six("2001:db8::1")+strings.Repeat("x", 65535-36)): "2001:db8::1",
		block(0x20, 0x11, four):                                             "",
		block(0x20, 0x00, ""):                                               "",
		block(0x20, 0x21, "short"):                                          "",
		block(0x21, 0x00, ""):                                               "",
		block(0x21, 0x00, tlv):                                              "",
		block(0x21, 0x12, four):                                             "",
		block(0x21, 0x31, strings.Repeat("/", 216)):                         "",
		block(0x21, 0x31, strings.Repeat("/", 215)):                         malformed,
		block(0x21, 0x11, four[:11]):                                        malformed,
		block(0x21, 0x21, six("2001:db8::1")[:35]):                          malformed,
		block(0x22, 0x11, four):                                             malformed,
		block(0x11, 0x11, four):                                             malformed,
		block(0x21, 0x13, four):                                             malformed,
		block(0x21, 0x41, four):                                             malformed,
		block(0x21, 0x11, four)[:20]:                                        malformed,
		block(0x21, 0x11, four+tlv)[:30]:                                    malformed,
		strings.Replace(block(0x21, 0x11, four), "QUIT", "QUiT", 1):         malformed,
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	for header, want := range headers() {
		for name, reader := range map[string]func(io.Reader) io.Reader{
			"in one piece": func(r io.Reader) io.Reader { return r }, "byte by byte": iotest.OneByteReader, "in halves": iotest.HalfReader,
		} {
			const request = "GET / HTTP/1.1\r\n"
			text := header
			if want != malformed && want != "EOF" {
				text += request
			}
			rest := bytes.NewReader([]byte(text))
			addr, err := proxyproto.Read(reader(rest))
			got := ""
			switch {
			case errors.Is(err, proxyproto.ErrMalformed):
				got = malformed
			case err != nil:
				got = err.Error()
			case addr.IsValid():
				got = addr.String()
			}
			if got != want {
				t.Errorf("%.60q %s: got %q, want %q", header, name, got, want)
			} else if want != malformed && err == nil && rest.Len() != len(request) {
				t.Errorf("%.60q %s: %d bytes are left, want %d", header, name, rest.Len(), len(request))
			}
		}
	}
}

func TestAnErrorOfTheConnectionIsPassedOn(t *testing.T) {
	t.Parallel()
	for header := range headers() {
		if len(header) > 40 {
			for _, n := range []int{0, 5, 15, 16, 25} {
				r := io.MultiReader(strings.NewReader(header[:n]), iotest.ErrReader(io.ErrNoProgress))
				if _, err := proxyproto.Read(r); !errors.Is(err, io.ErrNoProgress) && !errors.Is(err, proxyproto.ErrMalformed) {
					t.Errorf("%.30q after %d bytes: got %v", header, n, err)
				}
			}
		}
	}
	if _, err := proxyproto.Read(iotest.ErrReader(io.ErrNoProgress)); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("got %v", err)
	}
}

// FuzzRead: a header is read to its end and no further, whatever follows.
func FuzzRead(f *testing.F) {
	for header := range headers() {
		f.Add([]byte(header))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r := bytes.NewReader(text)
		addr, err := proxyproto.Read(r)
		if err != nil {
			if len(text) > 0 && !errors.Is(err, proxyproto.ErrMalformed) || addr.IsValid() {
				t.Errorf("%q: got %v, %v", text, addr, err)
			}
			return
		}
		used := text[:len(text)-r.Len()]
		if binaryHeader := bytes.HasPrefix(text, []byte(signature)); !binaryHeader && bytes.IndexByte(used, '\n') != len(used)-1 {
			t.Errorf("%q: read on after the line", text)
		}
		again, err := proxyproto.Read(iotest.OneByteReader(bytes.NewReader(used)))
		if err != nil || again != addr {
			t.Errorf("%q: got %v and %v, %v", text, addr, again, err)
		}
		if addr != addr.Unmap() || addr.Zone() != "" {
			t.Errorf("%q: got %v", text, addr)
		}
	})
}
