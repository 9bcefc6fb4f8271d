package wire

// Kind tells the fields that a proxy has something to do with from all others.
type Kind uint8

// The kinds of fields.
const (
	Other            Kind = iota
	Host                  // exactly one
	ContentLength         // framing: ours to write
	TransferEncoding      // framing
	Connection            // hop-by-hop
	Hop                   // Keep-Alive, Proxy-*, TE, Trailer, HTTP2-Settings: dropped
	Upgrade               // hop-by-hop, but taken over for WebSockets
	Expect                //
	Authorization         //
	RequestID             // X-Request-Id
	Forwarded             // Forwarded, X-Forwarded-*, X-Real-IP: dropped and rebuilt
	ForwardedFor          // X-Forwarded-For: read if a trusted proxy sent it
	ForwardedProto        //
	ForwardedHost         //
	Via                   //
	Identity              // X-User-Id and its like: never taken from a client
	Override              // X-Original-URL and its like: what routes by them is not what we routed by
	Origin                // CORS
)

// fieldKinds has every special name in lower case.
var fieldKinds = map[string]Kind{ //nolint:gochecknoglobals // a constant that Go has no constant for
	"host": Host, "content-length": ContentLength, "transfer-encoding": TransferEncoding, "connection": Connection,
	"keep-alive": Hop, "proxy-connection": Hop, "proxy-authenticate": Hop, "proxy-authorization": Hop, "te": Hop,
	"trailer": Hop, "http2-settings": Hop, "proxy-authentication-info": Hop,
	"upgrade": Upgrade, "expect": Expect, "authorization": Authorization, "x-request-id": RequestID, "via": Via,
	"forwarded": Forwarded, "x-forwarded-for": ForwardedFor, "x-forwarded-proto": ForwardedProto,
	"x-forwarded-host": ForwardedHost, "x-forwarded-port": Forwarded, "x-forwarded-server": Forwarded,
	"x-forwarded-by": Forwarded, "x-forwarded-prefix": Forwarded, "x-forwarded-scheme": Forwarded,
	"x-forwarded-ssl": Forwarded, "x-forwarded-uri": Forwarded, "x-forwarded-method": Forwarded, "x-real-ip": Forwarded,
	"true-client-ip": Forwarded, "x-client-ip": Forwarded, "x-cluster-client-ip": Forwarded, "client-ip": Forwarded,
	"x-user-id": Identity, "x-user": Identity, "x-user-name": Identity, "x-user-role": Identity, "x-remote-user": Identity,
	"remote-user": Identity, "x-forwarded-user": Identity, "x-forwarded-email": Identity, "x-forwarded-groups": Identity,
	"x-forwarded-preferred-username": Identity, "x-forwarded-access-token": Identity, "x-auth-request-user": Identity,
	"x-authenticated-user": Identity, "x-authenticated-userid": Identity, "x-tallygate-user-id": Identity,
	"x-original-url": Override, "x-rewrite-url": Override, "x-http-method-override": Override, "x-http-method": Override,
	"x-method-override": Override, "x-envoy-original-path": Override, "x-original-method": Override,
	"x-original-host": Override, "origin": Origin,
}

const maxSpecialName = 32

// special says by a name's length and first letter whether it may be in fieldKinds.
var special = func() (table [maxSpecialName][32]bool) { //nolint:gochecknoglobals // as fieldKinds
	for name := range fieldKinds {
		table[len(name)][name[0]&31] = true
	}
	return table
}()

// kindOf finds the kind of a name. A name with "_" or "." in the place of "-" is not the field, but servers that turn
// names into variables (CGI, WSGI) take it for the field: it is reported as an alias, to be dropped.
func kindOf(name []byte) (kind Kind, alias bool) {
	if len(name) >= maxSpecialName || !special[len(name)][name[0]&31] {
		return Other, false
	}
	var folded [maxSpecialName]byte
	for i, c := range name {
		c = lower(c)
		if c == '_' || c == '.' {
			c, alias = '-', true
		}
		folded[i] = c
	}
	kind = fieldKinds[string(folded[:len(name)])]
	return kind, alias && kind != Other
}

// SameField reports whether a field has this name, in any case, or one that CGI and its like would take for it.
func SameField(field []byte, name string) bool {
	if len(field) != len(name) {
		return false
	}
	for i := range field {
		if dashed(field[i]) != dashed(name[i]) {
			return false
		}
	}
	return true
}

func dashed(c byte) byte {
	if c == '_' || c == '.' {
		return '-'
	}
	return lower(c)
}
