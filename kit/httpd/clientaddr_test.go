package httpd_test

import (
	"net/netip"
	"testing"

	"tallygate/kit/httpd"
)

func TestTheClientIsTheRightmostUntrustedHop(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")}
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
		"a port is no address":                     {"127.0.0.1", []string{"198.51.100.7:80"}, "127.0.0.1"},
		"an entry after an untrusted one is inert": {"127.0.0.1", []string{"10.0.0.9, 203.0.113.5"}, "203.0.113.5"},
	} {
		if got := httpd.ClientAddr(netip.MustParseAddr(row.peer), row.field, trusted); got.String() != row.want {
			t.Errorf("%s: got %s, want %s", name, got, row.want)
		}
	}
}
