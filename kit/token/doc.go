// Package token verifies Tallygate's access tokens: JSON Web Tokens (RFC 7519) signed with HS256, EdDSA
// (Ed25519) or ES256. It is the only verifier in the workspace; the gateway and every service behind it use it, so that one token means the same
// everywhere.
//
// It refuses to know how tokens are made: nothing here signs. It does no I/O either: the caller has to find out whether
// the user still exists and has not signed out.
//
// The rules, in the order in which they are applied:
//
//   - at most 8 KiB, exactly three base64url parts of canonical spelling (RFC 7515 section 7.1, RFC 4648 section 3.5)
//   - header and claims are UTF-8 JSON objects without duplicate names, at most 32 levels deep (RFC 8725 section 3.7)
//   - crit, b64:false and enc are refused; typ, if present, is JWT (RFC 8725 section 3.11)
//   - every key has one algorithm, by its kind: HS256 for a secret, EdDSA or ES256 for a public key. kid names the key, and
//     alg has to be that key's (RFC 8725 section 3.1). Which algorithms are accepted follows from the keys in force: mostly one
//   - jku, x5u, jwk and x5c are never looked at; a token that is not signed with a secret must not have them
//   - the signature is verified, a MAC in constant time, before any claim is read
//   - exp is required and has no leeway; nbf and iat may lie ahead by [Leeway] at most
//   - exp is no further from iat, and from now, than the configured life of a token
//   - iss and aud are ours; sub is a user id: a positive decimal number in a string
//   - gen and sid are returned as they are: only a caller that knows the user's state can verify them
package token
