// Package service starts, configures and stops a program of the workspace: its flags, the settings that all services
// share (addresses, log, JWT), its metrics registry, its public and its private listener, and its graceful stop.
//
// It refuses to know what a service does and which framework responds: anything with Serve and Shutdown will do.
package service
