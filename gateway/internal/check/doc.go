// Package check finds out whose call it is. It verifies the token, and looks up whether the token's user and session are
// still what they were when it was issued. It refuses to know routes, limits and counts.
//
// kit/token verifies the token by itself. The rest needs a record of the user from auth-service. The record is fetched
// when a token is first seen, so that auth-service knows that the token is in use, and kept up to date by following the feed
// of changes. So all further calls with the token cost no request to auth-service, and what is revoked there is revoked here
// as soon as the feed has it.
//
// Nothing older replaces anything newer. Records carry versions. A record that is being fetched is already among those
// that the feed updates. The feed's cursor is read before the first record is, so no change can fall between the two. A
// token of a higher generation than its user's record causes a new fetch, and is not compared with the old record.
//
// While auth-service is unavailable, known users pass, also with tokens that are new, and unknown users are refused. A gateway that has never reached
// auth-service lets nobody pass.
//
// The second call with a token costs one lookup in a table by the token, without a lock or an allocation. A verification is
// forgotten at the token's exp, and renewed when the keys change. A user has a bounded share of the table, whatever number
// of tokens the user gets issued: one more makes the user's oldest forgotten, and nobody else's.
//
// An API key is swapped for a token that stands for it, and for the record of its user, by one question to auth-service. From
// then on it is remembered as a token is, and the record says what has become of it. The token is for upstreams, and is
// renewed in time. A text with a wrong checksum causes no question, an unknown key one, and an address few.
//
// A ticket holds an access token, and passes as that token would: once here, which is remembered for as long as the ticket
// could be used again. That memory is bounded, for each user too; past a bound tickets are refused, and none is forgotten.
//
// A call that lasts is checked again from time to time, with Valid: by the same state, its own token, and the same clock.
package check
