// Package ticket seals and opens tickets. A browser sends a ticket in a URL, where it cannot send an access token in a
// field. auth-service seals tickets and gateways open them, both with keys that are derived from INTERNAL_SECRET.
//
// A ticket holds an access token, encrypted, and stands for it: whoever opens the ticket verifies that token as if it had
// come by itself. So a ticket says nothing of the user that the token does not say, and dies with it. To everybody else a
// ticket is random text: it is no token, and no service but a gateway can make anything of it.
//
// The package refuses to know whether that token is valid, and which tickets have been used.
package ticket
