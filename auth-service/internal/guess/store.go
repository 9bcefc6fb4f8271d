package guess

import "context"

// Store is what this package needs of a database. Each method is one transaction. While the database is not available,
// every method returns fault.ErrUnavailable.
type Store interface {
	// KnowsAddress reports whether the user of that name has signed in at that address before.
	KnowsAddress(ctx context.Context, name, address string) (bool, error)
	// UpdateGuesses changes the counters while nobody else can.
	UpdateGuesses(ctx context.Context, u Update) error
}

// Update is a change of counters. Change gets them in the order of Keys, inside the transaction, and may run more than
// once.
type Update struct {
	Keys []Key
	// Names are, for each of Keys, the NameKey of the user name whose guesses it counts, or zero. nil: none counts a name's.
	Names  []Key
	Change func([]Counter) []Counter
}
