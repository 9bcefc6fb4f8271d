package password

import "golang.org/x/crypto/bcrypt"

// maxBcryptBytes is where bcrypt stops reading.
const maxBcryptBytes = 72

// bcryptLength is the length of every bcrypt hash.
const bcryptLength = 60

// What bcrypt takes: little memory, and as long as argon2id with this work at a cost of 0. Each further cost doubles it.
const (
	bcryptKiB  = 8
	bcryptWork = 100 // KiB times passes
)

// bcryptHash is a foreign hash.
type bcryptHash struct {
	text   string
	rounds int // its cost
}

func parseBcrypt(stored string) (foreignHash, error) {
	rounds, err := bcrypt.Cost([]byte(stored))
	switch {
	case err != nil, len(stored) != bcryptLength:
		return nil, errFormat
	case rounds > maxBcryptCost:
		return nil, tooDear("bcrypt of cost %d; at most %d is allowed", rounds, maxBcryptCost)
	}
	return bcryptHash{stored, rounds}, nil
}

// matches cuts a longer password, as the system did that made the hash. The hash that replaces this one is of the whole.
func (h bcryptHash) matches(text string) bool {
	text = text[:min(len(text), maxBcryptBytes)]
	return bcrypt.CompareHashAndPassword([]byte(h.text), []byte(text)) == nil
}

func (h bcryptHash) cost(today Params) cost { return newCost(bcryptKiB, bcryptWork<<h.rounds, today) }
