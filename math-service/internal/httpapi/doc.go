// Package httpapi serves /root: it reads the parameters, has the power computed, and says what is wrong if it cannot be.
//
// It refuses to know users: a valid token is enough.
package httpapi
