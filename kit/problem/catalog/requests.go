package catalog

// requests are problems with the form of a request.
func requests() []Entry {
	return []Entry{
		{Name: "body-too-large", Statuses: []int{413}, Title: "The body is too large", Cause: "The request's body is longer than this path takes: 64 KiB for Tallygate's own calls, max_body of the route for others.", Cure: "Send less, or ask the operator to raise max_body of the route."},
		{Name: "body-too-slow", Statuses: []int{408}, Title: "The body comes too slowly", Cause: "The request's body stopped coming, or came more slowly than the lowest rate that is allowed.", Cure: "Send the request again on a new connection. Behind a proxy, let it read the whole body first."},
		{Name: "body-unreadable", Statuses: []int{400}, Title: "The body ended too early", Cause: "The connection ended before the whole body had come.", Cure: "Send the request again."},
		{Name: "duplicate-member", Statuses: []int{400}, Title: "A member occurs twice", Cause: "An object of the JSON body has two members with the same name.", Cure: "Send each member once."},
		{Name: "expectation-failed", Statuses: []int{417}, Title: "The expectation cannot be met", Cause: "The field Expect says something else than 100-continue.", Cure: "Leave the field Expect out."},
		{Name: "coding-not-implemented", Statuses: []int{501}, Title: "The transfer coding is not known", Cause: "The field Transfer-Encoding names another coding than chunked.", Cure: "Send the body with Content-Length, or chunked alone."},
		{Name: "head-too-large", Statuses: []int{431}, Title: "The header fields are too large", Cause: "The first line and the header fields are too large together, or too many. A large cookie is the usual reason.", Cure: "Send fewer or shorter header fields; delete the cookies of this host."},
		{Name: "https-required", Statuses: []int{400}, Title: "The port speaks HTTPS", Cause: "The request came without TLS on a port that takes TLS only.", Cure: "Begin the address with https://."},
		{Name: "loop", Statuses: []int{400}, Title: "The request goes round in a circle", Cause: "The request has passed this gateway several times: the upstream of a route leads back to it.", Cure: "The operator corrects the upstream of the route."},
		{Name: "malformed-form", Statuses: []int{400}, Title: "The form is malformed", Cause: "The body is no form: it has a % without two hexadecimal digits, or a semicolon.", Cure: "Encode the form as application/x-www-form-urlencoded; HTTP libraries do it."},
		{Name: "malformed-json", Statuses: []int{400}, Title: "The body is not valid JSON", Cause: "The body is not JSON in UTF-8. The sentence in detail says where it breaks.", Cure: "Make the body with a JSON library. In a shell, put it in single quotes."},
		{Name: "malformed-query", Statuses: []int{400}, Title: "The query is malformed", Cause: "The part behind the ? has a % without two hexadecimal digits, or a semicolon.", Cure: "Separate parameters by & and encode other signs as %XX; HTTP libraries do it."},
		{Name: "malformed-request", Statuses: []int{400}, Title: "The request is malformed", Cause: "The request's first line, path or header fields break the rules of HTTP, or can be read in two ways. The sentence in detail names the sign.", Cure: "Correct what the sentence names. A route can allow some encoded signs in its path: the operator sets it in the routes file."},
		{Name: "method-not-allowed", Statuses: []int{405}, Title: "The path does not take this method", Cause: "There is something at this path, but not for this method.", Cure: "Use one of the methods in the field Allow."},
		{Name: "method-not-implemented", Statuses: []int{501}, Title: "The method is not known", Cause: "The request is a CONNECT; this server opens no tunnels.", Cure: "Do not use the gateway as a forward proxy."},
		{Name: "misdirected-request", Statuses: []int{421}, Title: "The host is not served here", Cause: "The gateway serves the hosts of HOSTS only, and the request is for another one.", Cure: "Use the right host name, or let the operator add it to HOSTS."},
		{Name: "not-an-object", Statuses: []int{400}, Title: "The body is not an object", Cause: "The body is JSON, but a list, a string, a number, true, false or null.", Cure: "Send one JSON object: { … }."},
		{Name: "not-found", Statuses: []int{404}, Title: "There is nothing at this path", Cause: "No route and no call has this path.", Cure: "Check the path; /docs lists the calls. Paths are compared whole, with upper and lower case."},
		{Name: "target-too-long", Statuses: []int{414}, Title: "The address is too long", Cause: "The path and the query are longer together than this server takes.", Cure: "Shorten the query, or send it as a body."},
		{Name: "unknown-member", Statuses: []int{422}, Title: "A member is not known", Cause: "The JSON body has a member that this call does not have.", Cure: "Check the spelling; /docs lists the members."},
		{Name: "unsupported-encoding", Statuses: []int{415}, Title: "The body is compressed", Cause: "The field Content-Encoding is there, and this call takes bodies as they are only.", Cure: "Send the body without Content-Encoding."},
		{Name: "unsupported-media-type", Statuses: []int{415}, Title: "The body has another media type", Cause: "The field Content-Type names another type than this call takes.", Cure: "Send Content-Type: application/json, or application/x-www-form-urlencoded for POST /token/introspect."},
		{Name: "version-not-supported", Statuses: []int{505}, Title: "The HTTP version is not known", Cause: "The request is in another version than HTTP/1.1 or HTTP/1.0.", Cure: "Use HTTP/1.1."},
		{Name: "wrong-type", Statuses: []int{422}, Title: "A member has the wrong type", Cause: "A member of the JSON body has another type than this call takes, for example a number instead of a string.", Cure: "Send the type that the sentence in detail names."},
	}
}
