// Package cluster starts Tallygate as several processes on this machine, for tests that stop, kill and restart them: a
// database, and any number of auth-service, math-service and gateway replicas on free loopback ports.
//
// It knows how to start the parts. It does not know what is tested. A process that is started again listens on the same
// ports.
//
//	c := cluster.Start(t, cluster.Config{Gateways: 3, Auths: 2, Postgres: true})
//	err := c.Auths[0].Kill()        // SIGKILL
//	err = c.Auths[0].Start()        // the same program, settings and ports
//	err = c.Auths[0].Ready(ctx)     // waits until /readyz says that it is ready
package cluster
