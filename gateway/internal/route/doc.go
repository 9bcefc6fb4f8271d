// Package route decides by path and method which upstream a request goes to and under which policy. It holds the
// built-in routes.
//
// It refuses to know how requests are carried, who sends them, and how routes are written down (package routefile).
package route
