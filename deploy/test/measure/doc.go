// Package measure checks the bounds on sessions, revocation and guessing against the whole product: several gateways, two
// auth-service replicas and PostgreSQL, all as processes on this machine.
//
// Its tests measure time and want a quiet machine. They have the build tag measure, and `make measure` runs them; CI does
// not. Each prints its figures. It imports no service.
package measure
