package routefile

import (
	"regexp"

	"tallygate/gateway/internal/route"
)

var serverNameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$`)

// tls reads whom the gateway trusts, and what it shows. first is the first upstream, nil if none is valid.
func (o *object) tls(r *route.Route, first *target) {
	from, ok := o.inner("tls", keys{others: []string{"ca", "cert", "key", "server_name"}})
	if !ok {
		return
	}
	if first != nil && first.scheme != "https" {
		o.fail(place(o.values["tls"]), "tls: is only possible with an upstream that begins with https://")
	}
	for key, into := range map[string]*string{"ca": &r.TLS.CA, "cert": &r.TLS.Cert, "key": &r.TLS.Key} {
		if file, ok := from.text(key, filePathForm, "has to be the path of a file"); ok {
			*into = file.value
		}
	}
	for key, other := range map[string]string{"cert": "key", "key": "cert"} {
		if from.has(key) && !from.has(other) {
			o.fail(place(from.values[key]), "tls.%s: has no effect without tls.%s", key, other)
		}
	}
	if name, ok := from.text("server_name", serverNameForm, "has to be the name of a host, or an IPv4 address"); ok {
		r.TLS.ServerName = name.value
	}
}
