// Package stack runs docker-compose.yml as it is shipped, for tests: the same containers with the same limits, under a project
// name and on a port of its own. It needs a container engine.
//
//	s := stack.New(t, stack.Config{Version: "e2e"}) // removed with its volumes when the test ends
//	s.Run(t, "up", "-d")
package stack
