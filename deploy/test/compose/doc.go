// Package compose tests what an operator starts: docker-compose.yml and the script behind `make up`.
//
// Without an engine it checks the file against the Compose specification and against what docs/operate.md promises of
// it. With the build tag e2e it brings the file up as shipped and calls, scales, kills and restarts the stack.
package compose
