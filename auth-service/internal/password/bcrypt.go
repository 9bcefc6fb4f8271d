package password

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

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
	text     string
	rounds   int  // its cost
	ofSHA256 bool // it is of the password's SHA-256 in hexadecimal
}

// djangoBcrypt stands before a hash that Django made of the password's SHA-256, because bcrypt reads no more than 72 bytes.
const djangoBcrypt = "bcrypt_sha256$"

func isBcrypt(text string) bool {
	return strings.HasPrefix(text, "$2a$") || strings.HasPrefix(text, "$2b$") || strings.HasPrefix(text, "$2y$")
}

func parseBcrypt(stored string) (foreignHash, error) {
	text, ofSHA256 := strings.CutPrefix(stored, djangoBcrypt)
	rounds, err := bcrypt.Cost([]byte(text))
	switch {
	case err != nil, !isBcrypt(text), len(text) != bcryptLength:
		return nil, errFormat
	case rounds > maxBcryptCost:
		return nil, tooDear("bcrypt of cost %d; at most %d is allowed", rounds, maxBcryptCost)
	}
	return bcryptHash{text: text, rounds: rounds, ofSHA256: ofSHA256}, nil
}

// matches cuts a longer password, as the system did that made the hash. The hash that replaces this one is of the whole.
func (h bcryptHash) matches(text string) bool {
	if h.ofSHA256 {
		sum := sha256.Sum256([]byte(text))
		text = hex.EncodeToString(sum[:])
	}
	text = text[:min(len(text), maxBcryptBytes)]
	return bcrypt.CompareHashAndPassword([]byte(h.text), []byte(text)) == nil
}

func (h bcryptHash) cost(today Params) cost { return newCost(bcryptKiB, bcryptWork<<h.rounds, today) }
