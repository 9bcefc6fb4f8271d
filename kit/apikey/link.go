package apikey

import "encoding/base64"

// Link ties an access token that stands for a key to the secret that it was issued for: it ends with that secret, while another
// secret of the same key lives on. The token's id ends with it.
type Link [8]byte

// Link is the one to the secret with this digest.
func (d Digest) Link() Link { return Link(d[:len(Link{})]) }

// LinkOf reads the link in a token's id, which is 16 bytes in base64url. Another id has a link to nothing. It allocates nothing.
func LinkOf(tokenID string) (link Link) {
	var raw [16]byte
	if len(tokenID) != base64.RawURLEncoding.EncodedLen(len(raw)) {
		return link
	}
	var text [22]byte
	copy(text[:], tokenID)
	if n, err := base64.RawURLEncoding.Strict().Decode(raw[:], text[:]); err != nil || n != len(raw) {
		return link
	}
	return Link(raw[len(raw)-len(link):])
}
