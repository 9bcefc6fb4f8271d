// Package guess limits how fast passwords can be guessed.
//
// It refuses to know what a password is and how it is verified: it admits an attempt, and the caller reports how the
// attempt ended. No gin, gorm or net/http: it declares what it needs of a database in Store.
//
// # What is counted
//
// Failed attempts are counted under a user name at one address, and under an address whatever the name. The first ones
// are free. Each further one brings a delay, which doubles up to a longest one. During the delay attempts are throttled:
// nothing is verified, and the error says when to try again. An address where the user has signed in before is a
// known one. There the longest delay is short and attempts wait for its end, so that whoever shares the address cannot
// keep the owner out, and other names' failures do not count. A right password resets the failures of its name. New
// users of one address can be counted too.
//
// # Why an attempt is counted before it is verified
//
// The counters stand in the database, so all replicas share them. An attempt is pending from its admission to its end,
// and failures and pending attempts together never exceed what is free. So a thousand attempts at once get no more tries
// than a thousand in a row. Counter is pure: clock and old state give the new state and the decision.
//
// ADR 14 has the reasons, and what bounds the attempts on their way.
package guess
