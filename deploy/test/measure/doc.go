// Package measure measures what needs a quiet machine: how fast tokens and API keys are revoked and other changes are in
// force, how exactly rates hold, how guessing is throttled, and what one client can do to others.
//
// Its tests have the build tag measure. `make measure` runs them; CI does not. Each prints its figures, and the run ends with a
// table for docs/reliability.md. The product runs as processes on this machine (several gateways, two replicas of
// auth-service, PostgreSQL), or, where its memory is limited, in the containers that are shipped. The latter need a
// container engine and are skipped without one. MEASURE_IMAGES=TAG measures images that are built already. The package
// imports no service.
package measure
