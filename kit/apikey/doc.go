// Package apikey is the form of API keys: how they are made, how a mistyped or invented one is told from a real one without
// asking anybody, and what is kept of one.
//
// It refuses to know whose a key is, and what it is good for.
package apikey
