package ticket

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"tallygate/kit/token"
)

const (
	// Prefix begins every ticket. It sets tickets apart from what an upstream may call a ticket.
	Prefix = "tgt_"
	// Life is how long a ticket can be used.
	Life = 30 * time.Second
	// MaxBytes is the longest ticket. Longer ones are refused unread.
	MaxBytes = 16 << 10
	// MaxPathBytes is the longest path that a ticket is sealed for.
	MaxPathBytes = 2 << 10
)

// ID tells tickets apart.
type ID [nonceBytes]byte

// Ticket is what is in a ticket.
type Ticket struct {
	ID        ID // set by Open
	ExpiresAt time.Time
	Path      string // the only one that it is good for; empty: it is good for any
	Token     string // the access token that it stands for
}

// contents are the encrypted part.
type contents struct {
	ExpiresAt int64  `json:"exp"` // milliseconds since 1970
	Path      string `json:"path,omitempty"`
	Token     string `json:"token"`
}

// Seal makes a ticket. No two are equal.
func (k *Keys) Seal(t Ticket) (string, error) {
	plain, err := json.Marshal(contents{t.ExpiresAt.UnixMilli(), t.Path, t.Token})
	if err != nil {
		return "", fmt.Errorf("encode ticket: %w", err)
	}
	sealed := (*k.current.Load())[0].Seal(nil, nil, plain, nil) //nolint:gosec // it makes the nonce itself
	return Prefix + base64.RawURLEncoding.EncodeToString(sealed), nil
}

// Open reads a ticket that is used now. The error is token.ErrInvalid, or token.ErrExpired of one that was good. The clocks
// of the services may differ by token.Leeway: a ticket is never accepted for longer than Life and that.
func (k *Keys) Open(raw string, now time.Time) (Ticket, error) {
	text, ok := strings.CutPrefix(raw, Prefix)
	if !ok || len(raw) > MaxBytes {
		return Ticket{}, token.ErrInvalid
	}
	// Strict: every ticket has one spelling.
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(sealed) < nonceBytes || strings.ContainsAny(text, "\r\n") { // the decoder skips line ends
		return Ticket{}, token.ErrInvalid
	}
	plain, ok := k.open(sealed)
	var c contents
	if !ok || json.Unmarshal(plain, &c) != nil {
		return Ticket{}, token.ErrInvalid
	}
	t := Ticket{ID: ID(sealed[:nonceBytes]), ExpiresAt: time.UnixMilli(c.ExpiresAt), Path: c.Path, Token: c.Token}
	switch left := t.ExpiresAt.Sub(now); {
	case left > Life+token.Leeway:
		return Ticket{}, token.ErrInvalid
	case left <= 0:
		return Ticket{}, token.ErrExpired
	}
	return t, nil
}

// open decrypts with whichever key has sealed.
func (k *Keys) open(sealed []byte) (plain []byte, ok bool) {
	for _, key := range *k.current.Load() {
		if plain, err := key.Open(nil, nil, sealed, nil); err == nil {
			return plain, true
		}
	}
	return nil, false
}
