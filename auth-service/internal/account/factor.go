package account

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"tallygate/auth-service/internal/totp"
)

// Factor is what is stored of a user's second factor. The zero value is none.
type Factor struct {
	Sealed []byte // the secret in force; empty while there is none
	// Pending is a secret that the user has been given at PendingAt and has not confirmed.
	Pending   []byte
	PendingAt time.Time
	LastStep  int64 // of the last code that was taken: it and all before it are spent
	Recovery  []RecoveryHash
}

// RecoveryHash is the hash of a recovery code.
type RecoveryHash [sha256.Size]byte

const (
	// recoveryCodes is how many recovery codes a user gets.
	recoveryCodes = 10
	// recoveryBytes is the length of one: 80 bits cannot be guessed, not even from the hashes.
	recoveryBytes = 10
	// recoveryGroup is how many characters stand together.
	recoveryGroup = 4
	// pendingLife is how long a user has to confirm.
	pendingLife = time.Hour
)

// cleanCode is a code without the spaces and hyphens that people and apps put between groups, in small letters.
func cleanCode(text string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(text))
}

// proof is how a code was right.
type proof int

const (
	proofNone proof = iota
	proofApp
	proofRecovery
)

// spendApp returns the factor without the app's code, which is good once. Without a proof it is the same factor.
func (f Factor) spendApp(secret totp.Secret, code string, now time.Time) (Factor, proof) {
	step, ok := secret.Match(code, now, f.LastStep)
	if !ok {
		return f, proofNone
	}
	f.LastStep = step
	return f, proofApp
}

// spendRecovery is spendApp for a recovery code.
func (f Factor) spendRecovery(userID int64, code string) (Factor, proof) {
	hash := hashRecovery(userID, code)
	found := -1
	for i := range f.Recovery { // all of them, so that the time does not tell which
		if subtle.ConstantTimeCompare(f.Recovery[i][:], hash[:]) == 1 {
			found = i
		}
	}
	if found < 0 {
		return f, proofNone
	}
	f.Recovery = slices.Delete(slices.Clone(f.Recovery), found, found+1)
	return f, proofRecovery
}

// hashRecovery hashes a clean recovery code. A plain hash is enough: a code is 80 random bits, it is no password. The user's id
// makes one guess good against one user only.
func hashRecovery(userID int64, code string) RecoveryHash {
	return sha256.Sum256(append(binary.BigEndian.AppendUint64([]byte("tallygate recovery code v1\x00"), uint64(userID)), code...))
}

// newRecovery draws recovery codes, as people see them, and their hashes.
func newRecovery(userID int64, random io.Reader) (codes []string, hashes []RecoveryHash, err error) {
	for range recoveryCodes {
		var raw [recoveryBytes]byte
		if _, err := io.ReadFull(random, raw[:]); err != nil {
			return nil, nil, fmt.Errorf("random bytes: %w", err)
		}
		code := strings.ToLower(base32.StdEncoding.EncodeToString(raw[:]))
		hashes = append(hashes, hashRecovery(userID, code))
		var groups []string
		for group := range slices.Chunk([]byte(code), recoveryGroup) {
			groups = append(groups, string(group))
		}
		codes = append(codes, strings.Join(groups, "-"))
	}
	return codes, hashes, nil
}
