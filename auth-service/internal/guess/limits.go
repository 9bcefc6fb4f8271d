package guess

import "time"

// Limits bound how fast passwords can be guessed.
type Limits struct {
	PerName    int // failures of one user name at one address that are free
	PerAddress int // failures at one address, whatever the name, that are free
	// PerNameAnywhere is how many failures of one user name are free at all addresses together, 0 for any number. Past them the
	// delays hold at addresses where the user has not signed in before.
	PerNameAnywhere int
	Window          time.Duration // failures are forgotten so long after the last one, or after the delay that it brought
	FirstDelay      time.Duration // the delay after the last free failure; each further one doubles it
	MaxDelay        time.Duration
	// KnownMaxDelay takes MaxDelay's place for a user name at an address where that user has signed in before, and
	// attempts wait for its end: whoever shares the address must not keep the owner out.
	KnownMaxDelay time.Duration
	// Registrations is how many new users of one address are free, 0 for any number. Past them the same delays apply.
	Registrations int
}

// siteFactor is how many times as much is free in an IPv6 /48 as at one address. Whoever has a whole /48 has 65,536
// addresses, but a provider may give those to as many customers.
const siteFactor = 10

// Policy is a limit as clients see it.
type Policy struct {
	Name   string
	Free   int // in a Window
	Window time.Duration
}
