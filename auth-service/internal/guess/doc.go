// Package guess limits how fast passwords can be guessed.
//
// It refuses to know what a password is and how it is verified: it admits an attempt, and the caller reports how the
// attempt ended. No gin, gorm or net/http: it declares what it needs of a database in Store.
//
// # What is counted
//
// Failed attempts are counted under a user name at one address, under a user name at all addresses, and under an address
// whatever the name. An IPv6 address is its /64; its /48 is counted too, and has more that is free. The first failures are
// free. Each further one brings a delay, which doubles up to a longest one. During the delay attempts are throttled: nothing
// is verified, and the error says when to try again.
//
// An address where the user has signed in before is a known one. There only failures of that name at that address count, the
// longest delay is short, and attempts wait for its end. So neither whoever shares the address nor whoever guesses the name
// elsewhere can keep the owner out. A right password resets the failures of its name at its address. Wrong one-time codes, which
// come after a right password, count under the name besides, and there no address is known. New users of one address can be
// counted too.
//
// # Why an attempt is counted before it is verified
//
// The counters stand in the database, so all replicas share them. An attempt is pending from its admission to its end,
// and failures and pending attempts together never exceed what is free. So a thousand attempts at once get no more tries
// than a thousand in a row. Each process renews its attempts while they last, so those of a process that died are forgotten
// after seconds. Counter is pure: clock and old state give the new state and the decision.
//
// ADR 14 has the reasons, and what bounds the attempts on their way.
package guess
