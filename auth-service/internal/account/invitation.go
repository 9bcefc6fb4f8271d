package account

import (
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// Invitation lets one person register.
type Invitation struct {
	ID        int64
	CreatedAt time.Time
	CreatedBy Person // zero for the command line
	ExpiresAt time.Time

	Name  string // the only one that may be registered with it, as PrepareName made it; empty for any
	Plan  PlanName
	Roles Roles

	UsedAt      time.Time // zero if it was not used
	UsedBy      Person
	WithdrawnAt time.Time // zero if it was not withdrawn
}

// Person is a user to whom something refers. The name is empty if the user is gone.
type Person struct {
	ID   int64
	Name string
}

// InvitationState is what has become of an invitation.
type InvitationState string

// The states. Only an open invitation lets anybody register.
const (
	InvitationOpen      InvitationState = "open"
	InvitationUsed      InvitationState = "used"
	InvitationExpired   InvitationState = "expired"
	InvitationWithdrawn InvitationState = "withdrawn"
)

// State is the state at a time.
func (i Invitation) State(now time.Time) InvitationState {
	switch {
	case !i.UsedAt.IsZero():
		return InvitationUsed
	case !i.WithdrawnAt.IsZero():
		return InvitationWithdrawn
	case !now.Before(i.ExpiresAt):
		return InvitationExpired
	}
	return InvitationOpen
}

// admits reports whether the name may be registered with it now.
func (i Invitation) admits(name string, now time.Time) bool {
	return i.State(now) == InvitationOpen && (i.Name == "" || i.Name == name)
}

const (
	// invitationPrefix lets people and secret scanners recognise a leaked invitation.
	invitationPrefix = "tgi_"
	invitationBytes  = 32
)

// InvitationToken is the secret that is given to the person. It is shown once and never stored.
type InvitationToken struct{ text string }

// InvitationHash is what is stored of it. A plain hash is enough: the token holds 256 random bits.
type InvitationHash [sha256.Size]byte

func newInvitationToken(secret [invitationBytes]byte) InvitationToken {
	return InvitationToken{invitationPrefix + base64.RawURLEncoding.EncodeToString(secret[:])}
}

// Text is the token as the person gets it. It needs no escaping in a URL.
func (t InvitationToken) Text() string { return t.text }

// Link is the address of the console, with the token behind the #: browsers do not send that part, so no log has it. publicURL
// has no slash at its end. If it is empty there is no link.
func (t InvitationToken) Link(publicURL string) string {
	if publicURL == "" {
		return ""
	}
	return publicURL + "/#invitation=" + t.text
}

// String hides the token from logs and formatted errors.
func (InvitationToken) String() string { return "[invitation]" }

// GoString hides the token from %#v.
func (InvitationToken) GoString() string { return "[invitation]" }

// hashInvitation returns the hash of what a client sent; ErrNotInvited if no invitation looks so.
func hashInvitation(text string) (InvitationHash, error) {
	rest, ok := strings.CutPrefix(text, invitationPrefix)
	if !ok || len(rest) != base64.RawURLEncoding.EncodedLen(invitationBytes) {
		return InvitationHash{}, ErrNotInvited
	}
	return sha256.Sum256([]byte(text)), nil
}

// ParseInvitationID reads an id that a client sent; ErrNoInvitation if no invitation has such a one.
func ParseInvitationID(text string) (int64, error) {
	id, ok := ParseID(text)
	if !ok {
		return 0, ErrNoInvitation
	}
	return id, nil
}

// IDText is the id as clients see it.
func (i Invitation) IDText() string { return strconv.FormatInt(i.ID, 10) }
