// Package route decides by path and method which upstream a request goes to and under which policy: the built-in
// routes, and those of a routes file.
//
// It refuses to know how requests are carried, and who sends them.
package route
