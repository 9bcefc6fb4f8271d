package password

import (
	"errors"
	"fmt"
	"strings"
)

// foreignHash is a hash that another system made of a password as it was sent, without any preparation.
type foreignHash interface {
	// matches reports whether the text is the password.
	matches(text string) bool
	// cost is what it takes to find that out.
	cost(today Params) cost
}

// Bounds of what a hash from another system may cost. Anybody who knows the user's name can cause that cost. The bounds
// allow the defaults of the common libraries. Each takes about a second at most.
const (
	maxImportedMemoryKiB = 128 << 10 // of argon2 and scrypt
	maxImportedWork      = 256 << 10 // KiB times passes of argon2, times threads of scrypt
	maxBcryptCost        = 14
	maxIterations        = 2_000_000 // of PBKDF2
)

// importedMark stands before an imported argon2 hash. Without it, such a hash could be taken for one of our own.
const importedMark = "imported"

const knownForms = "bcrypt ($2a$, $2b$, $2y$), argon2 ($argon2id$, $argon2i$), " +
	"Django's (pbkdf2_sha256$, pbkdf2_sha1$, bcrypt_sha256$) and Werkzeug's (pbkdf2:, scrypt:)"

// Import checks a hash from another system and returns what to store of it. Verify understands that, at a cost that may be
// caused by anybody who knows the user's name. The error is a *RefusedError. It does not repeat the hash.
func Import(hash string) (stored string, err error) {
	// Django puts a name of its own before hashes that have one already.
	stored = strings.TrimPrefix(strings.TrimPrefix(hash, "argon2"), "bcrypt$")
	if strings.HasPrefix(stored, "$argon2") {
		stored = importedMark + stored
	}
	_, err = parseForeign(stored)
	return stored, err
}

// parseForeign takes apart what Import returned. The error is a *RefusedError.
func parseForeign(stored string) (foreignHash, error) {
	begins := func(with string) bool { return strings.HasPrefix(stored, with) }
	var name string
	var parse func(string) (foreignHash, error)
	switch {
	case isBcrypt(stored), begins(djangoBcrypt):
		name, parse = "bcrypt", parseBcrypt
	case begins(importedMark + "$argon2id$"), begins(importedMark + "$argon2i$"):
		name, parse = "argon2", parseForeignArgon2
	case begins("pbkdf2_"):
		name, parse = "Django's PBKDF2", parseDjango
	case begins("pbkdf2:"):
		name, parse = "Werkzeug's PBKDF2", parsePBKDF2
	case begins("scrypt:"):
		name, parse = "Werkzeug's scrypt", parseScrypt
	default:
		return nil, &RefusedError{"The hash has none of the known forms: " + knownForms + "."}
	}
	h, err := parse(stored)
	if errors.Is(err, errFormat) {
		return nil, &RefusedError{fmt.Sprintf("The hash begins like %s and cannot be read: it is cut, damaged, or of an unknown variant.", name)}
	}
	return h, err
}

// parseForeignArgon2 is parsePHC after the mark, with the bounds of foreign hashes.
func parseForeignArgon2(stored string) (foreignHash, error) {
	h, err := parsePHC(strings.TrimPrefix(stored, importedMark))
	switch {
	case err != nil:
		return nil, err
	case h.params.MemoryKiB > maxImportedMemoryKiB:
		return nil, tooDear("%d KiB of memory; at most %d are allowed", h.params.MemoryKiB, maxImportedMemoryKiB)
	case h.params.work() > maxImportedWork:
		return nil, tooDear("%d KiB of memory in %d passes; the two multiplied may be %d", h.params.MemoryKiB, h.params.Passes, maxImportedWork)
	}
	return h, nil
}

func tooDear(format string, args ...any) *RefusedError {
	return &RefusedError{"The hash costs too much to verify: " + fmt.Sprintf(format, args...) + "."}
}
