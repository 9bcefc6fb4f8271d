package password

import (
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// maxBcryptBytes is where bcrypt stops reading. A longer password is refused, so that no two passwords are the same.
const maxBcryptBytes = 72

// maxBcryptCost is the highest cost of a hash that may be imported. It takes about a second.
const maxBcryptCost = 14

func isBcrypt(stored string) bool {
	return strings.HasPrefix(stored, "$2a$") || strings.HasPrefix(stored, "$2b$") || strings.HasPrefix(stored, "$2y$")
}

// bcryptMatches verifies a hash of a user who was imported from another system.
func bcryptMatches(stored string, p Prepared) bool {
	return len(p.text) <= maxBcryptBytes && bcrypt.CompareHashAndPassword([]byte(stored), []byte(p.text)) == nil
}

// What bcrypt takes: little memory, and as long as argon2id with this work at a cost of 0. Each further cost doubles it.
const (
	bcryptKiB  = 8
	bcryptWork = 48 // KiB times passes
)

// bcryptCost is what it takes to verify the hash.
func bcryptCost(stored string, today Params) cost {
	rounds, err := bcrypt.Cost([]byte(stored))
	if err != nil {
		rounds = bcrypt.MinCost // it is damaged, and not hashed at all
	}
	return newCost(bcryptKiB, bcryptWork<<rounds, today)
}

// bcryptLength is the length of every bcrypt hash.
const bcryptLength = 60

// CheckImported reports whether Verify understands a hash from another system, at a cost that may be caused by anybody who
// knows the user's name.
func CheckImported(stored string) error {
	if isBcrypt(stored) {
		if cost, err := bcrypt.Cost([]byte(stored)); err != nil || cost > maxBcryptCost || len(stored) != bcryptLength {
			return errFormat
		}
		return nil
	}
	h, err := parsePHC(stored)
	if err == nil && !h.cheap() {
		return errFormat
	}
	return err
}
