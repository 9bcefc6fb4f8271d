package password

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Params are the costs of one argon2id hash.
type Params struct {
	MemoryKiB uint32
	Passes    uint32
	Threads   uint8
}

// DefaultParams are OWASP's first choice that fits many logins at once into a small machine: 19 MiB, two passes, one
// thread.
func DefaultParams() Params { return Params{MemoryKiB: 19 * 1024, Passes: 2, Threads: 1} }

const (
	saltBytes = 16
	keyBytes  = 32
)

// Bounds of what a stored hash may ask for: a damaged row must not cost more than a login may.
const (
	maxMemoryKiB = 1 << 20
	maxPasses    = 64
)

var errFormat = errors.New("stored hash has an unknown form")

// phc is a stored argon2id hash, taken apart (the PHC string format).
type phc struct {
	params Params
	salt   []byte
	key    []byte
}

func derive(p Prepared, salt []byte, params Params) []byte {
	return argon2.IDKey([]byte(p.text), salt, params.Passes, params.MemoryKiB, params.Threads, keyBytes)
}

func (h phc) String() string {
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		h.params.MemoryKiB, h.params.Passes, h.params.Threads, enc.EncodeToString(h.salt), enc.EncodeToString(h.key))
}

func (h phc) matches(p Prepared) bool {
	return subtle.ConstantTimeCompare(derive(p, h.salt, h.params), h.key) == 1
}

func parsePHC(stored string) (phc, error) {
	parts := strings.Split(stored, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return phc{}, errFormat
	}
	var h phc
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.params.MemoryKiB, &h.params.Passes, &h.params.Threads); err != nil {
		return phc{}, errFormat
	}
	p := h.params
	if p.MemoryKiB == 0 || p.MemoryKiB > maxMemoryKiB || p.Passes == 0 || p.Passes > maxPasses || p.Threads == 0 {
		return phc{}, errFormat
	}
	var err error
	if h.salt, err = base64.RawStdEncoding.Strict().DecodeString(parts[4]); err != nil || len(h.salt) < 8 {
		return phc{}, errFormat
	}
	if h.key, err = base64.RawStdEncoding.Strict().DecodeString(parts[5]); err != nil || len(h.key) != keyBytes {
		return phc{}, errFormat
	}
	return h, nil
}
