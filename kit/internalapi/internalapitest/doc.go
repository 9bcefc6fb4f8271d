// Package internalapitest compares both ends of the internal API with its description. Contract validates requests and
// responses. AuthService is a fake of auth-service's private listener, made from the description, for tests of a gateway.
//
// It refuses to be linked into a service: only tests and the tools in deploy import it.
package internalapitest
