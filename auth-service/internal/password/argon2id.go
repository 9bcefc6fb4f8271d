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

// DefaultParams are those of OWASP's choices that let a small machine serve many sign-ins at once: 19 MiB, two passes,
// one thread.
func DefaultParams() Params { return Params{MemoryKiB: 19 * 1024, Passes: 2, Threads: 1} }

// work is how long a hash takes, in KiB times passes.
func (p Params) work() uint64 { return uint64(p.MemoryKiB) * uint64(p.Passes) }

// cost is what a hash takes where today's hashes have these parameters.
func (p Params) cost(today Params) cost { return newCost(p.MemoryKiB, p.work(), today) }

const (
	saltBytes = 16
	keyBytes  = 32
)

// Bounds of the costs of a stored hash. A damaged row must not cost more than the most expensive setting.
const (
	maxMemoryKiB = 1 << 20
	maxPasses    = 64
)

// Lengths of the key and the salt of a stored hash, in bytes.
const (
	minKeyBytes, maxKeyBytes   = 16, 64
	minSaltBytes, maxSaltBytes = 8, 64
)

var errFormat = errors.New("stored hash has an unknown form")

// phc is a stored argon2id hash, or an argon2i hash from another system, taken apart (the PHC string format).
type phc struct {
	params Params
	i      bool // argon2i
	salt   []byte
	key    []byte
}

func (h phc) derive(text string, length int) []byte {
	key := argon2.IDKey
	if h.i {
		key = argon2.Key
	}
	return key([]byte(text), h.salt, h.params.Passes, h.params.MemoryKiB, h.params.Threads, uint32(length))
}

func (h phc) String() string {
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		h.params.MemoryKiB, h.params.Passes, h.params.Threads, enc.EncodeToString(h.salt), enc.EncodeToString(h.key))
}

func (h phc) matches(text string) bool {
	return subtle.ConstantTimeCompare(h.derive(text, len(h.key)), h.key) == 1
}

func (h phc) cost(today Params) cost { return h.params.cost(today) }

// isOf reports whether the hash has today's form and costs.
func (h phc) isOf(today Params) bool { return !h.i && h.params == today && len(h.key) == keyBytes }

func parsePHC(stored string) (phc, error) {
	parts := strings.Split(stored, "$")
	if len(parts) != 6 || parts[0] != "" || parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return phc{}, errFormat
	}
	h := phc{i: parts[1] == "argon2i"}
	if !h.i && parts[1] != "argon2id" {
		return phc{}, errFormat
	}
	const costs = "m=%d,t=%d,p=%d"
	_, err := fmt.Sscanf(parts[3], costs, &h.params.MemoryKiB, &h.params.Passes, &h.params.Threads)
	// Sscanf accepts signs, leading zeros and text after the numbers. Only the one spelling of these costs is good.
	if err != nil || fmt.Sprintf(costs, h.params.MemoryKiB, h.params.Passes, h.params.Threads) != parts[3] {
		return phc{}, errFormat
	}
	p := h.params
	if p.MemoryKiB == 0 || p.MemoryKiB > maxMemoryKiB || p.Passes == 0 || p.Passes > maxPasses || p.Threads == 0 {
		return phc{}, errFormat
	}
	if h.salt, err = decode(parts[4], minSaltBytes, maxSaltBytes); err != nil {
		return phc{}, err
	}
	h.key, err = decode(parts[5], minKeyBytes, maxKeyBytes)
	return h, err
}

func decode(text string, least, most int) ([]byte, error) {
	raw, err := base64.RawStdEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) < least || len(raw) > most {
		return nil, errFormat
	}
	return raw, nil
}
