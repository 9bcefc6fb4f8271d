// Package apidoc makes the OpenAPI description that the gateway serves: its own calls, and the APIs behind its routes, whose
// descriptions it asks their upstreams for. It checks those, takes what it knows from them, and follows their changes.
//
// A description from an upstream is foreign text. It is bounded in bytes, depth and number of values; nothing that it refers to is
// fetched; what the package does not know is left out. It refuses to know how a page is served or shown.
package apidoc
