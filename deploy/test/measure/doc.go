// Package measure measures how fast tokens are revoked and how guessing is throttled, on the whole product: several gateways,
// two auth-service replicas and PostgreSQL, all as processes on this machine.
//
// Its tests measure time and need a quiet machine. They have the build tag measure. `make measure` runs them; CI does not.
// Each prints its figures. The package imports no service.
package measure
