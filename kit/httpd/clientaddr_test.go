package httpd_test

import (
	"net/http/httptest"
	"net/netip"
	"testing"

	"tallygate/kit/httpd"
)

func proxies() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:f::/48")}
}

func TestTheClientIsTheRightmostUntrustedHop(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		peer  string
		field []string
		want  string
	}{
		"the peer is not trusted":                  {"192.0.2.1", []string{"198.51.100.7"}, "192.0.2.1"},
		"the peer is trusted and says nothing":     {"127.0.0.1", nil, "127.0.0.1"},
		"one hop":                                  {"127.0.0.1", []string{"198.51.100.7"}, "198.51.100.7"},
		"what the client made up is left of it":    {"127.0.0.1", []string{"1.2.3.4, 198.51.100.7"}, "198.51.100.7"},
		"two trusted hops":                         {"127.0.0.1", []string{"1.2.3.4, 198.51.100.7, 10.1.1.1"}, "198.51.100.7"},
		"the same over two fields":                 {"127.0.0.1", []string{"1.2.3.4, 198.51.100.7", "10.1.1.1"}, "198.51.100.7"},
		"an entry that is no address":              {"127.0.0.1", []string{"198.51.100.7, unknown"}, "127.0.0.1"},
		"an empty entry":                           {"127.0.0.1", []string{"198.51.100.7,"}, "127.0.0.1"},
		"all are trusted: the left-most":           {"127.0.0.1", []string{"10.0.0.2, 10.0.0.1"}, "10.0.0.2"},
		"an IPv4 address inside an IPv6 one":       {"::ffff:127.0.0.1", []string{"2001:db8::1"}, "2001:db8::1"},
		"an entry after an untrusted one is inert": {"127.0.0.1", []string{"10.0.0.9, 203.0.113.5"}, "203.0.113.5"},
		"ports at each hop":                        {"127.0.0.1", []string{"1.2.3.4:5, 198.51.100.7:4711,10.1.1.1:80"}, "198.51.100.7"},
		"an address in brackets, a trusted one":    {"127.0.0.1", []string{"198.51.100.7", "[2001:db8:f::1]:443"}, "198.51.100.7"},
		"what cannot be read ends the walk there":  {"127.0.0.1", []string{"198.51.100.7, _hidden, 10.1.1.1:80"}, "10.1.1.1"},
	} {
		got := httpd.ProxyFields{For: row.field}.Reached(netip.MustParseAddr(row.peer), proxies()).Client
		if got.String() != row.want {
			t.Errorf("%s: got %s, want %s", name, got, row.want)
		}
	}
}

// TestAddressesAsProxiesWriteThem: "" stands for what is no address.
func TestAddressesAsProxiesWriteThem(t *testing.T) {
	t.Parallel()
	for entry, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", " 192.0.2.1\t": "192.0.2.1", "192.0.2.1:1234": "192.0.2.1", `"192.0.2.1:1234"`: "192.0.2.1",
		"192.0.2.1:0": "192.0.2.1", "192.0.2.1:65535": "192.0.2.1", "192.0.2.1:_port": "192.0.2.1",
		"2001:db8::1": "2001:db8::1", "2001:DB8:0::1": "2001:db8::1", "[2001:db8::1]": "2001:db8::1", "[2001:db8::1]:443": "2001:db8::1",
		`"[2001:db8::1]:443"`: "2001:db8::1", `"2001:db8::1"`: "2001:db8::1", "2001:db8::1:443": "2001:db8::1:443",
		"fe80::1%eth0": "fe80::1", "[fe80::1%25eth0]:80": "fe80::1", "::ffff:192.0.2.1": "192.0.2.1", "[::ffff:192.0.2.1]:80": "192.0.2.1",
		"::1": "::1",
		"":    "", "unknown": "", `"unknown"`: "", "_x": "", "_gazonk:80": "", "proxy.example": "", "localhost": "", "-": "",
		"192.0.2.1:": "", "192.0.2.1:65536": "", "192.0.2.1:x": "", "192.0.2.1:80:80": "", "192.0.2.1:_": "", "192.0.2.1:_a b": "",
		"192.0.2.1:000080": "", "192.0.2.1:+80": "", "192.0.2": "", "192.0.2.256": "", "192.0.02.1": "", "1": "", "0x7f000001": "", "192.0.2.1/32": "",
		"[192.0.2.1]": "", "[192.0.2.1]:80": "", "[2001:db8::1": "", "2001:db8::1]": "", "[2001:db8::1]443": "", "[2001:db8::1]:": "",
		"[[2001:db8::1]]": "", "[]": "", "[]:80": "", ":80": "", `"192.0.2.1`: "", `192.0.2.1"`: "", `""192.0.2.1""`: "", "192.0.2.1 192.0.2.2": "",
		"for=192.0.2.1": "", "2001:db8::1::2": "", "fe80::1%": "",
	} {
		const peer = "127.0.0.1"
		if want == "" {
			want = peer
		}
		got := httpd.ProxyFields{For: []string{"203.0.113.66, " + entry}}.Reached(netip.MustParseAddr(peer), proxies()).Client
		if entry == "::1" { // it is not in the list of proxies
			want = "::1"
		}
		if got.String() != want {
			t.Errorf("%q: got %s, want %s", entry, got, want)
		}
	}
}

func TestTheClientOfARequest(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("GET", "/", nil)
	for peer, want := range map[string]string{"127.0.0.1:5": "198.51.100.7", "192.0.2.9:5": "192.0.2.9", "pipe": "invalid IP"} {
		r.RemoteAddr = peer
		for name, value := range map[string]string{"X-Forwarded-For": "198.51.100.7:80", "Forwarded": `for="198.51.100.7:80"`} {
			r.Header = map[string][]string{name: {value}}
			if got := httpd.ClientOf(r, proxies()); got.String() != want {
				t.Errorf("%s by %s: got %s, want %s", name, peer, got, want)
			}
		}
	}
	r.RemoteAddr = "127.0.0.1:5"
	r.Header = map[string][]string{"X-Forwarded-Proto": {"https"}, "Forwarded": {"for=198.51.100.7"}}
	if got := httpd.ClientOf(r, proxies()); got.String() != "127.0.0.1" {
		t.Errorf("Forwarded beside X-Forwarded-Proto: got %s", got)
	}
}
