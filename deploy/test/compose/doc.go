// Package compose tests what an operator starts: docker-compose.yml and the script behind `make up`.
//
// Without a container engine it checks the file against the Compose specification and the promises of docs/operate.md. With
// the build tag e2e it starts the stack as shipped, and calls, scales, kills and restarts it.
package compose
