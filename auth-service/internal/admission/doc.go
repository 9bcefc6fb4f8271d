// Package admission bounds what clients of the public listener take before anybody knows who they are: connections, requests
// in flight, and the time in which the body of a request has to come.
//
// It refuses to know what a request asks for. Health checks alone are always let in: a service that is busy is not down.
package admission
