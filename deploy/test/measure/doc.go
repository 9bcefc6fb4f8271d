// Package measure holds what is promised of sessions, revocation and guessing against the whole product: several
// gateways, two auth-service replicas, PostgreSQL, all as processes on this machine.
//
// Its tests are behind the build tag chaos, and `make chaos` runs them. Each prints its figures. It imports no service.
package measure
