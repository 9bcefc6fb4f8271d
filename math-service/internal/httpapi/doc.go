// Package httpapi serves /root: it reads the parameters, lets package calc compute the power, and turns errors into
// problems.
//
// It refuses to know users: a valid token is enough.
package httpapi
