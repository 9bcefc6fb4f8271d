// Package httpapi answers /root: it reads the question, has it computed, and says what is wrong with it if it cannot be.
//
// It refuses to know users: a good token is all that it asks for.
package httpapi
