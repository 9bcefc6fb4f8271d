// Package check finds out whose call it is: it verifies the token, and asks whether its user and its session are still
// what they were when it was issued. It refuses to know routes, limits and counts.
//
// The rule is in two halves. kit/token judges the token by itself. The other half needs auth-service: a record of the
// user, which is fetched when the user is first seen, and kept up to date by following the feed of changes. So a call
// costs no question to auth-service, and what is revoked there is revoked here as soon as the feed says so.
//
// Nothing newer is ever undone by something older: records carry versions, and a record that is being fetched is
// already among those that the feed updates. The feed's cursor is read before the first record is, so no change can
// fall between the two. Nor is a newer token judged by an older record: one of a higher generation makes the gateway ask.
//
// While auth-service is away, users who are known pass, and users who are not get a 503. A gateway that has never
// spoken to auth-service lets nobody pass.
//
// The second call with a token costs one look into a table by the field's text: no lock, no allocation. A verification
// is forgotten at the token's exp, and made anew when the keys change.
package check
