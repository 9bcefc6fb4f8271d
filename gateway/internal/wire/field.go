package wire

// Kind is the meaning of a field, as far as a proxy has to know it.
type Kind uint8

// The kinds of fields.
const (
	Other            Kind = iota
	Host                  // exactly one
	ContentLength         // framing: written by End
	TransferEncoding      // framing
	Connection            // hop-by-hop
	Hop                   // Keep-Alive, Proxy-*, TE, Trailer, HTTP2-Settings: dropped
	Upgrade               // hop-by-hop, but taken over for WebSockets
	Expect                //
	Authorization         //
	APIKey                // X-API-Key: may hold an API key
	RequestID             // X-Request-Id
	TraceParent           // W3C Trace Context
	TraceState            //
	Forwarded             // Forwarded, X-Forwarded-*, X-Real-IP: dropped and rebuilt
	ForwardedFor          // X-Forwarded-For: read if a trusted proxy sent it
	ForwardedProto        //
	ForwardedHost         //
	Via                   //
	Identity              // X-User-Id and similar names: never taken from a client
	Override              // X-Original-URL and similar names: a server that routes by them takes another route than ours. A route may pass single ones
	Origin                // CORS
	MaxForwards           // counted down for OPTIONS
	Protocols             // Sec-WebSocket-Protocol: may hold a token
	Hops                  // X-Tallygate-Hops: counts gateways on routes without Via
	Odd                   // an unknown name with other bytes than letters, digits, "-" and "_": servers may read it as another name
)

// fieldKinds has every special name in lower case, except those of families.
var fieldKinds = map[string]Kind{ //nolint:gochecknoglobals // a constant that Go has no constant for
	"host": Host, "content-length": ContentLength, "transfer-encoding": TransferEncoding, "connection": Connection,
	"keep-alive": Hop, "te": Hop, "trailer": Hop, "http2-settings": Hop,
	"upgrade": Upgrade, "expect": Expect, "authorization": Authorization, "x-api-key": APIKey, "x-request-id": RequestID, "traceparent": TraceParent, "tracestate": TraceState, "via": Via,
	"origin": Origin, "max-forwards": MaxForwards, "x-tallygate-hops": Hops, "sec-websocket-protocol": Protocols,

	"forwarded": Forwarded, "x-forwarded-for": ForwardedFor, "x-forwarded-proto": ForwardedProto,
	"x-forwarded-host": ForwardedHost, "x-real-ip": Forwarded, "true-client-ip": Forwarded, "x-client-ip": Forwarded,
	"x-cluster-client-ip": Forwarded, "client-ip": Forwarded, "cf-connecting-ip": Forwarded, "fastly-client-ip": Forwarded,
	"x-envoy-external-address": Forwarded, "x-original-for": Forwarded, "x-original-ip": Forwarded,
	"x-original-proto": Forwarded, "x-original-scheme": Forwarded, "x-original-port": Forwarded,

	"x-user": Identity, "x-user-id": Identity, "x-user-name": Identity, "x-user-role": Identity, "x-user-roles": Identity,
	"x-tallygate-user-id": Identity, "x-tallygate-rates": Identity,

	"x-rewrite-url": Override, "x-http-method": Override, "x-http-method-override": Override,
	"x-method-override": Override, "x-envoy-original-path": Override,
	"x-original-url": Override, "x-original-uri": Override, "x-original-path": Override, "x-original-prefix": Override,
	"x-original-host": Override, "x-original-method": Override,
	"proxy": Hop, // CGI calls it HTTP_PROXY, and programs send their own requests there (httpoxy)
}

// family is a kind for all names that begin alike: every release of a proxy may bring new ones.
type family struct {
	prefix string // in lower case
	kind   Kind
}

// families hold the kinds of names that are not in fieldKinds.
var families = [...]family{ //nolint:gochecknoglobals // as fieldKinds
	{"x-forwarded-", Forwarded},
	{"x-original-forwarded-", Forwarded},
	{"x-auth-request-", Identity},
	{"x-authenticated-", Identity},
	{"x-remote-", Identity},
	{"x-webauth-", Identity},
	{"remote-", Identity},
	{"proxy-", Hop},
}

const maxSpecialName = 32

// maybeSpecial tells by a name's length and first letter whether it may be in fieldKinds.
var maybeSpecial = func() (table [maxSpecialName][32]bool) { //nolint:gochecknoglobals // as fieldKinds
	for name := range fieldKinds {
		table[len(name)][name[0]&31] = true
	}
	return table
}()

// maybeFamily tells by a name's first and third letter whether it may be in families. Most common names are not.
var maybeFamily = func() (table [32][32]bool) { //nolint:gochecknoglobals // as fieldKinds
	for _, f := range families {
		table[f.prefix[0]&31][f.prefix[2]&31] = true
	}
	return table
}()

// KindOf finds the kind of a field by its name, and whether the name is only an alias, see Field. It never finds Odd.
func KindOf(name string) (kind Kind, alias bool) { return kindOf([]byte(name)) }

// kindOf finds the kind of a name. A name with another byte in place of "-" is not the field, but servers that turn names
// into variables take it for the field: WSGI knows "_", PHP also ".", and CGI (RFC 3875 section 4.1.18) as lighttpd speaks
// it every byte that is no letter or digit. It is reported as an alias, to be dropped.
func kindOf(name []byte) (kind Kind, alias bool) {
	if len(name) < maxSpecialName && maybeSpecial[len(name)][name[0]&31] {
		var folded [maxSpecialName]byte
		for i, c := range name {
			folded[i] = dashed(c)
		}
		kind = fieldKinds[string(folded[:len(name)])]
	}
	if kind == Other && len(name) > 2 && maybeFamily[name[0]&31][name[2]&31] {
		kind = familyOf(name)
	}
	return kind, kind != Other && !spelled(name)
}

// spelled reports whether the name is the field's own, not an alias.
func spelled(name []byte) bool {
	for _, c := range name {
		if c != '-' && dashed(c) == '-' {
			return false
		}
	}
	return true
}

func familyOf(name []byte) Kind {
	for i := range families {
		if f := &families[i]; len(name) > len(f.prefix) && reads(name[:len(f.prefix)], f.prefix) {
			return f.kind
		}
	}
	return Other
}

// reads reports whether servers like CGI take b for text, which is in lower case.
func reads(b []byte, text string) bool {
	for i := range b {
		if dashed(b[i]) != text[i] {
			return false
		}
	}
	return true
}

// dashed folds a byte of a name, so that names become equal if servers like CGI turn them into the same variable.
func dashed(c byte) byte { return dashes[c] }

// dashes is what each byte is folded to.
var dashes = func() (table [256]byte) { //nolint:gochecknoglobals // as fieldKinds
	for c := range table {
		table[c] = lower(byte(c))
		if c == '_' || class[c]&isPlain == 0 {
			table[c] = '-'
		}
	}
	return table
}()
