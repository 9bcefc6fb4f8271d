// Package shred seals what is written down about a person under a key of that person's own. Whoever deletes the key has erased
// all of it at once, in every copy that has no copy of the key. The package does not know what it seals, nor where keys are kept.
package shred
