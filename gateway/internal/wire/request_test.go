package wire_test

import (
	"bufio"
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"

	"tallygate/gateway/internal/wire"
)

// parse reads a head that comes in one piece.
func parse(text string) (*wire.Request, int, error) {
	r := new(wire.Request)
	r.Reset()
	n, err := r.Parse([]byte(text))
	return r, n, err
}

// head is a good request with these lines added.
func head(lines string) string { return "GET /root HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n" }

// ambiguousHeads are read differently by some servers, or by nobody.
var ambiguousHeads = map[string]struct {
	text   string
	status int
}{
	"content length and chunked":              {head("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), 400},
	"chunked and content length":              {head("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n"), 400},
	"two content lengths":                     {head("Content-Length: 1\r\nContent-Length: 2\r\n"), 400},
	"two equal content lengths":               {head("Content-Length: 1\r\nContent-Length: 1\r\n"), 400},
	"list of content lengths":                 {head("Content-Length: 1, 1\r\n"), 400},
	"signed content length":                   {head("Content-Length: +1\r\n"), 400},
	"negative content length":                 {head("Content-Length: -1\r\n"), 400},
	"hexadecimal content length":              {head("Content-Length: 0x1\r\n"), 400},
	"content length with a space inside":      {head("Content-Length: 1 0\r\n"), 400},
	"empty content length":                    {head("Content-Length:\r\n"), 400},
	"content length that overflows":           {head("Content-Length: 99999999999999999999\r\n"), 400},
	"content length with a fraction":          {head("Content-Length: 1.0\r\n"), 400},
	"another coding":                          {head("Transfer-Encoding: gzip\r\n"), 400},
	"another coding before chunked":           {head("Transfer-Encoding: gzip, chunked\r\n"), 501},
	"another coding, in capitals":             {head("Transfer-Encoding: GZIP ,\tChunked\r\n"), 501},
	"two codings before chunked":              {head("Transfer-Encoding: deflate,br,chunked\r\n"), 501},
	"another coding and a length":             {head("Transfer-Encoding: gzip, chunked\r\nContent-Length: 1\r\n"), 400},
	"another coding in HTTP/1.0":              {"GET / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 400},
	"another coding in a field of its own":    {head("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"), 400},
	"chunked after a known list":              {head("Transfer-Encoding: gzip, chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
	"another coding after chunked":            {head("Transfer-Encoding: chunked, gzip\r\n"), 400},
	"chunked around another coding":           {head("Transfer-Encoding: chunked, gzip, chunked\r\n"), 400},
	"a list with a gap":                       {head("Transfer-Encoding: gzip,, chunked\r\n"), 400},
	"a list that begins with a gap":           {head("Transfer-Encoding: , chunked\r\n"), 400},
	"identity before chunked":                 {head("Transfer-Encoding: identity, chunked\r\n"), 400},
	"two words before chunked":                {head("Transfer-Encoding: a b, chunked\r\n"), 400},
	"chunked twice":                           {head("Transfer-Encoding: chunked, chunked\r\n"), 400},
	"chunked in two fields":                   {head("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
	"identity":                                {head("Transfer-Encoding: identity\r\n"), 400},
	"chunked in quotes":                       {head("Transfer-Encoding: \"chunked\"\r\n"), 400},
	"chunked with a parameter":                {head("Transfer-Encoding: chunked;q=1\r\n"), 400},
	"chunked after a vertical tab":            {head("Transfer-Encoding: \vchunked\r\n"), 400},
	"chunked in HTTP/1.0":                     {"GET / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
	"space before the colon":                  {head("Content-Length : 1\r\n"), 400},
	"tab before the colon":                    {head("Content-Length\t: 1\r\n"), 400},
	"folded field":                            {head("A: b\r\n c\r\n"), 400},
	"folded by a tab":                         {head("A: b\r\n\tc\r\n"), 400},
	"space before the first field":            {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
	"line feed alone in a field":              {head("A: b\nTransfer-Encoding: chunked\r\n"), 400},
	"line feed alone after the request line":  {"GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
	"line feed alone at the end":              {"GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
	"carriage return alone in a field":        {head("A: b\rc\r\n"), 400},
	"carriage return alone before the fields": {"GET / HTTP/1.1\r\rHost: a\r\n\r\n", 400},
	"NUL in a value":                          {head("A: b\x00c\r\n"), 400},
	"NUL in a name":                           {head("A\x00: b\r\n"), 400},
	"DEL in a value":                          {head("A: \x7f\r\n"), 400},
	"no colon":                                {head("Abc\r\n"), 400},
	"empty name":                              {head(": b\r\n"), 400},
	"name in brackets":                        {head("(a): b\r\n"), 400},
	"name that is not ASCII":                  {head("\xc3\xa4: b\r\n"), 400},
	"no host":                                 {"GET / HTTP/1.1\r\n\r\n", 400},
	"two hosts":                               {head("Host: b\r\n"), 400},
	"two equal hosts":                         {head("Host: a\r\n"), 400},
	"empty host":                              {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
	"host with a path":                        {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
	"host with a user":                        {"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
	"host with a space":                       {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
	"host with a port that is none":           {"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", 400},
	"hosts in a list":                         {"GET / HTTP/1.1\r\nHost: a,b:1:2\r\n\r\n", 400},
	"absolute form with another host":         {"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	"absolute form with a user":               {"GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	"absolute form of another scheme":         {"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	"authority form":                          {"GET a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 400},
	"a tunnel":                                {"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 501},
	"a tunnel to a path":                      {"CONNECT /x HTTP/1.1\r\nHost: a\r\n\r\n", 501},
	"asterisk with GET":                       {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	"target without a slash":                  {"GET root HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	"no target":                               {"GET  HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	"two spaces":                              {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	"two spaces before the version":           {"GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	"tab for a space":                         {"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	"space at the end of the line":            {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
	"space at the beginning of the line":      {" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	"two empty lines first":                   {"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	"empty line of a line feed":               {"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	"HTTP/0.9":                                {"GET /\r\n\r\n", 400},
	"version in small letters":                {"GET / http/1.1\r\nHost: a\r\n\r\n", 400},
	"version with a zero":                     {"GET / HTTP/01.1\r\nHost: a\r\n\r\n", 400},
	"HTTP/0.1":                                {"GET / HTTP/0.1\r\nHost: a\r\n\r\n", 505},
	"HTTP/1.10":                               {"GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400},
	"HTTP/1.2 without a host":                 {"GET / HTTP/1.2\r\n\r\n", 400},
	"HTTP/2.0":                                {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
	"method in brackets":                      {"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	"method that never ends":                  {strings.Repeat("A", 100) + " / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	"NUL in the target":                       {"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	"not UTF-8 in the target":                 {"GET /\xe4 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	"fragment":                                {"GET /#a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	"carriage return in the target":           {"GET /\r HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	"another expectation":                     {head("Expect: 200-ok\r\nContent-Length: 1\r\n"), 417},
	"connection option that is no token":      {head("Connection: a b\r\n"), 400},
	"too many fields":                         {head(strings.Repeat("A: b\r\n", wire.MaxFields)), 431},
	"fields too large":                        {head("A: " + strings.Repeat("b", wire.MaxHeadBytes) + "\r\n"), 431},
}

func TestAmbiguousHeadsAreRefused(t *testing.T) {
	t.Parallel()
	for name, row := range ambiguousHeads {
		_, n, err := parse(row.text)
		fault, ok := errors.AsType[*wire.MessageError](err)
		if !ok {
			t.Errorf("%s: got %d, %v, want a fault", name, n, err)
		} else if fault.Status != row.status {
			t.Errorf("%s: got %d (%v), want %d", name, fault.Status, fault, row.status)
		}
	}
}

func TestGoodHeadsAreRead(t *testing.T) {
	t.Parallel()
	type want struct {
		path, query, host string
		length            int64
		keep, ws, expect  bool
	}
	for name, row := range map[string]struct {
		text string
		want want
	}{
		"plain":                      {head(""), want{"/root", "", "a", 0, true, false, false}},
		"with a query":               {"GET /a?b=%zz|{} HTTP/1.1\r\nHost: a:80\r\n\r\n", want{"/a", "?b=%zz%7C%7B%7D", "a:80", 0, true, false, false}},
		"with text in UTF-8":         {"GET /ä[1]?ö HTTP/1.1\r\nHost: a\r\n\r\n", want{"/%C3%A4%5B1%5D", "?%C3%B6", "a", 0, true, false, false}},
		"Latin-1 in the query":       {"GET /?\xe4 HTTP/1.1\r\nHost: a\r\n\r\n", want{"/", "?%E4", "a", 0, true, false, false}},
		"IPv6 host":                  {"GET / HTTP/1.1\r\nHost: [::1]:8000\r\n\r\n", want{"/", "", "[::1]:8000", 0, true, false, false}},
		"after an empty line":        {"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", want{"/", "", "a", 0, true, false, false}},
		"absolute form":              {"GET http://A/x?y HTTP/1.1\r\nHost: a\r\n\r\n", want{"/x", "?y", "a", 0, true, false, false}},
		"absolute form, no path":     {"GET http://a HTTP/1.1\r\nHost: a\r\n\r\n", want{"/", "", "a", 0, true, false, false}},
		"absolute form, query only":  {"GET http://a?b HTTP/1.1\r\nHost: a\r\n\r\n", want{"/", "?b", "a", 0, true, false, false}},
		"options of the server":      {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", want{"*", "", "a", 0, true, false, false}},
		"with a length":              {head("Content-Length: 12\r\n"), want{"/root", "", "a", 12, true, false, false}},
		"chunked":                    {head("Transfer-Encoding: chunked\r\n"), want{"/root", "", "a", -1, true, false, false}},
		"chunked in capitals":        {head("Transfer-Encoding: CHUNKED\r\n"), want{"/root", "", "a", -1, true, false, false}},
		"chunked in mixed case":      {head("Transfer-Encoding: Chunked\r\n"), want{"/root", "", "a", -1, true, false, false}},
		"HTTP/1.2":                   {"GET /root HTTP/1.2\r\nHost: a\r\n\r\n", want{"/root", "", "a", 0, true, false, false}},
		"HTTP/1.9 and chunked":       {"POST /root HTTP/1.9\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", want{"/root", "", "a", -1, true, false, false}},
		"close":                      {head("Connection: Close\r\n"), want{"/root", "", "a", 0, false, false, false}},
		"HTTP/1.0 without a host":    {"GET / HTTP/1.0\r\n\r\n", want{"/", "", "", 0, false, false, false}},
		"HTTP/1.0 kept alive":        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", want{"/", "", "", 0, true, false, false}},
		"expects a 100":              {head("Content-Length: 1\r\nExpect: 100-Continue\r\n"), want{"/root", "", "a", 1, true, false, true}},
		"expects, but has no body":   {head("Expect: 100-continue\r\n"), want{"/root", "", "a", 0, true, false, false}},
		"WebSocket":                  {head("Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"), want{"/root", "", "a", 0, true, true, false}},
		"upgrade to h2c":             {head("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"), want{"/root", "", "a", 0, true, false, false}},
		"WebSocket not in the list":  {head("Upgrade: websocket\r\n"), want{"/root", "", "a", 0, true, false, false}},
		"tabs and spaces at a value": {head("Content-Length: \t 3 \t\r\n"), want{"/root", "", "a", 3, true, false, false}},
		"alias of a length":          {head("Content_Length: 5\r\nTransfer~Encoding: chunked\r\n"), want{"/root", "", "a", 0, true, false, false}},
	} {
		r, n, err := parse(row.text)
		if err != nil || n != len(row.text) {
			t.Errorf("%s: got %d, %v", name, n, err)
			continue
		}
		got := want{string(r.Path), string(r.Query), string(r.Host), r.ContentLength, r.KeepAlive, r.WebSocket, r.ExpectContinue}
		if got != row.want {
			t.Errorf("%s: got %+v, want %+v", name, got, row.want)
		}
	}
}

func TestAHeadMayComeByteByByte(t *testing.T) {
	t.Parallel()
	text := "\r\nPOST /a%7Eb?c HTTP/1.1\r\nHost: a\r\nX-Long: " + strings.Repeat("v", 50) + "\r\nContent-Length: 3\r\n\r\nabc"
	r := new(wire.Request)
	r.Reset()
	var buf []byte
	for i := range len(text) {
		buf = append(buf, text[i])
		n, err := r.Parse(buf)
		if err != nil {
			t.Fatalf("after %d bytes: %v", i+1, err)
		}
		if n == 0 {
			continue
		}
		if want := len(text) - 3; n != want || string(r.Path) != "/a~b" || r.ContentLength != 3 {
			t.Errorf("got %d bytes, path %s, length %d, want %d, /a~b, 3", n, r.Path, r.ContentLength, want)
		}
		return
	}
	t.Error("never complete")
}

func TestTheKindsOfFieldsAreFoundInAnySpelling(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		kind  wire.Kind
		alias bool
	}{
		"X-User-Id": {wire.Identity, false}, "x-user-ID": {wire.Identity, false}, "X_User_Id": {wire.Identity, true},
		"X.User-Id": {wire.Identity, true}, "X-User-Idx": {wire.Other, false}, "Transfer_Encoding": {wire.TransferEncoding, true},
		"X-Forwarded_For": {wire.ForwardedFor, true}, "TE": {wire.Hop, false}, "Keep-Alive": {wire.Hop, false},
		"X-Original-URL": {wire.Override, false}, "Accept": {wire.Other, false}, "X_Custom": {wire.Other, false},
		"X!User!Id": {wire.Identity, true}, "X-User~Id": {wire.Identity, true}, "Content|Length": {wire.ContentLength, true},
		"X.Custom": {wire.Odd, false}, "X!User!Idx": {wire.Odd, false},
	} {
		r, _, err := parse(head(name + ": v\r\n"))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if f := r.Field(1); f.Kind != want.kind || f.Alias != want.alias {
			t.Errorf("%s: got kind %d, alias %v, want %d, %v", name, f.Kind, f.Alias, want.kind, want.alias)
		}
	}
}

// What is accepted here, net/http reads in the same way: the strict parser is a subset of a common one.
func FuzzRequest(f *testing.F) {
	f.Add([]byte(head("Content-Length: 5\r\n") + "hello"))
	f.Add([]byte(head("Transfer-Encoding: chunked\r\n") + "0\r\n\r\n"))
	f.Add([]byte("GET http://a/b?c HTTP/1.1\r\nHost: a\r\nConnection: close, x\r\n\r\n"))
	f.Add([]byte("\r\nGET /%7e/x HTTP/1.0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		original := string(text)
		r, n, err := parse(original)
		if err != nil || n == 0 {
			return
		}
		// Read in pieces it is the same.
		again := new(wire.Request)
		again.Reset()
		var pieces []byte
		m := 0
		for i := 0; i < n && err == nil && m == 0; i++ {
			pieces = append(pieces, original[i])
			m, err = again.Parse(pieces)
		}
		if err != nil || m != n || !bytes.Equal(again.Path, r.Path) || again.ContentLength != r.ContentLength {
			t.Fatalf("in pieces: %d, %v, path %q, want %d, path %q", m, err, again.Path, n, r.Path)
		}
		std, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.TrimPrefix(original, "\r\n"))))
		if err != nil {
			if string(r.Path) == "*" || bytes.ContainsAny(r.Query, "%") || bytes.ContainsAny(r.Host, "%[]") {
				return // net/http is stricter about these, and about nothing else
			}
			t.Fatalf("net/http refuses %q: %v", original, err)
		}
		if std.Method != string(r.Method) || std.Host != string(r.Host) && !strings.EqualFold(std.Host, string(r.Host)) {
			t.Errorf("method %q, host %q, net/http has %q, %q", r.Method, r.Host, std.Method, std.Host)
		}
		if std.ContentLength != r.ContentLength {
			t.Errorf("length %d, net/http has %d", r.ContentLength, std.ContentLength)
		}
		if query, err := wire.CleanQuery([]byte(std.URL.RawQuery)); string(r.Path) != "*" && std.URL.Path != "" && (err != nil || string(query) != strings.TrimPrefix(string(r.Query), "?")) {
			t.Errorf("query %q, net/http has %q, %v", r.Query, std.URL.RawQuery, err)
		}
	})
}
