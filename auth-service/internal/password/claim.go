package password

// Kind is what a password is hashed for.
type Kind int

// The kinds.
const (
	SignIn       Kind = iota
	Change            // of an account by its owner, who confirms it with the password
	Registration      // of a new user
	kinds
)

// Kinds returns all of them.
func Kinds() []Kind { return []Kind{SignIn, Change, Registration} }

// String is the kind's name in metrics.
func (k Kind) String() string { return [kinds]string{"sign_in", "change", "registration"}[k] }

// Claim says for whom a password is hashed. Places and turns are shared out between the networks of clients.
type Claim struct {
	Network string
	Kind    Kind
}

// cost is what one hash takes.
type cost struct {
	kib   uint64 // of memory
	turns int    // of the address that asks for it: a hash of today's costs takes one, a dearer one more
}

// maxTurns bounds how long a stored hash waits because it is dear.
const maxTurns = 64

// newCost is the cost of a hash that takes so much memory, and so much work: KiB times passes.
func newCost(kib uint32, work uint64, today Params) cost {
	one := today.work()
	return cost{kib: uint64(kib), turns: int(min((work+one-1)/one, maxTurns))}
}
