package httpd_test

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"tallygate/kit/httpd"
)

// lists are fields, each as the values of its lines.
type lists = httpd.ProxyFields

func TestWhatTrustedProxiesSay(t *testing.T) {
	t.Parallel()
	one := []string{"203.0.113.5"}           // one trusted proxy: the peer
	two := []string{"203.0.113.5, 10.0.0.2"} // two
	for name, row := range map[string]struct {
		fields lists
		want   string // client proto host prefixes
	}{
		"nothing":                                      {lists{}, "127.0.0.1"},
		"the protocol of a WebSocket":                  {lists{For: one, Proto: []string{"wss"}}, "203.0.113.5 https"},
		"that of a plain one":                          {lists{For: one, Proto: []string{"ws"}}, "203.0.113.5 http"},
		"in capital letters":                           {lists{For: one, Proto: []string{"HTTPS"}}, "203.0.113.5 https"},
		"in quotes":                                    {lists{For: one, Proto: []string{`"https"`}}, "203.0.113.5 https"},
		"one that is not known":                        {lists{For: one, Proto: []string{"gopher"}}, "203.0.113.5"},
		"an empty one":                                 {lists{For: one, Proto: []string{""}}, "203.0.113.5"},
		"each proxy adds to the lists":                 {lists{For: two, Proto: []string{"https,http"}, Host: []string{"a.example, inner"}}, "203.0.113.5 https a.example"},
		"the same in fields of their own":              {lists{For: two, Proto: []string{"https", "http"}, Host: []string{"a.example", "inner"}}, "203.0.113.5 https a.example"},
		"only the first proxy sets it":                 {lists{For: two, Proto: []string{"https"}, Host: []string{"a.example"}}, "203.0.113.5 https a.example"},
		"the client makes up an entry on the left":     {lists{For: one, Proto: []string{"https, http"}, Host: []string{"evil.example,a.example"}}, "203.0.113.5 http a.example"},
		"the client makes up a field":                  {lists{For: one, Proto: []string{"https", "http"}}, "203.0.113.5 http"},
		"two proxies and what the client makes up":     {lists{For: two, Proto: []string{"http, https, http"}}, "203.0.113.5 https"},
		"no address: the client is a trusted one":      {lists{Proto: []string{"https,http"}, Host: []string{"a.example, b.example"}}, "127.0.0.1 https a.example"},
		"all addresses are trusted":                    {lists{For: []string{"10.0.0.1"}, Proto: []string{"https,http,http"}}, "10.0.0.1 https"},
		"the address is hidden":                        {lists{For: []string{"203.0.113.5, unknown"}, Proto: []string{"http,https"}}, "127.0.0.1 https"},
		"the entry that counts is not known":           {lists{For: one, Proto: []string{"https,"}}, "203.0.113.5"},
		"a prefix":                                     {lists{For: one, Prefix: []string{"/a"}}, "203.0.113.5 /a"},
		"two proxies have removed one each":            {lists{For: two, Prefix: []string{"/a, /b"}}, "203.0.113.5 /a /b"},
		"one has, and one is made up":                  {lists{For: one, Prefix: []string{"/evil, /a"}}, "203.0.113.5 /a"},
		"Forwarded":                                    {lists{Forwarded: []string{`for=203.0.113.5;proto=https;host=a.example`}}, "203.0.113.5 https a.example"},
		"Forwarded with a port, in quotes":             {lists{Forwarded: []string{`For="[2001:db8::5]:4711" ; PROTO=WSS;by=_x; host="a.example:8443"`}}, "2001:db8::5 https a.example:8443"},
		"Forwarded with a port and no quotes":          {lists{Forwarded: []string{`for=203.0.113.5:80`}}, "203.0.113.5"},
		"Forwarded by two proxies":                     {lists{Forwarded: []string{`for=1.2.3.4;proto=http, for=203.0.113.5;proto=https;host=a.example,for=10.0.0.2;proto=http;host=inner`}}, "203.0.113.5 https a.example"},
		"the same elements in fields of their own":     {lists{Forwarded: []string{`for=203.0.113.5;proto=https`, `for=10.0.0.2;proto=http;host=inner`}}, "203.0.113.5 https inner"},
		"Forwarded with a hidden node":                 {lists{Forwarded: []string{`for=1.2.3.4;host=evil.example, for=_hidden;proto=https`}}, "127.0.0.1 https"},
		"Forwarded without a node":                     {lists{Forwarded: []string{`for=1.2.3.4, proto=https`}}, "127.0.0.1 https"},
		"Forwarded that ends with a comma":             {lists{Forwarded: []string{`for=1.2.3.4,`}}, "127.0.0.1"},
		"a quote that the client has opened":           {lists{Forwarded: []string{`for=1.2.3.4;x=", for="203.0.113.5"`}}, "127.0.0.1"},
		"a quote that is not closed":                   {lists{Forwarded: []string{`for=1.2.3.4, for="203.0.113.5`}}, "127.0.0.1"},
		"a backslash at the end":                       {lists{Forwarded: []string{`for="203.0.113.5\`}}, "127.0.0.1"},
		"a malformed field of the client":              {lists{Forwarded: []string{`for="`, `for=203.0.113.5`}}, "203.0.113.5"},
		"a malformed field of the client, two proxies": {lists{Forwarded: []string{`for="`, `for=10.0.0.2`}}, "10.0.0.2"},
		"two nodes in one element":                     {lists{Forwarded: []string{`for=1.2.3.4;for=203.0.113.5`}}, "127.0.0.1"},
		"two protocols in one element":                 {lists{Forwarded: []string{`for=203.0.113.5;proto=http;Proto=https`}}, "127.0.0.1"},
		"more elements than proxies":                   {lists{Forwarded: []string{strings.Repeat("for=1.2.3.4,", 2000) + `for=203.0.113.5`}}, "203.0.113.5"},
		"no name":                                      {lists{Forwarded: []string{`=203.0.113.5`}}, "127.0.0.1"},
		"no value":                                     {lists{Forwarded: []string{`for=`}}, "127.0.0.1"},
		"no equals sign":                               {lists{Forwarded: []string{`203.0.113.5`}}, "127.0.0.1"},
		"a space around the equals sign":               {lists{Forwarded: []string{`for =203.0.113.5`}}, "127.0.0.1"},
		"empty pairs":                                  {lists{Forwarded: []string{`;;for=203.0.113.5;;`}}, "203.0.113.5"},
		"an escaped character":                         {lists{Forwarded: []string{`for="203\.0.113.5";ext="a,b;c=\"d"`}}, "203.0.113.5"},
		"Forwarded and a prefix":                       {lists{Forwarded: []string{`for=203.0.113.5`}, Prefix: []string{"/evil", "/a"}}, "203.0.113.5 /a"},
		"Forwarded beside X-Forwarded-For":             {lists{For: one, Forwarded: []string{`for=1.2.3.4;proto=https;host=evil.example`}}, "203.0.113.5"},
		"Forwarded beside X-Forwarded-Host":            {lists{Host: []string{"a.example"}, Forwarded: []string{`for=1.2.3.4`}}, "127.0.0.1 a.example"},
	} {
		r := row.fields.Reached(netip.MustParseAddr("127.0.0.1"), proxies())
		got := strings.Join(strings.Fields(r.Client.String()+" "+r.Proto+" "+r.Host+" "+strings.Join(r.Prefixes, " ")), " ")
		if got != row.want {
			t.Errorf("%s: got %q, want %q", name, got, row.want)
		}
		if r := row.fields.Reached(netip.MustParseAddr("192.0.2.1"), proxies()); !reflect.DeepEqual(r, httpd.Reached{Client: netip.MustParseAddr("192.0.2.1")}) {
			t.Errorf("%s, by one who is not trusted: got %+v", name, r)
		}
	}
}

// FuzzProxyFields: whatever a client puts before what proxies write, the proxies are believed.
func FuzzProxyFields(f *testing.F) {
	for _, seed := range []string{"", "1.2.3.4", "unknown", `for="`, `for=1.2.3.4;x="`, "https", "/a", "[::1]:80", `"`, `\`, "10.0.0.1, 10.0.0.2"} {
		f.Add(seed, seed)
	}
	peer := netip.MustParseAddr("127.0.0.1")
	f.Fuzz(func(t *testing.T, made, other string) {
		want := httpd.Reached{Client: netip.MustParseAddr("203.0.113.5"), Proto: "https", Host: "a.example", Prefixes: []string{"/p"}}
		for _, fields := range []lists{
			{
				For: []string{other, made + ",203.0.113.5:80"}, Proto: []string{other, made + ", https"}, Host: []string{other, made + ",a.example"},
				Prefix: []string{other, made + ", /p"}, Forwarded: []string{made, other},
			},
			{Forwarded: []string{made, other, `for=203.0.113.5;proto=https;host=a.example`}, Prefix: []string{made, "/p"}},
		} {
			if got := fields.Reached(peer, proxies()); !reflect.DeepEqual(got, want) {
				t.Errorf("%q: got %+v", fields, got)
			}
		}
		joined := lists{Forwarded: []string{made + `, for="203.0.113.5";proto=https`}}
		if got := joined.Reached(peer, proxies()).Client; got != want.Client && got != peer {
			t.Errorf("%q: got %s", made, got)
		}
	})
}
