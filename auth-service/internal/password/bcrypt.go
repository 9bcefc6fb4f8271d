package password

import (
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// maxBcryptBytes is where bcrypt stops reading. A longer password is refused, so that no two of them are one.
const maxBcryptBytes = 72

// maxBcryptCost is the dearest hash that may be imported: it takes a second or so.
const maxBcryptCost = 14

func isBcrypt(stored string) bool {
	return strings.HasPrefix(stored, "$2a$") || strings.HasPrefix(stored, "$2b$") || strings.HasPrefix(stored, "$2y$")
}

// bcryptMatches verifies a hash of a user who was imported from another system.
func bcryptMatches(stored string, p Prepared) bool {
	return len(p.text) <= maxBcryptBytes && bcrypt.CompareHashAndPassword([]byte(stored), []byte(p.text)) == nil
}

// bcryptLength is the length of every bcrypt hash.
const bcryptLength = 60

// CheckImported reports whether a hash from another system is one that Verify understands, at a cost that anybody may
// cause who knows the user's name.
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
